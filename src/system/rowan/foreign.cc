// rowan.foreign: tips of other programs that were not admitted.
#include "system/fillers.h"

namespace rowan::system {

using type::Value;

namespace {

Value text_or_null(const std::string& text) {
  return text.empty() ? Value::null(kTextType) : text_value(text);
}

}  // namespace

Result<void> fill_foreign(Context& context, const Values&, RowCollector& rows) {
  for (const ForeignTip& tip : context.foreign_tips()) {
    rows.add(
        {text_value(tip.branch), text_value(tip.commit.hex()), text_or_null(tip.ref),
         tip.parked_us == 0 ? Value::null(kTimeType) : time_value(tip.parked_us),
         text_or_null(tip.sqlstate), text_or_null(tip.file),
         tip.line == 0 ? Value::null(kBigintType) : bigint_value(static_cast<int64_t>(tip.line)),
         text_value(tip.reason)});
  }
  return {};
}

}  // namespace rowan::system
