// rowan.log, rowan.commits and rowan.parents.
#include <utility>

#include "git/ref_names.h"
#include "system/fillers.h"
#include "system/rowan/history_tables.h"

namespace rowan::system {

using type::Value;

namespace {

std::string joined(const std::vector<Oid>& ids) {
  std::string text;
  for (const Oid& id : ids) text += (text.empty() ? "" : " ") + id.hex();
  return text;
}

// The message between its subject and its trailers.
std::string body_of(std::string_view message) {
  message.remove_prefix(std::min(message.size(), git::subject(message).size()));
  if (!git::trailers(message).empty()) {
    std::string_view text = message;
    while (text.ends_with('\n')) text.remove_suffix(1);
    const size_t last = text.rfind("\n\n");
    message = last == std::string_view::npos ? std::string_view() : message.substr(0, last);
  }
  while (message.starts_with('\n')) message.remove_prefix(1);
  while (message.ends_with('\n')) message.remove_suffix(1);
  return std::string(message);
}

// Every branch and tag.
std::vector<Oid> all_tips(Context& context) {
  std::vector<Oid> tips = {context.transaction().snapshot().commit};
  for (const txn::BranchInfo& branch : context.manager().branches()) tips.push_back(branch.commit);
  for (const store::RefEntry& tag : context.store().refs(git::kTagRefs)) {
    if (const auto commit = context.manager().resolve_revision(tag.name, context.branch()))
      tips.push_back(*commit);
  }
  return tips;
}

// rowan.log([revision or range [, table [, key …]]])
Result<LogRequest> log_request(Context& context, const std::vector<Value>& arguments) {
  LogRequest request;
  TRY_ASSIGN(const std::string revision, revision_text(arguments, 0));
  TRY_ASSIGN(const std::optional<CommitRange> range, range_of(context, revision));
  if (range) {
    request.from = {range->to};
    request.without = {range->from};
  } else {
    TRY_ASSIGN(const Oid commit, commit_of(context, revision));
    request.from = {commit};
  }
  if (arguments.size() > 2 && arguments[1].is_null())
    return Error(ErrorCode::kInvalidParameterValue, "a key needs the table that the row is in");
  if (arguments.size() < 2 || arguments[1].is_null()) return request;
  TRY_ASSIGN(const TableName name, parse_table_name(context, argument_text(arguments, 1)));
  TRY_ASSIGN(const PlacedTable placed, place_table(context, name, request.from.front()));
  request.path = placed.path;
  if (arguments.size() > 2) {
    TRY_ASSIGN(request.key,
               encode_row_key(*placed.version.table, {arguments.begin() + 2, arguments.end()}));
  }
  return request;
}

}  // namespace

Result<NextRow> log_rows(Context& context, LogRequest request, bool brief,
                         const expr::EvalContext& eval) {
  TRY_ASSIGN(LogWalk walk, LogWalk::open(history_of(context, eval.cancelled), std::move(request)));
  auto shared = std::make_shared<LogWalk>(std::move(walk));
  return NextRow([shared, brief](Values& row) -> Result<bool> {
    LogEntry entry;
    TRY_ASSIGN(const bool more, shared->next(entry));
    if (!more) return false;
    const git::Commit& commit = entry.commit;
    row = {text_value(entry.id.hex()), text_value(commit.author.name),
           text_value(commit.author.email), time_value(entry.time_us),
           text_value(std::string(git::subject(commit.message)))};
    if (brief) return true;
    row.push_back(text_value(commit.committer.name));
    row.push_back(text_value(body_of(commit.message)));
    row.push_back(text_value(joined(commit.parents)));
    row.push_back(bool_value(entry.is_cut));
    return true;
  });
}

Result<NextRow> open_log(Context& context, const Values& arguments, const expr::EvalContext& eval) {
  TRY_ASSIGN(LogRequest request, log_request(context, arguments));
  return log_rows(context, std::move(request), false, eval);
}

Result<NextRow> open_commits(Context& context, const Values&, const expr::EvalContext& eval) {
  LogRequest request;
  request.from = all_tips(context);
  return log_rows(context, std::move(request), false, eval);
}

Result<NextRow> open_parents(Context& context, const Values&, const expr::EvalContext& eval) {
  LogRequest request;
  request.from = all_tips(context);
  struct State {
    LogWalk walk;
    LogEntry entry;
    size_t next = 0;
  };
  TRY_ASSIGN(LogWalk walk, LogWalk::open(history_of(context, eval.cancelled), std::move(request)));
  auto state = std::make_shared<State>(State{std::move(walk), {}, 0});
  return NextRow([state](Values& row) -> Result<bool> {
    while (state->next == state->entry.commit.parents.size()) {
      TRY_ASSIGN(const bool more, state->walk.next(state->entry));
      if (!more) return false;
      state->next = 0;
    }
    const size_t at = state->next++;
    row = {text_value(state->entry.id.hex()), bigint_value(static_cast<int64_t>(at + 1)),
           text_value(state->entry.commit.parents[at].hex())};
    return true;
  });
}

}  // namespace rowan::system
