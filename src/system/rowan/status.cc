// rowan.status and rowan.settings.
#include <optional>

#include "system/fillers.h"
#include "versions/context.h"
#include "versions/pending_merge.h"

namespace rowan::system {

Result<void> fill_status(Context& context, const Values&, RowCollector& rows) {
  const store::StoreStats stats = context.store().stats();
  const auto add = [&](std::string_view name, std::string value) {
    rows.add({text_value(std::string(name)), text_value(std::move(value))});
  };
  add("version", std::string(context.version()));
  add("database", context.database());
  add("branch", context.branch());
  add("commit", context.transaction().snapshot().commit.hex());
  const versions::Context asked = context.versions();
  std::optional<versions::PendingMerge> pending;
  if (!asked.head.is_pinned) {
    TRY_ASSIGN(pending,
               versions::find_pending_merge(asked.store, asked.head.branch, asked.words));
  }
  rows.add({text_value("pending merge"), pending ? text_value(pending->source) : type::Value::null(kTextType)});
  add("unpublished journal bytes", std::to_string(stats.journal_bytes));
  add("packs", std::to_string(stats.packs));
  add("commits since open", std::to_string(stats.commits_appended));
  add("flushes since open", std::to_string(stats.flushes));
  return {};
}

Result<void> fill_settings(Context& context, const Values&, RowCollector& rows) {
  for (const Setting& setting : context.settings()) {
    rows.add({text_value(std::string(setting.name)), text_value(setting.value),
              text_value(std::string(setting.description))});
  }
  return {};
}

}  // namespace rowan::system
