#include "engine/version_tables.h"

#include "engine/history.h"
#include "git/ref_names.h"
#include "git/tag.h"
#include "sql/ast.h"
#include "versions/branch_hints.h"

namespace rowan::engine {

namespace {

using plan::OutputColumn;
using type::TypeId;
using type::Value;

Value text(std::string value) { return text_value(std::move(value)); }
Value no_text() { return Value::null(kTextType); }
Value integer(int64_t value) { return bigint_value(value); }
Value boolean(bool value) { return bool_value(value); }
std::string subject_of(std::string_view message) { return std::string(git::subject(message)); }

Value text_or_null(std::string value) { return value.empty() ? no_text() : text(std::move(value)); }

// One row of the branches, in the order of branch_columns().
struct BranchRow {
  std::string name;
  bool is_current = false;
  Oid commit;
  git::Commit parsed;
  int64_t time_us = 0;
  derived::HistoryIndex::AheadBehind distance;
  bool is_protected = false;
};

Result<std::vector<BranchRow>> branches_of(SessionImpl& session) {
  DatabaseImpl& database = session.owner();
  derived::HistoryIndex& history = database.manager().history();
  TRY_ASSIGN(const txn::Snapshot main, database.manager().tip_snapshot(database.default_branch()));
  TRY(history.ensure(database.store(), main.commit));
  std::vector<BranchRow> rows;
  for (const txn::BranchInfo& branch : database.manager().branches()) {
    BranchRow row;
    row.name = branch.name;
    row.commit = branch.commit;
    row.is_current = !session.is_pinned() && branch.name == session.branch_name();
    TRY_ASSIGN(row.parsed, read_commit(database.store(), branch.commit));
    TRY(history.ensure(database.store(), branch.commit));
    const auto info = history.find(branch.commit);
    row.time_us = info ? info->time_us : git::commit_time_us(row.parsed);
    row.distance = history.ahead_behind(branch.commit, main.commit);
    row.is_protected = database.branch_settings().is_protected(branch.name);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

// SHOW BRANCHES has CommitDB's first two columns.
Result<TableRows> show_branches(SessionImpl& session, const sql::ShowStmt& /*statement*/) {
  TableRows table;
  table.columns = {{"Branch", {TypeId::kText}},      {"Current", {TypeId::kText}},
                   {"Commit", {TypeId::kText}},      {"Author", {TypeId::kText}},
                   {"Time", {TypeId::kTimestamptz}}, {"Message", {TypeId::kText}},
                   {"Ahead", {TypeId::kInt8}},       {"Behind", {TypeId::kInt8}},
                   {"Protected", {TypeId::kText}}};
  RowCollector collector(table.columns);
  TRY_ASSIGN(const std::vector<BranchRow> branches, branches_of(session));
  for (const BranchRow& row : branches) {
    collector.add(
        {text(row.name), text(row.is_current ? "*" : ""), text(row.commit.hex()),
         text(row.parsed.author.name), time_value(row.time_us),
         text(subject_of(row.parsed.message)), integer(static_cast<int64_t>(row.distance.ahead)),
         integer(static_cast<int64_t>(row.distance.behind)), text(row.is_protected ? "*" : "")});
  }
  table.batches = collector.finish();
  return table;
}

std::vector<OutputColumn> branch_columns() {
  return {{"branch", {TypeId::kText}},      {"current", {TypeId::kBool}},
          {"commit", {TypeId::kText}},      {"author", {TypeId::kText}},
          {"time", {TypeId::kTimestamptz}}, {"message", {TypeId::kText}},
          {"ahead", {TypeId::kInt8}},       {"behind", {TypeId::kInt8}},
          {"protected", {TypeId::kBool}},   {"history_every", {TypeId::kText}},
          {"history_keep", {TypeId::kText}}};
}

Result<void> fill_branches(SessionImpl& session, RowCollector& rows) {
  TRY_ASSIGN(const std::vector<BranchRow> branches, branches_of(session));
  for (const BranchRow& row : branches) {
    const versions::BranchSetting setting = session.owner().branch_settings().find(row.name);
    rows.add({text(row.name), boolean(row.is_current), text(row.commit.hex()),
              text(row.parsed.author.name), time_value(row.time_us),
              text(subject_of(row.parsed.message)),
              integer(static_cast<int64_t>(row.distance.ahead)),
              integer(static_cast<int64_t>(row.distance.behind)), boolean(row.is_protected),
              text_or_null(setting.history_every), text_or_null(setting.history_keep)});
  }
  return {};
}

std::vector<OutputColumn> tag_columns() {
  return {{"tag", {TypeId::kText}},     {"commit", {TypeId::kText}},
          {"author", {TypeId::kText}},  {"time", {TypeId::kTimestamptz}},
          {"message", {TypeId::kText}}, {"annotated", {TypeId::kBool}}};
}

// An annotated tag says who made it, when and why; for a plain one its commit does, as `git tag -n`
// has it.
Result<void> fill_tags(SessionImpl& session, RowCollector& rows) {
  const store::ObjectStore& store = session.owner().store();
  for (const store::RefEntry& ref : store.refs(git::kTagRefs)) {
    const std::string name = ref.name.substr(git::kTagRefs.size());
    TRY_ASSIGN(const store::ObjectRef object, store.read(ref.value));
    if (object.type == store::ObjectType::kTag) {
      TRY_ASSIGN(const git::Tag tag, git::parse_tag(object.bytes));
      const auto commit = session.owner().manager().resolve_revision(
          ref.name, "");  // A tag of a tree or blob has none.
      rows.add({text(name), commit ? text(commit->hex()) : no_text(), text_or_null(tag.tagger.name),
                time_value(tag.tagger.seconds * 1'000'000), text(subject_of(tag.message)),
                boolean(true)});
    } else if (object.type == store::ObjectType::kCommit) {
      TRY_ASSIGN(const git::Commit commit, git::parse_commit(object.bytes));
      rows.add({text(name), text(ref.value.hex()), text(commit.author.name),
                time_value(git::commit_time_us(commit)), text(subject_of(commit.message)),
                boolean(false)});
    }
  }
  return {};
}

std::vector<OutputColumn> reflog_columns() {
  return {{"n", {TypeId::kInt8}},          {"commit", {TypeId::kText}},
          {"previous", {TypeId::kText}},   {"action", {TypeId::kText}},
          {"message", {TypeId::kText}},    {"author", {TypeId::kText}},
          {"time", {TypeId::kTimestamptz}}};
}

Result<void> fill_reflog(SessionImpl& session, std::string_view branch, RowCollector& rows) {
  if (branch.empty() || branch == "HEAD") {
    if (session.is_pinned())
      return Error(ErrorCode::kUndefinedBranch, "the session is on no branch")
          .with_hint(std::string(branch_words(session.owner().hints()).name_reflog));
    branch = session.branch_name();
  }
  int64_t n = 0;
  return session.owner().manager().walk_reflog(
      branch, [&](const txn::ReflogEntry& entry) -> Result<bool> {
        if (session.cancelled())
          return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
        rows.add({integer(n++), entry.commit.is_zero() ? no_text() : text(entry.commit.hex()),
                  entry.previous.is_zero() ? no_text() : text(entry.previous.hex()),
                  text(entry.action), text(entry.message), text(entry.author.name),
                  time_value(entry.time_us)});
        return true;
      });
}

std::vector<plan::OutputColumn> foreign_columns() {
  return {{"branch", kTextType},    {"commit", kTextType},   {"ref", kTextType},
          {"parked_at", kTimeType}, {"sqlstate", kTextType}, {"file", kTextType},
          {"line", kBigintType},    {"reason", kTextType}};
}

Result<void> fill_foreign(SessionImpl& session, RowCollector& rows) {
  std::vector<ParkedTip> tips = parked_tips(session.owner().manager());
  const std::vector<ParkedTip>& others = session.owner().foreign_moves().unparked();
  tips.insert(tips.end(), others.begin(), others.end());
  for (const ParkedTip& tip : tips) {
    rows.add({text(tip.branch), text(tip.commit.hex()), text_or_null(tip.ref),
              tip.parked_us == 0 ? type::Value::null(kTimeType) : time_value(tip.parked_us),
              text_or_null(tip.sqlstate), text_or_null(tip.place.file),
              tip.place.line == 0 ? type::Value::null(kBigintType)
                                  : integer(static_cast<int64_t>(tip.place.line)),
              text(tip.reason)});
  }
  return {};
}

namespace {

// All rows that `fill` gives.
template <typename Fill>
Result<TableRows> filled(std::vector<OutputColumn> columns, const Fill& fill) {
  TableRows table;
  table.columns = std::move(columns);
  RowCollector collector(table.columns);
  TRY(fill(collector));
  table.batches = collector.finish();
  return table;
}

}  // namespace

Result<TableRows> show_tags(SessionImpl& session, const sql::ShowStmt& /*statement*/) {
  return filled(tag_columns(), [&](RowCollector& rows) { return fill_tags(session, rows); });
}

Result<TableRows> show_foreign(SessionImpl& session, const sql::ShowStmt& /*statement*/) {
  return filled(foreign_columns(), [&](RowCollector& rows) { return fill_foreign(session, rows); });
}

Result<TableRows> show_reflog(SessionImpl& session, const sql::ShowStmt& statement) {
  return filled(reflog_columns(), [&](RowCollector& rows) {
    return fill_reflog(session, statement.name.name, rows);
  });
}

}  // namespace rowan::engine
