// rowan.merges, the merges that wait, and rowan.merge_decisions, what a merge decided.
#include "git/ref_names.h"
#include "system/fillers.h"
#include "system/rowan/history_parts.h"
#include "versions/merge_decisions.h"
#include "versions/merge_run.h"
#include "versions/pending_merge.h"

namespace rowan::system {

using type::Value;

namespace {

using type::Value;

Result<Oid> named_commit(Context& context, const std::vector<Value>& arguments, size_t index) {
  TRY_ASSIGN(const std::string revision, revision_text(arguments, index));
  return commit_of(context, revision);
}

Value optional_text(const std::optional<std::string>& text) {
  return text ? text_value(*text) : Value::null(kTextType);
}

// One branch's pending merge. A state that cannot be read is there all the same.
Result<void> add_pending(const versions::Context& context, const std::string& branch,
                         RowCollector& rows) {
  store::ObjectStore& store = context.store;
  const auto found = find_pending_merge(store, branch, context.words);
  if (!found) {
    std::vector<Value> row(9, Value::null(kTextType));
    row[0] = text_value(branch);
    row[5] = Value::null(kTimeType);
    row[7] = Value::null(kBigintType);
    row[8] = text_value(found.error().message());
    rows.add(row);
    return {};
  }
  if (!*found) return {};
  const versions::PendingMerge& pending = **found;
  TRY_ASSIGN(const txn::Snapshot tip, context.manager.tip_snapshot(branch));
  versions::MergeGraph graph(context);
  TRY(graph.know(tip.commit));
  TRY(graph.know(pending.theirs));
  std::string bases;
  for (const Oid& base : graph.bases({tip.commit}, pending.theirs))
    bases += (bases.empty() ? "" : ", ") + base.hex();
  TRY_ASSIGN(const versions::MergeRun run, rerun_pending(context, pending, tip));
  TRY_ASSIGN(const std::string lines, conflict_lines(run, store.cache()));
  rows.add({text_value(branch), text_value(pending.source), text_value(pending.theirs.hex()),
            bases.empty() ? Value::null(kTextType) : text_value(bases),
            text_value(pending.begun_by.name), time_value(pending.begun_by.seconds * 1'000'000),
            pending.message.empty() ? Value::null(kTextType) : text_value(pending.message),
            bigint_value(static_cast<int64_t>(versions::open_count(run.outcome))),
            lines.empty() ? Value::null(kTextType) : text_value(lines)});
  return {};
}

}  // namespace

Result<void> fill_merge_decisions(Context& context, const Values& arguments, RowCollector& rows) {
  const auto record = [&](merge::Settlement one) {
    rows.add({text_value(one.schema), text_value(one.object), optional_text(one.key),
              text_value(one.kind), optional_text(one.column), optional_text(one.base),
              optional_text(one.ours), optional_text(one.theirs), optional_text(one.merged),
              one.choice.empty() ? Value::null(kTextType) : text_value(std::string(one.choice)),
              text_value(one.ground)});
    return true;
  };
  const versions::Context asked = context.versions();
  TRY_ASSIGN(const Oid commit, named_commit(context, arguments, 0));
  if (arguments.size() == 1) return versions::remake_merge(asked, commit, record);
  TRY_ASSIGN(const Oid theirs, named_commit(context, arguments, 1));
  std::optional<std::string> policy;
  if (arguments.size() > 2 && !arguments[2].is_null()) policy = argument_text(arguments, 2);
  return versions::foresee_merge(asked, commit, theirs, policy, record);
}

Result<void> fill_merges(Context& context, const Values&, RowCollector& rows) {
  const versions::Context asked = context.versions();
  for (const store::RefEntry& ref : asked.store.refs(git::kMergeRefs))
    TRY(add_pending(asked, ref.name.substr(git::kMergeRefs.size()), rows));
  return {};
}

}  // namespace rowan::system
