#include "versions/tags.h"

#include <fmt/format.h>

#include "git/ref_names.h"
#include "git/tag.h"
#include "sql/statements.h"
#include "versions/branch_hints.h"

namespace rowan::versions {

namespace {

using sql::StatementKind;

Error duplicate_tag(const BranchWords& words, std::string_view name) {
  return Error(ErrorCode::kDuplicateBranch, fmt::format("tag \"{}\" already exists", name))
      .with_hint(fmt::format("A tag is never moved; {} takes it away.", words.drop_tag));
}

}  // namespace

Result<VerbResult> run_create_tag(Context& context, const sql::TagStmt& statement) {
  const std::string name(statement.name);
  const std::string ref = std::string(git::kTagRefs) + name;
  const std::string words = sql::tag_of(statement);
  if (!git::is_valid_branch_name(name)) {
    return Error(ErrorCode::kInvalidName, fmt::format("\"{}\" is not a valid tag name", name))
        .with_hint(std::string(git::kNameRules));
  }
  if (context.store.ref(ref)) {
    if (!statement.if_exists) return duplicate_tag(branch_words(context.words), name);
    return verb_done(words, fmt::format("tag \"{}\" already exists, skipping", name));
  }
  TRY_ASSIGN(Oid id, context.manager.resolve_revision(
                         statement.from.empty() ? "HEAD" : statement.from.text(), context.head.branch));
  store::PendingObjects objects(context.store);
  const bool is_snapshot = statement.kind == StatementKind::kCreateSnapshot;
  if (is_snapshot || statement.has_message) {
    git::Tag tag;
    tag.object = id;
    tag.name = name;
    tag.tagger = context.author;
    tag.tagger.seconds = context.clock.now_us() / 1'000'000;
    tag.message = statement.has_message ? std::string(statement.message) : "snapshot " + name;
    id = objects.add(store::ObjectType::kTag, git::encode_tag(tag));
  }
  auto made = context.manager.update_refs(&objects, {{ref, Oid{}, id}}, context.sync);
  if (!made && made.error().code() == ErrorCode::kSerializationFailure)
    return duplicate_tag(branch_words(context.words), name);
  if (!made) return std::move(made).error();
  TRY_ASSIGN(const bool is_branch, context.manager.has_branch(name));
  return verb_done(words, is_branch ? same_name_notice(name) : std::string());
}

Result<VerbResult> run_drop_tag(Context& context, const sql::TagStmt& statement) {
  const std::string ref = std::string(git::kTagRefs) + std::string(statement.name);
  const std::optional<Oid> id = context.store.ref(ref);
  if (!id) {
    if (statement.if_exists)
      return verb_done(sql::tag_of(statement),
                       fmt::format("tag \"{}\" does not exist, skipping", statement.name));
    return Error(ErrorCode::kUndefinedRevision,
                 fmt::format("tag \"{}\" does not exist", statement.name))
        .with_hint(fmt::format("{} lists them.", branch_words(context.words).list_tags));
  }
  const auto commit = context.manager.resolve_revision(ref, "");
  TRY(context.manager.update_refs(nullptr, {{ref, *id, Oid{}}}, context.sync));
  return verb_done(
      sql::tag_of(statement),
      fmt::format("tag \"{}\" was at commit {}", statement.name, (commit ? *commit : *id).hex()));
}

}  // namespace rowan::versions
