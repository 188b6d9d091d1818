// rowan.reflog and rowan.reflog(branch).
#include "system/fillers.h"
#include "versions/branch_hints.h"

namespace rowan::system {

using type::Value;

namespace {

// An empty branch: the session's.
Result<void> add_reflog(Context& context, std::string_view branch, RowCollector& rows) {
  const versions::Context asked = context.versions();
  if (branch.empty() || branch == "HEAD") {
    if (asked.head.is_pinned)
      return Error(ErrorCode::kUndefinedBranch, "the session is on no branch")
          .with_hint(std::string(versions::branch_words(asked.words).name_reflog));
    branch = asked.head.branch;
  }
  int64_t n = 0;
  return asked.manager.walk_reflog(branch, [&](const txn::ReflogEntry& entry) -> Result<bool> {
    TRY(context.check_cancelled());
    rows.add({bigint_value(n++),
              entry.commit.is_zero() ? Value::null(kTextType) : text_value(entry.commit.hex()),
              entry.previous.is_zero() ? Value::null(kTextType) : text_value(entry.previous.hex()),
              text_value(entry.action), text_value(entry.message), text_value(entry.author.name),
              time_value(entry.time_us)});
    return true;
  });
}

}  // namespace

Result<void> fill_reflog(Context& context, const Values& arguments, RowCollector& rows) {
  if (arguments.empty() || arguments[0].is_null()) return add_reflog(context, "", rows);
  if (arguments[0].as_string().empty()) {
    return Error(ErrorCode::kInvalidParameterValue, "the name of a branch must not be empty");
  }
  return add_reflog(context, arguments[0].as_string(), rows);
}

}  // namespace rowan::system
