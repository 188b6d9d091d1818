#include "versions/revisions.h"

#include <vector>

#include "store/node_cache.h"
#include "type/key_codec.h"

namespace rowan::versions {

Result<git::Commit> read_commit(const store::ObjectReader& objects, const Oid& id) {
  TRY_ASSIGN(const store::ObjectRef object, objects.read(id));
  if (object.type != store::ObjectType::kCommit)
    return Error(ErrorCode::kUndefinedRevision, id.hex() + " is not a commit");
  return git::parse_commit(object.bytes);
}

Result<txn::Snapshot> find_revision(const Context& context, std::string_view revision) {
  TRY_ASSIGN(const Oid commit, context.manager.resolve_revision(revision, context.head.branch));
  return context.manager.snapshot_of(commit);
}

diff::History history_of(const Context& context, const std::atomic<bool>* cancelled) {
  store::ObjectStore& store = context.store;
  return {
      store,
      store.cache(),
      context.manager.history(),
      cancelled,
      [&repository = context.repository](const Oid& commit) { return repository.root_of(commit); },
      [&store](const Oid& commit) { return store.is_boundary(commit); }};
}

Result<Oid> find_commit(const Context& context, std::string_view revision) {
  if (context.transaction == nullptr)
    return context.manager.resolve_revision(revision.empty() ? "HEAD" : revision,
                                            context.head.branch);
  const Oid head = context.transaction->snapshot().commit;
  for (const std::string_view word : {std::string_view("HEAD"), std::string_view("@")}) {
    if (!revision.starts_with(word)) continue;
    const std::string_view rest = revision.substr(word.size());
    if (rest.empty()) return head;
    if (rest[0] != '~' && rest[0] != '^' && rest[0] != '@') continue;
    auto found =
        context.manager.resolve_revision(head.hex() + std::string(rest), context.head.branch);
    if (found || found.error().code() != ErrorCode::kUndefinedRevision) return found;
    return Error(found.error().code(), "revision \"" + std::string(revision) + "\" does not exist")
        .with_hint(found.error().hint());
  }
  if (revision.empty()) return head;
  return context.manager.resolve_revision(revision, context.head.branch);
}

Result<CommitRange> merge_base_range(const Context& context, const Oid& from, const Oid& to) {
  const diff::History history = history_of(context, nullptr);
  TRY(history.index.ensure(history.objects, from));
  TRY(history.index.ensure(history.objects, to));
  const std::vector<Oid> bases = context.manager.merge_bases(from, to);
  if (bases.empty()) {
    return Error(ErrorCode::kUndefinedRevision, "commits " + from.hex().substr(0, 12) + " and " +
                                                    to.hex().substr(0, 12) +
                                                    " have no common ancestor");
  }
  return CommitRange{bases.front(), to};
}

Result<std::optional<CommitRange>> find_range(const Context& context, std::string_view text) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) return std::optional<CommitRange>();
  const bool three = text.substr(dots).starts_with("...");
  TRY_ASSIGN(const Oid from, find_commit(context, text.substr(0, dots)));
  TRY_ASSIGN(const Oid to, find_commit(context, text.substr(dots + (three ? 3 : 2))));
  if (!three) return std::optional<CommitRange>(CommitRange{from, to});
  TRY_ASSIGN(const CommitRange range, merge_base_range(context, from, to));
  return std::optional<CommitRange>(range);
}

std::string TableName::path() const {
  return type::encode_name(schema) + "/" + type::encode_name(name);
}

Result<TableName> parse_table_name(const Context& context, std::string_view text) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      if (quoted && text.substr(i + 1).starts_with('"'))
        parts.back() += text[++i];
      else
        quoted = !quoted;
    } else if (c == '.' && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += !quoted && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  if (quoted || parts.size() > 2 || parts.front().empty() || parts.back().empty()) {
    return Error(ErrorCode::kInvalidName, "invalid name syntax: \"" + std::string(text) + "\"");
  }
  if (parts.size() == 1) return TableName{schema_of(context, parts[0]), parts[0]};
  return TableName{parts[0], parts[1]};
}

}  // namespace rowan::versions
