// Builder: the statements of version control.
#include <charconv>

#include "sql/builder.h"
#include "sql/grammar.h"

namespace rowan::sql {

void Builder::set_message(bool& has, GivenText& text, const Token& message) {
  if (message.data == nullptr) return;
  has = true;
  text = given(message);
}

// An unquoted HEAD was folded like any word, but revisions know it in capitals.
Token Builder::revision_word(Token token) {
  for (TextParameter* parameter : text_parameters_) {
    if (parameter->begin != token.begin) continue;
    parameter->is_revision = true;
    return token;
  }
  if (token.text().empty())
    fail(ErrorCode::kInvalidParameterValue, "a revision must not be empty", token.position);
  const bool bare = source_[token.begin] == 'h' || source_[token.begin] == 'H';
  if (bare && token.text() == "head") token.data = "HEAD";
  return token;
}

Statement* Builder::simple(const Token& token, StatementKind kind) {
  return statement_node<SimpleStmt>(kind, token);
}

// ---- SHOW and BLAME ----

Statement* Builder::show(const Token& token, StatementKind kind, const QualifiedName* name) {
  auto* made = statement_node<ShowStmt>(kind, token);
  if (name != nullptr) made->name = *name;
  return made;
}

Statement* Builder::show_reflog(const Token& token, const Token& branch) {
  auto* made = static_cast<ShowStmt*>(show(token, StatementKind::kShowReflog, nullptr));
  made->branch = given(branch);
  return made;
}

ShowLogStmt* Builder::log_options() { return arena_.make<ShowLogStmt>(); }

Statement* Builder::show_log(const Token& token, StatementKind kind, ShowLogStmt* options) {
  options->kind = kind;
  return finish(options, token);
}

ShowLogStmt* Builder::log_table(ShowLogStmt* options, const QualifiedName* table) {
  if (options->has_table) redundant(table->position);
  options->has_table = true;
  options->table = *table;
  return options;
}

ShowLogStmt* Builder::log_key(ShowLogStmt* options, Expr* key) {
  if (options->key != nullptr) redundant(key->position);
  options->key = key;
  return options;
}

ShowLogStmt* Builder::log_branch(ShowLogStmt* options, const Token& revision) {
  if (options->branch.is_written()) redundant(revision.position);
  options->branch = given(revision);
  return options;
}

ShowLogStmt* Builder::log_text(ShowLogStmt* options, const Token& word, const Token& text) {
  const std::string_view option = word.text();
  GivenText& field = option == "author" ? options->author
                     : option == "path" ? options->path
                                        : options->grep;
  if (field.is_written()) redundant(word.position);
  field = given(text);
  return options;
}

ShowLogStmt* Builder::log_time(ShowLogStmt* options, const Token& word, Expr* time) {
  Expr*& field = word.text() == "since" ? options->since : options->until;
  if (field != nullptr) redundant(word.position);
  field = time;
  return options;
}

ShowLogStmt* Builder::log_limit(ShowLogStmt* options, Expr* limit) {
  if (options->limit != nullptr) redundant(limit->position);
  options->limit = limit;
  return options;
}

// One value in parentheses is that value.
Expr* Builder::key_row(const Token& token, const ExprList* parts) {
  return parts->count == 1 ? parts->items[0] : row(token, parts);
}

DiffStmt* Builder::diff_options() { return arena_.make<DiffStmt>(); }

Statement* Builder::show_diff(const Token& token, DiffStmt* options) {
  options->kind = StatementKind::kShowDiff;
  return finish(options, token);
}

DiffStmt* Builder::diff_form(DiffStmt* options, const Token& word) {
  bool given = options->stat || options->schema;
  once(given, word);
  (word.text() == "stat" ? options->stat : options->schema) = true;
  return options;
}

DiffStmt* Builder::diff_table(DiffStmt* options, const QualifiedName* table) {
  if (options->has_table) redundant(table->position);
  options->has_table = true;
  options->table = *table;
  return options;
}

// 'a..b', 'a...b', or one revision to begin at.
DiffStmt* Builder::diff_range(DiffStmt* options, const Token& range) {
  if (options->range.is_written() || options->from.is_written() || options->to.is_written())
    syntax_error(TK_STRING, range);
  const GivenText text = given(revision_word(range));
  const bool is_one = !text.empty() && text.text().find("..") == std::string_view::npos;
  (is_one ? options->from : options->range) = text;
  return options;
}

DiffStmt* Builder::diff_from(DiffStmt* options, const Token& revision) {
  if (options->range.is_written() || options->from.is_written()) syntax_error(TK_FROM, revision);
  options->from = given(revision);
  return options;
}

DiffStmt* Builder::diff_to(DiffStmt* options, const Token& revision) {
  const bool is_range = options->range.is_written() && !options->range.empty();
  if (is_range || options->to.is_written()) syntax_error(TK_TO, revision);
  options->to = given(revision);
  return options;
}

DiffStmt* Builder::diff_limit(DiffStmt* options, Expr* limit) {
  if (options->limit != nullptr) redundant(limit->position);
  options->limit = limit;
  return options;
}

BlameStmt* Builder::blame_options() { return arena_.make<BlameStmt>(); }

Statement* Builder::blame(const Token& token, const QualifiedName* table, BlameStmt* options) {
  options->kind = StatementKind::kBlame;
  options->table = *table;
  return finish(options, token);
}

BlameStmt* Builder::blame_key(BlameStmt* options, Expr* key) {
  if (options->key != nullptr) redundant(key->position);
  options->key = key;
  return options;
}

BlameStmt* Builder::blame_revision(BlameStmt* options, const Token& revision) {
  if (options->revision.is_written()) redundant(revision.position);
  options->revision = given(revision);
  return options;
}

BlameStmt* Builder::blame_cells(BlameStmt* options) {
  options->cells = true;
  return options;
}

// ---- Branches ----

Statement* Builder::branch(const Token& token, const Token& name, const Token& from,
                           bool if_not_exists) {
  auto* made = statement_node<BranchStmt>(StatementKind::kCreateBranch, token);
  made->name = given(name);
  made->from = given(from);
  made->if_exists = if_not_exists;
  return made;
}

Statement* Builder::drop_branch(const Token& token, const Token& name, bool if_exists, bool force) {
  auto* made = statement_node<BranchStmt>(StatementKind::kDropBranch, token);
  made->name = given(name);
  made->if_exists = if_exists;
  made->force = force;
  return made;
}

Statement* Builder::rename_branch(const Token& token, const Token& name, const Token& to) {
  auto* made = statement_node<BranchStmt>(StatementKind::kRenameBranch, token);
  made->name = given(name);
  made->from = given(to);
  return made;
}

Statement* Builder::alter_branch(const Token& token, const Token& name, StatementKind kind,
                                 const Token& every, const Token& keep) {
  auto* made = statement_node<BranchSettingStmt>(kind, token);
  made->name = given(name);
  made->every = every.text();
  made->keep = keep.data == nullptr ? std::string_view() : keep.text();
  if (keep.data != nullptr && made->keep.empty())
    fail(ErrorCode::kInvalidDatetimeFormat, "invalid input syntax for type interval: \"\"",
         keep.position);
  return made;
}

Statement* Builder::checkout(const Token& token, const Token& name) {
  auto* made = statement_node<BranchStmt>(StatementKind::kCheckout, token);
  made->name = given(name);
  return made;
}

Statement* Builder::checkout_new(const Token& token, const Token& word, std::string_view wanted,
                                 const Token& name, const Token& from) {
  const bool bare = word.end - word.begin == wanted.size();
  if (!bare || word.text() != wanted) syntax_error(TK_IDENT, wanted == "new" ? name : word);
  auto* made = static_cast<BranchStmt*>(checkout(token, name));
  made->create = true;
  made->from = given(from);
  return made;
}

// ---- Merges ----

MergeStmt* Builder::merge_options() { return arena_.make<MergeStmt>(); }

Statement* Builder::merge(const Token& token, const GivenList* sources, MergeStmt* options) {
  options->kind = StatementKind::kMerge;
  options->sources = list(sources);
  if (options->no_fast_forward && options->fast_forward_only) {
    fail(ErrorCode::kSyntaxError, "NO FAST FORWARD and FAST FORWARD ONLY exclude each other",
         token.position);
  }
  return finish(options, token);
}

MergeStmt* Builder::merge_dry_run(MergeStmt* options) {
  options->dry_run = true;
  return options;
}

MergeStmt* Builder::merge_message(MergeStmt* options, const Token& message) {
  if (options->has_message) redundant(message.position);
  set_message(options->has_message, options->message, message);
  return options;
}

Token Builder::join_words(Token words, const Token& word) {
  const std::string_view joined =
      arena_.copy(std::string(words.text()) + " " + std::string(word.text()));
  words.data = joined.data();
  words.size = static_cast<uint32_t>(joined.size());
  words.end = word.end;
  return words;
}

void Builder::set_policy(MergeStmt* options, const Token& policy) {
  struct Policy {
    std::string_view words;
    std::string_view name;
  };
  static constexpr Policy kPolicies[] = {
      {"ours", "ours"},
      {"theirs", "theirs"},
      {"manual", "manual"},
      {"manual resolution", "manual"},
      {"row level", "row-level"},
      {"row level resolution", "row-level"},
      {"row-level", "row-level"},
      {"row-level resolution", "row-level"},
      {"last writer", "row-level"},
      {"last writer wins", "row-level"},
  };
  const std::string_view words = policy.text();
  const auto* found = std::find_if(std::begin(kPolicies), std::end(kPolicies),
                                   [&](const Policy& known) { return known.words == words; });
  if (found != std::end(kPolicies)) {
    if (!options->policy.empty() && options->policy != found->name) {
      fail(ErrorCode::kSyntaxError, "a merge has one policy", policy.position);
    }
    options->policy = found->name;
  } else if (words == "no fast forward") {
    options->no_fast_forward = true;
  } else if (words == "fast forward only") {
    options->fast_forward_only = true;
  } else if (words == "renumber") {
    options->renumber = true;
  } else if (words == "unrelated histories") {
    options->allow_unrelated = true;
  } else {
    fail(ErrorCode::kSyntaxError, "merge option \"" + std::string(words) + "\" not recognized",
         policy.position);
  }
}

MergeStmt* Builder::merge_policies(MergeStmt* options, const TokenList* policies) {
  for (uint32_t i = 0; i < policies->count; ++i) set_policy(options, policies->items[i]);
  return options;
}

Statement* Builder::commit_merge(const Token& token, const Token& message) {
  auto* made = statement_node<MergeStmt>(StatementKind::kCommitMerge, token);
  set_message(made->has_message, made->message, message);
  return made;
}

Statement* Builder::resolve(const Token& token, ResolveTarget target, const Token& side) {
  auto* made = statement_node<ResolveStmt>(StatementKind::kResolve, token);
  if (target.table != nullptr) {
    made->has_table = true;
    made->table = *target.table;
  }
  made->key = target.key;
  if (target.object.data != nullptr) made->object = target.object.text();
  made->where = target.where;
  const char first = source_[side.begin];
  const bool quoted = first == '\'' || first == '$' ||
                      (side.begin + 1 < source_.size() && source_[side.begin + 1] == '\'');
  const std::string_view word = side.text();
  if (quoted) {
    made->side = ResolveSide::kJson;
    made->json = given(side);
  } else if (word == "head" || word == "ours") {
    made->side = ResolveSide::kHead;
  } else if (word == "source" || word == "theirs") {
    made->side = ResolveSide::kSource;
  } else if (word == "base") {
    made->side = ResolveSide::kBase;
  } else {
    syntax_error(TK_IDENT, side);
  }
  return made;
}

// The first `parts` names of the path as a table's name.
QualifiedName* Builder::table_of_path(const TokenList* path, size_t parts) {
  const Token* names = path->items;
  if (parts == 0 || parts > 3) {
    syntax_error(TK_DOT, names[parts == 0 ? 0 : 3]);
    parts = 1;
  }
  if (parts == 1) return qualified(names[0]);
  return parts == 2 ? qualified(names[0], names[1]) : qualified(names[0], names[1], names[2]);
}

// A bare word is a key of text, in the letters it was written in.
ResolveTarget Builder::conflict_word(const TokenList* path) {
  const Token& last = path->items[path->count - 1];
  Token key = last;
  if (source_[last.begin] != '"') {
    key.data = source_.data() + last.begin;
    key.size = last.end - last.begin;
  }
  std::string object;
  for (uint32_t i = 0; i < path->count; ++i)
    object += (i > 0 ? "." : "") + std::string(path->items[i].text());
  QualifiedName* table = path->count > 1 ? table_of_path(path, path->count - 1) : nullptr;
  Token whole = last;
  const std::string_view copy = arena_.copy(object);
  whole.data = copy.data();
  whole.size = static_cast<uint32_t>(copy.size());
  return {table, literal(LiteralKind::kString, key), nullptr, whole};
}

// `.42` and, for 1.5 behind the dot, `.1` `.5`.
ResolveTarget Builder::conflict_number(const TokenList* path, const Token& number,
                                       const Token& fraction) {
  const bool whole = number.text().starts_with(".") &&
                     (fraction.data == nullptr ||
                      (fraction.text().starts_with(".") && fraction.begin == number.end));
  if (!whole) syntax_error(TK_DECIMAL, number);
  Token key = number;
  key.data = source_.data() + number.begin + 1;
  key.size = (fraction.data == nullptr ? number.end : fraction.end) - number.begin - 1;
  return {table_of_path(path, path->count), this->number(key), nullptr, {}};
}

ResolveTarget Builder::conflict_value(const TokenList* path, Expr* key) {
  return {table_of_path(path, path->count), key, nullptr, {}};
}

// ---- Tags, restoring and rewriting ----

Statement* Builder::create_tag(const Token& token, bool snapshot, const Token& name,
                               const Token& from, const Token& message, bool if_not_exists) {
  auto* made = statement_node<TagStmt>(
      snapshot ? StatementKind::kCreateSnapshot : StatementKind::kCreateTag, token);
  made->name = given(name);
  made->from = given(from);
  made->if_exists = if_not_exists;
  set_message(made->has_message, made->message, message);
  return made;
}

Statement* Builder::drop_tag(const Token& token, bool snapshot, const Token& name, bool if_exists) {
  auto* made = statement_node<TagStmt>(
      snapshot ? StatementKind::kDropSnapshot : StatementKind::kDropTag, token);
  made->name = given(name);
  made->if_exists = if_exists;
  return made;
}

Statement* Builder::restore(const Token& token, const Token& revision, const Token& message) {
  auto* made = statement_node<RestoreStmt>(StatementKind::kRestore, token);
  made->revision = given(revision);
  set_message(made->has_message, made->message, message);
  return made;
}

Statement* Builder::restore_tables(const Token& token, const QualifiedList* tables,
                                   const Token& revision, const Token& message) {
  auto* made = static_cast<RestoreStmt*>(restore(token, revision, message));
  made->scope = RestoreScope::kTables;
  made->tables = list(tables);
  return made;
}

Statement* Builder::restore_schema(const Token& token, const Token& name, const Token& revision,
                                   const Token& message) {
  auto* made = static_cast<RestoreStmt*>(restore(token, revision, message));
  made->scope = RestoreScope::kSchema;
  made->schema = name.text();
  return made;
}

Statement* Builder::revisions(const Token& token, StatementKind kind, const GivenList* revisions,
                              RevisionOptions options) {
  auto* made = statement_node<RevisionsStmt>(kind, token);
  made->revisions = list(revisions);
  set_message(made->has_message, made->message, options.message);
  made->force = options.force.data != nullptr;
  made->parent = options.parent_number;
  if (made->force && kind != StatementKind::kSquash) syntax_error(TK_FORCE, options.force);
  if (made->parent != 0 && kind == StatementKind::kSquash) syntax_error(TK_PARENT, options.parent);
  return made;
}

Statement* Builder::reset_to(const Token& token, const Token& revision, bool force) {
  auto* made = static_cast<RevisionsStmt*>(
      revisions(token, StatementKind::kResetTo, start(given(revision)), {}));
  made->force = force;
  return made;
}

RevisionOptions Builder::revision_message(RevisionOptions options, const Token& message) {
  if (options.message.data != nullptr) redundant(message.position);
  options.message = message;
  return options;
}

RevisionOptions Builder::revision_force(RevisionOptions options, const Token& word) {
  options.force = word;
  return options;
}

RevisionOptions Builder::revision_parent(RevisionOptions options, const Token& word,
                                         const Token& number) {
  if (options.parent.data != nullptr) redundant(word.position);
  options.parent = word;
  const auto read = std::from_chars(number.data, number.data + number.size, options.parent_number);
  if (read.ec != std::errc() || options.parent_number == 0) {
    fail(ErrorCode::kInvalidParameterValue, "parents are numbered from 1", number.position);
    options.parent_number = 1;
  }
  return options;
}

}  // namespace rowan::sql
