#include "engine/merge_tables.h"

#include "engine/history.h"
#include "engine/session.h"
#include "engine/virtual_rows.h"
#include "git/ref_names.h"
#include "versions/merge_decisions.h"
#include "versions/merge_run.h"
#include "versions/pending_merge.h"

namespace rowan::engine {

namespace {

using plan::OutputColumn;
using type::Value;

Result<Oid> named_commit(SessionImpl& session, const std::vector<Value>& arguments, size_t index) {
  TRY_ASSIGN(const std::string revision, revision_text(arguments, index));
  return session_revision(session, revision);
}

Value optional_text(const std::optional<std::string>& text) {
  return text ? text_value(*text) : Value::null(kTextType);
}

class Decisions final : public plan::VirtualTable {
 public:
  explicit Decisions(SessionImpl& session) : session_(session) {
    for (const char* name : {"schema", "table", "key", "kind", "column", "base", "ours", "theirs",
                             "merged", "choice", "ground"})
      columns_.push_back({name, kTextType});
  }
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<Value>& arguments,
                                        const expr::EvalContext&) const override {
    RowCollector rows(columns_);
    const auto record = [&](merge::Settlement one) {
      rows.add({text_value(one.schema), text_value(one.object), optional_text(one.key),
                text_value(one.kind), optional_text(one.column), optional_text(one.base),
                optional_text(one.ours), optional_text(one.theirs), optional_text(one.merged),
                one.choice.empty() ? Value::null(kTextType) : text_value(std::string(one.choice)),
                text_value(one.ground)});
      return true;
    };
    const versions::Context context = session_.version_context();
    TRY_ASSIGN(const Oid commit, named_commit(session_, arguments, 0));
    if (arguments.size() > 1) {
      TRY_ASSIGN(const Oid theirs, named_commit(session_, arguments, 1));
      std::optional<std::string> policy;
      if (arguments.size() > 2 && !arguments[2].is_null()) policy = argument_text(arguments, 2);
      TRY(versions::foresee_merge(context, commit, theirs, policy, record));
    } else {
      TRY(versions::remake_merge(context, commit, record));
    }
    return rows.finish();
  }

 private:
  SessionImpl& session_;
  std::vector<OutputColumn> columns_;
};

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

class PendingMerges final : public plan::VirtualTable {
 public:
  explicit PendingMerges(SessionImpl& session)
      : session_(session),
        columns_{{"branch", kTextType},  {"source", kTextType}, {"source_commit", kTextType},
                 {"base", kTextType},    {"author", kTextType}, {"begun", kTimeType},
                 {"message", kTextType}, {"open", kBigintType}, {"conflicts", kTextType}} {}
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<Value>&,
                                        const expr::EvalContext&) const override {
    RowCollector rows(columns_);
    const versions::Context context = session_.version_context();
    for (const store::RefEntry& ref : context.store.refs(git::kMergeRefs))
      TRY(add_pending(context, ref.name.substr(git::kMergeRefs.size()), rows));
    return rows.finish();
  }

 private:
  SessionImpl& session_;
  std::vector<OutputColumn> columns_;
};

}  // namespace

VirtualTablePtr merge_decisions_table(SessionImpl& session) {
  return std::make_shared<Decisions>(session);
}

VirtualTablePtr pending_merges_table(SessionImpl& session) {
  return std::make_shared<PendingMerges>(session);
}

}  // namespace rowan::engine
