// What depends on a table, a column, a view or a sequence: found by reading every definition, so
// that nothing can be stale.
//
// Threads: the transaction's.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/objects.h"
#include "exec/foreign_keys.h"
#include "exec/operator.h"

namespace rowan::exec {

// In whatever schema they are: where a table moved away from one that was made for it meanwhile,
// merges of old left that behind.
Result<std::vector<catalog::SequenceDef>> sequences_owned_by(const catalog::Catalog& catalog,
                                                             std::string_view schema,
                                                             std::string_view table);

// A column whose default or identity draws from a sequence.
struct SequenceUse {
  std::shared_ptr<const catalog::TableDef> table;
  uint16_t column = 0;
};
Result<std::vector<SequenceUse>> uses_of_sequence(const catalog::Catalog& catalog,
                                                  std::string_view schema, std::string_view name);

// The views, plain and materialised, that read schema.name; with `column`, those that may read that
// column of it.
Result<std::vector<std::shared_ptr<const catalog::ViewDef>>> views_reading(
    const catalog::Catalog& catalog, std::string_view schema, std::string_view name,
    std::string_view column = {});

// Those that draw from, or ask for the position of, a sequence.
Result<std::vector<std::shared_ptr<const catalog::ViewDef>>> views_drawing(
    const catalog::Catalog& catalog, std::string_view schema, std::string_view name);

// Relations that go, with everything that depends on them.
class DropPlan {
 public:
  explicit DropPlan(ExecContext& context) : context_(context) {}

  using Kind = sql::ObjectKind;
  void add(std::string_view schema, std::string_view name, Kind kind);
  // Finds the dependents. Without `cascade`: kDependentObjects when there is one that does not go
  // anyway; its detail names them all.
  Result<void> close(bool cascade);
  // Drops; gives the notice of what CASCADE took along (may be empty).
  Result<std::string> run();

 private:
  struct Relation {
    std::string schema;
    std::string name;
    Kind kind;
    bool wanted;  // Named by the statement.
  };
  struct LostKey {  // A foreign key of a table that stays.
    std::string schema, table, name;
  };
  struct LostDefault {
    std::string schema, table, column;
  };
  bool goes(std::string_view schema, std::string_view name) const;
  Result<void> follow_table(const Relation& relation);
  Result<void> follow_sequence(const Relation& relation);
  Result<void> follow_views(const Relation& relation);
  void depends(std::string dependent, const Relation& on);

  ExecContext& context_;
  std::vector<Relation> relations_;
  std::vector<LostKey> keys_;
  std::vector<LostDefault> defaults_;
  std::vector<std::string> lines_;        // "view v depends on table t"
  std::vector<std::string> taken_along_;  // "view v"
};

// Stores `table`, which has lost a key or a unique index. Foreign keys that reference what is gone
// go with it, or it is refused without `cascade`: "cannot drop <what> because …", "… depends on
// <depends_on>". Gives a notice.
Result<std::string> drop_keys_without_key(catalog::TableDef& table, std::string_view what,
                                          std::string_view depends_on, bool cascade,
                                          ExecContext& context);

std::string constraint_words(std::string_view constraint,
                             const catalog::TableDef& table);  // "constraint c on table t"

}  // namespace rowan::exec
