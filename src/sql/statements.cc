#include "sql/statements.h"

namespace rowan::sql {

namespace {

// ---- Answers ----

using enum AnswerSource;

constexpr AnswerColumn kPlanColumns[] = {{"QUERY PLAN"}};
constexpr AnswerColumn kSummaryColumns[] = {
    {"table"},          {"added", true},      {"changed", true}, {"deleted", true},
    {"conflicts", true}, {"violations", true}, {"outcome"}};
constexpr AnswerColumn kConflictColumns[] = {
    {"Schema"}, {"Table"}, {"Key"}, {"HEAD"}, {"SOURCE"}};
constexpr AnswerColumn kResolvedColumns[] = {{"Resolved"}, {"Remaining"}};
constexpr AnswerColumn kStatusColumns[] = {{"Status"}};

constexpr Answer kNothing{kFixed};
constexpr Answer kQueryPlan{kFixed, kPlanColumns};
constexpr Answer kMergeSummary{kFixed, kSummaryColumns};
constexpr Answer kConflicts{kFixed, kConflictColumns};
constexpr Answer kResolved{kFixed, kResolvedColumns};
constexpr Answer kAborted{kFixed, kStatusColumns};
constexpr Answer kOfPlan{kPlan};
constexpr Answer kOfShown{kShown};
constexpr Answer kOfSetting{kSetting};
constexpr Answer kOfNamed{kNamed};
constexpr Answer kOfCursor{kCursor};

// ---- The table ----

using enum Deed;

struct StatementRow {
  StatementClass its_class;
  std::string_view words;
  std::string_view tag;
  const Answer* answer;
  Deeds deeds;
};

constexpr StatementRow kStatements[] = {
#define STATEMENT(kind, its_class, words, tag, answer, deeds) \
  {StatementClass::its_class, words, tag, &answer, deeds},
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

Deeds deeds_of(StatementKind kind) { return row_of(kind).deeds; }

const Answer& answer_of(StatementKind kind) { return *row_of(kind).answer; }

std::string words_of(const Statement& statement) {
  return with_object(row_of(statement.kind).words, statement);
}

std::string tag_of(const Statement& statement) {
  return with_object(row_of(statement.kind).tag, statement);
}

}  // namespace rowan::sql
