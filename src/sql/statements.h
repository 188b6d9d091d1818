// What is known of a statement by its kind alone: the table of statements.def.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sql/ast.h"

namespace rowan::sql {

// What a session does before a statement runs. All but kTransaction are refused in a failed block.
enum class StatementClass : uint8_t {
  kQuery,        // In a transaction, planned; its rows may stream.
  kModify,       // In a transaction that writes, planned.
  kCopy,         // In a transaction; FROM writes.
  kExplain,      // In a transaction; ANALYZE does what the statement would.
  kShow,         // In a transaction, which it only reads.
  kDefine,       // In a transaction that writes definitions, or all of a table's rows.
  kTransaction,  // Begins, ends and marks blocks.
  kSession,      // Outside transactions, in a block too.
  kVersion,      // Makes and moves commits and refs past transactions; most are refused in a block.
};

StatementClass class_of(StatementKind kind);

// What a statement may do, known from its kind alone; what the functions that it calls do comes on top.
enum class Deed : uint8_t {
  kReads = 0,    // Nothing that outlives the session.
  kCommits = 1,  // It leaves a commit or a moved ref behind: at once, or when its block is committed.
  kSets = 2,     // It changes a setting, or the session's branch.
  kRepeats = 4,  // Run twice it has done what it does once.
  kEnds = 8,     // It ends a block, or what is wrong with it: a failed block takes it.
  kAlone = 16,   // No message of several statements takes it.
};
struct Deeds {
  constexpr Deeds(Deed deed) : bits(static_cast<uint8_t>(deed)) {}  // NOLINT: what stands in a row.
  constexpr bool has(Deed deed) const { return (bits & static_cast<uint8_t>(deed)) != 0; }
  uint8_t bits;
};
constexpr Deeds operator|(Deeds some, Deed more) {
  some.bits |= static_cast<uint8_t>(more);
  return some;
}
constexpr Deeds operator|(Deed one, Deed other) { return Deeds(one) | other; }
Deeds deeds_of(StatementKind kind);

// Where the columns of a result are known from before the statement runs.
enum class AnswerSource : uint8_t {
  kFixed,    // By its kind alone: those of the table, or none.
  kPlan,     // Its bound plan has them: of the query, or of RETURNING.
  kShown,    // The table that it shows.
  kSetting,  // The setting that it names.
  kNamed,    // The prepared statement that it names.
  kCursor,   // The cursor that it names.
};
struct AnswerColumn {
  std::string_view name;
  bool is_count = false;  // A bigint; else text.
};
struct Answer {
  AnswerSource source;
  std::span<const AnswerColumn> columns = {};  // When fixed.
};
const Answer& answer_of(StatementKind kind);

// As messages name it: "CREATE TABLE", "DROP INDEX".
std::string words_of(const Statement& statement);
// As its result does: "ALTER VIEW", "RELEASE". Rows are counted by whoever runs it.
std::string tag_of(const Statement& statement);

}  // namespace rowan::sql
