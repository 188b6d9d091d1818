// rowan.branches, and SHOW BRANCHES.
#include "derived/history_index.h"
#include "git/commit.h"
#include "system/fillers.h"
#include "versions/revisions.h"

namespace rowan::system {

using type::Value;

namespace {

std::string subject_of(std::string_view message) { return std::string(git::subject(message)); }

Value text_or_null(std::string value) {
  return value.empty() ? Value::null(kTextType) : text_value(std::move(value));
}

// One row of the branches.
struct BranchRow {
  std::string name;
  bool is_current = false;
  Oid commit;
  git::Commit parsed;
  int64_t time_us = 0;
  derived::HistoryIndex::AheadBehind distance;
  bool is_protected = false;
};

Result<std::vector<BranchRow>> branches_of(Context& context) {
  const versions::Context asked = context.versions();
  derived::HistoryIndex& history = asked.manager.history();
  TRY_ASSIGN(const txn::Snapshot main,
             asked.manager.tip_snapshot(asked.repository.default_branch()));
  TRY(history.ensure(asked.store, main.commit));
  std::vector<BranchRow> rows;
  for (const txn::BranchInfo& branch : asked.manager.branches()) {
    BranchRow row;
    row.name = branch.name;
    row.commit = branch.commit;
    row.is_current = !asked.head.is_pinned && branch.name == asked.head.branch;
    TRY_ASSIGN(row.parsed, versions::read_commit(asked.store, branch.commit));
    TRY(history.ensure(asked.store, branch.commit));
    const auto info = history.find(branch.commit);
    row.time_us = info ? info->time_us : git::commit_time_us(row.parsed);
    row.distance = history.ahead_behind(branch.commit, main.commit);
    row.is_protected = asked.settings.is_protected(branch.name);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

Result<void> fill_branches(Context& context, const Values&, RowCollector& rows) {
  TRY_ASSIGN(const std::vector<BranchRow> branches, branches_of(context));
  const versions::BranchSettings& settings = context.versions().settings;
  for (const BranchRow& row : branches) {
    const versions::BranchSetting setting = settings.find(row.name);
    rows.add({text_value(row.name), bool_value(row.is_current), text_value(row.commit.hex()),
              text_value(row.parsed.author.name), time_value(row.time_us),
              text_value(subject_of(row.parsed.message)),
              bigint_value(static_cast<int64_t>(row.distance.ahead)),
              bigint_value(static_cast<int64_t>(row.distance.behind)), bool_value(row.is_protected),
              text_or_null(setting.history_every), text_or_null(setting.history_keep)});
  }
  return {};
}

// SHOW BRANCHES has CommitDB's first two columns.
Result<void> fill_shown_branches(Context& context, const Values&, RowCollector& rows) {
  TRY_ASSIGN(const std::vector<BranchRow> branches, branches_of(context));
  for (const BranchRow& row : branches) {
    rows.add({text_value(row.name), text_value(row.is_current ? "*" : ""),
              text_value(row.commit.hex()), text_value(row.parsed.author.name),
              time_value(row.time_us), text_value(subject_of(row.parsed.message)),
              bigint_value(static_cast<int64_t>(row.distance.ahead)),
              bigint_value(static_cast<int64_t>(row.distance.behind)),
              text_value(row.is_protected ? "*" : "")});
  }
  return {};
}

}  // namespace rowan::system
