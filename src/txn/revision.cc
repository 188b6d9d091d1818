// Revisions: `branch`, `tag`, `refs/…`, commit ids, `HEAD`, and the suffixes `~n`, `^n`, `@{time}`,
// `@{n}`, `^{}`.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "git/ref_names.h"
#include "txn/core.h"

namespace rowan::txn {

namespace {

constexpr size_t kPrefixMatchesMax = 64;
constexpr size_t kTagDepthMax = 16;
constexpr size_t kRevisionBytesMax = 1024;
constexpr size_t kAbbreviationMin = 4;
constexpr uint64_t kStepsMax = 100'000'000;

Error undefined_revision(std::string_view revision) {
  return Error(ErrorCode::kUndefinedRevision,
               "revision \"" + std::string(revision) + "\" does not exist");
}

// A commit that is asked for by the way back to it: in a shallow clone that may lead past the end.
Error beyond_history(const Core& core, Error error) {
  if (core.store.boundary().empty()) return error;
  return std::move(error).with_hint(
      "This clone is shallow: what came before commit " + core.store.boundary().front().hex().substr(0, 12) +
      (core.store.boundary().size() > 1 ? " and others" : "") +
      " is not here. Stock git fetches it: git fetch --unshallow.");
}

// An annotated tag becomes the commit it stands for; anything but a commit at the end is no
// revision.
Result<Oid> peel(Core& core, Oid id, std::string_view revision) {
  for (size_t depth = 0; depth < kTagDepthMax; ++depth) {
    TRY_ASSIGN(const store::ObjectRef object, core.store.read(id));
    if (object.type == store::ObjectType::kCommit) return id;
    constexpr std::string_view kObject = "object ";
    if (object.type != store::ObjectType::kTag || !object.bytes.starts_with(kObject)) break;
    const auto next = Oid::parse(object.bytes.substr(kObject.size(), Oid::kHexDigits));
    if (!next) break;
    id = *next;
  }
  return Error(ErrorCode::kUndefinedRevision, "\"" + std::string(revision) + "\" is not a commit");
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

Error expired_or_undefined(const Core& core, std::string_view id) {
  Error error = undefined_revision(id);
  if (!has_fine_chains(core)) return error;
  return std::move(error).with_hint(
      "If it was a commit's id, a branch's history policy may have let the commit go; its roll-up "
      "has what came of it.");
}

Result<Oid> resolve_abbreviation(Core& core, std::string_view hex) {
  std::vector<Oid> commits;
  for (const Oid& id : core.store.find_prefix(hex, kPrefixMatchesMax)) {
    TRY_ASSIGN(const store::ObjectRef object, core.store.read(id));
    if (object.type == store::ObjectType::kCommit) commits.push_back(id);
  }
  if (commits.empty()) return expired_or_undefined(core, hex);
  if (commits.size() > 1) {
    return Error(ErrorCode::kAmbiguousRevision,
                 "revision \"" + std::string(hex) + "\" is ambiguous")
        .with_detail("It begins the ids of " + commits[0].hex() + " and " + commits[1].hex() + ".");
  }
  return commits[0];
}

// Names that are not quoted in SQL are folded to lower case, so CREATE TAG A makes `a`.
Error undefined_name(Core& core, std::string_view name) {
  Error error = undefined_revision(name);
  std::string folded(name);
  for (char& c : folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (folded == name) return error;
  const bool there = core.find_branch(folded) != nullptr || core.store.ref(git::tag_ref(folded));
  if (!there) return error;
  return std::move(error).with_hint("There is \"" + folded +
                                    "\": SQL folds names that are not quoted to lower case.");
}

Result<Oid> resolve_name(Core& core, std::string_view name, std::string_view branch) {
  if (name.empty() || name == "HEAD" || name == "@") {
    if (const auto commit = core.find_branch(branch) == nullptr ? Oid::parse(branch) : std::nullopt)
      return peel(core, *commit, branch);
    TRY_ASSIGN(const auto head, core.get_branch(branch));
    return head->tip().snapshot.commit;
  }
  if (const auto found = core.find_branch(name)) return found->tip().snapshot.commit;
  const std::string text(name);
  if (name.starts_with("refs/")) {
    if (const auto id = core.store.ref(text)) return peel(core, *id, name);
    return undefined_revision(name);
  }
  // A whole id is that commit, whatever a tag from elsewhere is called.
  if (const auto id = name.size() == Oid::kHexDigits ? Oid::parse(name) : std::nullopt;
      id && core.store.contains(*id)) {
    return peel(core, *id, name);
  }
  // As Git reads names, heads/b and tags/t included, but for branches, which come first.
  for (const std::string_view folder : {git::kBranchRefs, std::string_view("refs/"), git::kTagRefs, git::kRemoteRefs}) {
    if (const auto id = core.store.ref(std::string(folder) + text)) return peel(core, *id, name);
  }
  if (name.size() >= kAbbreviationMin && name.size() <= Oid::kHexDigits && is_hex(name)) {
    return resolve_abbreviation(core, name);
  }
  return undefined_name(core, name);
}

// A number of one to `digits_max` digits; moves past it.
bool take_number(std::string_view& text, size_t digits_max, int64_t& value) {
  size_t digits = 0;
  while (digits < text.size() && digits < digits_max && text[digits] >= '0' && text[digits] <= '9')
    ++digits;
  if (digits == 0) return false;
  std::from_chars(text.data(), text.data() + digits, value);
  text.remove_prefix(digits);
  return true;
}

bool take_char(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

// `2024-02-29[ T12:30[:45[.123456]]][Z|±hh[[:]mm]]` in UTC unless it says otherwise, as µs since
// 1970.
std::optional<int64_t> parse_time(std::string_view text) {
  int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, micros = 0;
  if (!take_number(text, 4, year) || !take_char(text, '-') || !take_number(text, 2, month) ||
      !take_char(text, '-') || !take_number(text, 2, day)) {
    return std::nullopt;
  }
  if (take_char(text, ' ') || take_char(text, 'T')) {
    if (!take_number(text, 2, hour) || !take_char(text, ':') || !take_number(text, 2, minute))
      return std::nullopt;
    if (take_char(text, ':') && !take_number(text, 2, second)) return std::nullopt;
    if (take_char(text, '.')) {
      const size_t before = text.size();
      if (!take_number(text, 6, micros)) return std::nullopt;
      for (size_t digits = before - text.size(); digits < 6; ++digits) micros *= 10;
    }
  }
  int64_t offset_minutes = 0;
  if (!take_char(text, 'Z') && !text.empty() && (text[0] == '+' || text[0] == '-')) {
    const int64_t sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
    int64_t offset_hours = 0;
    if (!take_number(text, 2, offset_hours)) return std::nullopt;
    take_char(text, ':');
    if (!text.empty() && !take_number(text, 2, offset_minutes)) return std::nullopt;
    offset_minutes = sign * (offset_hours * 60 + offset_minutes);
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!text.empty() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + hour) * 60 + minute - offset_minutes) * 60'000'000 + second * 1'000'000 +
         micros;
}

Result<Oid> apply_suffix(Core& core, const Oid& commit, std::string_view& rest,
                         std::string_view revision) {
  if (take_char(rest, '@')) {
    const size_t end = rest.find('}');
    if (!rest.starts_with('{') || end == std::string_view::npos)
      return undefined_revision(revision);
    const auto time_us = parse_time(rest.substr(1, end - 1));
    if (!time_us) {
      return Error(ErrorCode::kInvalidDatetimeFormat,
                   "invalid time in revision \"" + std::string(revision) + "\"");
    }
    rest.remove_prefix(end + 1);
    return revision_at(core, *time_us, commit);
  }
  for (const std::string_view peeled : {"^{}", "^{commit}"}) {
    if (!rest.starts_with(peeled)) continue;
    rest.remove_prefix(peeled.size());
    return commit;  // Tags were followed when their name was read.
  }
  const bool is_tilde = rest[0] == '~';
  rest.remove_prefix(1);
  int64_t n = 1;
  take_number(rest, 9, n);
  if (n == 0) return commit;
  TRY(core.history.ensure(core.store, commit));
  if (is_tilde) {
    const auto ancestor = core.history.nth_parent(commit, static_cast<uint64_t>(n));
    if (!ancestor) return beyond_history(core, undefined_revision(revision));
    return *ancestor;
  }
  const auto info = core.history.find(commit);
  if (!info || info->parents.size() < static_cast<size_t>(n))
    return beyond_history(core, undefined_revision(revision));
  return info->parents[static_cast<size_t>(n) - 1];
}

// `@{3}` right behind a branch's name: where it was three moves ago. Moves past the suffix.
std::optional<uint64_t> take_reflog_position(std::string_view& rest) {
  std::string_view text = rest;
  int64_t n = 0;
  if (!text.starts_with("@{")) return std::nullopt;
  text.remove_prefix(2);
  if (!take_number(text, 9, n) || !take_char(text, '}')) return std::nullopt;
  rest = text;
  return static_cast<uint64_t>(n);
}

}  // namespace

Result<Oid> resolve_revision(Core& core, std::string_view revision, std::string_view branch) {
  if (revision.empty() || revision.size() > kRevisionBytesMax) return undefined_revision(revision);
  // No branch or tag name holds any of these.
  size_t end = std::min(revision.find_first_of("~^"), revision.find("@{"));
  end = std::min(end, revision.size());
  std::string_view rest = revision.substr(end);
  const std::string_view name = revision.substr(0, end);
  Oid commit;
  if (const auto position = take_reflog_position(rest)) {
    TRY_ASSIGN(commit,
               reflog_commit(core, name.empty() || name == "HEAD" || name == "@" ? branch : name,
                             *position));
  } else {
    TRY_ASSIGN(commit, resolve_name(core, name, branch));
  }
  for (uint64_t steps = 0; !rest.empty(); ++steps) {
    const bool known = rest[0] == '~' || rest[0] == '^' || rest.starts_with("@{");
    if (!known || steps > kStepsMax) return undefined_revision(revision);
    TRY_ASSIGN(commit, apply_suffix(core, commit, rest, revision));
  }
  return commit;
}

Result<Oid> revision_at(Core& core, int64_t time_us, const Oid& from) {
  TRY(core.history.ensure(core.store, from));
  auto found = core.history.newest_at(from, time_us);
  // Between two roll-ups: the commits that the later one rolled up say more, while they are kept.
  if (has_fine_chains(core)) {
    auto after = core.history.oldest_after(from, time_us);
    while (const auto chain = after ? kept_chain(core, *after) : std::nullopt) {
      TRY(core.history.ensure(core.store, *chain));
      found = core.history.newest_at(*chain, time_us);
      after = core.history.oldest_after(*chain, time_us);
    }
  }
  if (!found)
    return beyond_history(core, Error(ErrorCode::kUndefinedRevision,
                                      "there is no commit at or before that time"));
  return *found;
}

}  // namespace rowan::txn
