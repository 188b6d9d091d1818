#include "sql/statements.h"

namespace rowan::sql {

namespace {

struct StatementRow {
  StatementClass its_class;
  std::string_view words;
  std::string_view tag;
};

constexpr StatementRow kStatements[] = {
#define STATEMENT(kind, its_class, words, tag) {StatementClass::its_class, words, tag},
#include "sql/statements.def"
#undef STATEMENT
};

const StatementRow& row_of(StatementKind kind) { return kStatements[static_cast<size_t>(kind)]; }

// The object that DROP and ALTER … RENAME name after their words.
std::string with_object(std::string_view words, const Statement& statement) {
  std::string said(words);
  if (statement.kind == StatementKind::kDrop) {
    said += ' ';
    said += object_words(static_cast<const DropStmt&>(statement).object);
  } else if (statement.kind == StatementKind::kRename) {
    said += ' ';
    said += object_words(static_cast<const RenameStmt&>(statement).object);
  }
  return said;
}

}  // namespace

StatementClass class_of(StatementKind kind) { return row_of(kind).its_class; }

std::string words_of(const Statement& statement) {
  return with_object(row_of(statement.kind).words, statement);
}

std::string tag_of(const Statement& statement) {
  return with_object(row_of(statement.kind).tag, statement);
}

}  // namespace rowan::sql
