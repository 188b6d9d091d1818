// DefinitionMerge: three definitions of one table become one.
//
// Columns are matched by ID; an ID that the other side never knew is matched by name, so that one
// column added on both sides is one column. Ours keeps its slots; columns that only theirs has get
// the next free ones. Constraints and indexes are matched by name and compared in the merged
// table's column names.
//
// Threads: one.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/table.h"
#include "merge/choice.h"
#include "merge/expression_text.h"

namespace rowan::merge {

inline constexpr int32_t kNoSlot = -1;

struct DefinitionInput {
  std::array<const catalog::TableDef*, 3>
      sides{};  // By Side. Base may be null: created on both sides. The others never are.
  std::string schema, name;  // Of the merged table.
  // Keys and CHECKs by name, whose version stands whatever was done.
  std::map<std::string, Side> parts = {};
  std::set<std::string> asked = {};  // Of those: that were a conflict of their own.
  // By Side: columns, as it calls them, that stay and have the type that it gives them.
  std::array<std::set<std::string>, 3> columns = {};
};

// What a foreign key of a side refers to, in the names of the merged schema.
struct Reference {
  std::string schema, table;
  ColumnNames columns;  // The side's names to the merged ones; those not listed stay.
};
using ReferenceOf =
    std::function<Reference(Side side, std::string_view schema, std::string_view table)>;

// In how many rows of the base `kept` has another value in a column of these slots.
using ChangedCells = std::function<Result<uint64_t>(Side kept, uint16_t base_slot, uint16_t slot)>;

// How many values a side wrote into a column (its `slot`, the base's when that has the column) that
// `to` does not take.
using FindMisfits = std::function<Result<uint64_t>(Side side, std::optional<uint16_t> base_slot,
                                                   uint16_t slot, const type::Type& to)>;
// Whether a column's default gives a value of its type.
using TakesDefault = std::function<Result<bool>(const catalog::ColumnDef& column)>;
struct RowQuestions {  // Each may be null where it is not asked.
  ChangedCells changed_cells;
  FindMisfits misfits;
  TakesDefault takes_default = {};
};

// A column whose values of one side the merged table may not have, or not as they were: the other
// side dropped it or gave it another type.
struct LostColumn {
  std::string name;  // The merged column's; of one that is dropped its own.
  std::optional<uint16_t> column;     // Of the merged table; nothing: dropped.
  Side holder = Side::kOurs;          // Whose values.
  std::optional<uint16_t> base_slot;  // Nothing: the holder added it.
  uint16_t slot = 0;                  // In the holder's lines.
  Side stands = Side::kOurs;
  bool contested = false;  // It was a conflict, which is settled;
  bool answered = false;   // by an answer.
};

class DefinitionMerge {
 public:
  DefinitionMerge(DefinitionInput input, Choices& choices);

  // First: every table's, since foreign keys need them.
  Result<void> merge_columns(const RowQuestions& rows);
  Result<void> merge_constraints(const ReferenceOf& reference_of);  // Then table() is whole.

  // Of an index or a key. Afterwards.
  void rename_index(std::string_view from, const std::string& to);

  const catalog::TableDef& table() const { return merged_; }
  // Per merged slot the slot of `side` that its value comes from; kNoSlot: the side does not have
  // it.
  const std::vector<int32_t>& sources(Side side) const {
    return sources_[static_cast<size_t>(side)];
  }
  // The same for a table of that side's history, by its columns' IDs.
  std::vector<int32_t> sources_in(const catalog::TableDef& table, Side side) const;
  ColumnNames names_of(Side side) const;  // Of columns whose merged name differs.
  const std::vector<LostColumn>& lost_columns() const { return lost_columns_; }
  // Merged slots of columns that stay as the base has them, whatever a side wrote into its rows.
  std::vector<uint16_t> slots_as_base() const;
  bool settled_misfits() const { return settled_misfits_; }
  // Whether a column, as the side calls it, can have the type that it has there: rows of the other side
  // may have no value that it takes.
  bool may_have_type(Side side, const std::string& column) const {
    return !unfit_types_.contains({side, column});
  }
  // Nothing of the table can be merged: a side's stands, definition and rows.
  const std::optional<SchemaConflict>& whole_table() const { return whole_table_; }

 private:
  // One column through the sides: its index among the columns or the dropped slots of each; -1: not
  // there.
  struct Lineage {
    std::array<int, 3> live{-1, -1, -1};
    std::array<int, 3> dropped{-1, -1, -1};
    int merged = -1;         // Index among the merged columns; -1: not live.
    bool contested = false;  // One side dropped it, the other changed it: a conflict of its own.
    bool as_base = false;    // And the base's version stands, definition and cells.
    bool keyless = false;    // Its type, which stands against keys and indexes over it, is none of a key.
    bool known(Side side) const {
      return live[static_cast<size_t>(side)] >= 0 || dropped[static_cast<size_t>(side)] >= 0;
    }
  };
  struct Part;  // A constraint or index of one side, in merged terms.

  const catalog::TableDef* side(Side which) const {
    return input_.sides[static_cast<size_t>(which)];
  }
  const catalog::ColumnDef* column(const Lineage& lineage, Side which) const;
  void match();
  void match_by_name();
  Result<bool> stays_live(Lineage& lineage, const ChangedCells& changed_cells);
  struct Lost {  // By the side whose type stands.
    std::array<uint64_t, 3> count{};
    std::array<std::array<uint64_t, 3>, 3> held{};  // The same, by the side that holds the values.
  };
  Result<Lost> find_lost(const Lineage& lineage, const std::array<type::Type, 3>& types,
                         const FindMisfits& misfits) const;
  // What one side gave a column and the type that the other gave it does not bear.
  struct Unborne {
    bool value = false;  // Its default or identity.
    bool rule = false;
    std::string keys;  // Names of keys and indexes over it; empty: none.
    bool any() const { return value || rule || !keys.empty(); }
  };
  Result<Unborne> find_unborne(const Lineage& lineage, const catalog::ColumnDef& merged,
                               const type::Type& type, const RowQuestions& rows) const;
  std::optional<Side> kept_by(const Lineage& lineage) const;
  Result<std::string> new_keys_over(const Lineage& lineage, Side which) const;
  Result<std::string> type_text(const Lineage& lineage, Side which, const Unborne& unborne) const;
  bool is_not_null(const Lineage& lineage, Side stands, const Unborne& unborne) const;
  void take_from(Side stands, const Unborne& unborne, Lineage& lineage,
                 catalog::ColumnDef& merged) const;
  void tell_kept_type(const catalog::ColumnDef& merged, const std::array<type::Type, 3>& types,
                      bool is_old) const;
  Result<void> merge_type(Lineage& lineage, catalog::ColumnDef& merged, const RowQuestions& rows);
  Result<std::string> changes_of_dropped(const Lineage& lineage,
                                         const ChangedCells& changed_cells) const;
  void note_dropped(const Lineage& lineage, bool stays);
  void note_lost(const Lineage& lineage, Side holder, LostColumn lost);
  bool is_contested(Side which, uint16_t column) const;
  void note_kept(const Lineage& lineage, Part& part) const;
  static const catalog::ColumnDef* merged_absent(const catalog::ColumnDef* base,
                                                 const catalog::ColumnDef& ours,
                                                 const catalog::ColumnDef& theirs,
                                                 const std::string& default_sql);
  Result<catalog::ColumnDef> merge_column(Lineage& lineage, const RowQuestions& rows);
  void add_slot(Lineage& lineage, uint16_t slot);
  void name_apart();
  void tell_new_name(const Lineage& lineage);
  std::string free_column_name(const std::string& wanted) const;
  std::string object(std::string_view part) const;

  template <typename T>
  T three_way(const T* base, const T& ours, const T& theirs, std::string_view part,
              std::string_view kind, const std::function<std::string(const T&)>& text,
              bool base_may_stand = true);

  std::vector<uint16_t> merged_columns(Side which, const std::vector<uint16_t>& columns,
                                       Part& part) const;
  bool was_asked(const std::string& name) const;
  void tell_part(const std::string& name, std::string_view kind, std::array<std::string, 3> texts,
                 const std::string& merged) const;
  void settle_kinds();
  std::optional<Side> settled_key() const;
  bool is_reused_key_name(std::string_view name) const;
  void merge_primary_key();
  void drop_idle_rules();
  void merge_unique_keys();
  void merge_indexes();
  Result<void> merge_checks();
  void merge_foreign_keys(const ReferenceOf& reference_of);
  std::vector<Part> merge_parts(const std::array<std::vector<Part>, 3>& parts,
                                std::string_view kind);

  DefinitionInput input_;
  Choices& choices_;
  catalog::TableDef merged_;
  std::vector<Lineage> lineages_;
  // Of constraints and indexes that settle_kinds settled.
  struct Standing {
    Side side = Side::kOurs;
    bool is_index = false;  // An index is among them.
  };
  std::map<std::string, Standing> stands_;
  std::array<std::vector<int>, 3> lineage_of_column_;  // Per side and column.
  std::array<std::vector<int32_t>, 3> sources_;
  std::vector<LostColumn> lost_columns_;
  bool settled_misfits_ = false;
  std::set<std::pair<Side, std::string>> unfit_types_;
  std::optional<SchemaConflict> whole_table_;
};

template <typename T>
T DefinitionMerge::three_way(const T* base, const T& ours, const T& theirs, std::string_view part,
                             std::string_view kind,
                             const std::function<std::string(const T&)>& text,
                             bool base_may_stand) {
  const std::string ours_text = text(ours);
  const std::string theirs_text = text(theirs);
  if (ours_text == theirs_text) return ours;
  const std::string base_text = base == nullptr ? std::string() : text(*base);
  // Of a table or column that both sides added the base says nothing.
  base_may_stand = base_may_stand && base != nullptr;
  if (base != nullptr && base_text == ours_text) return theirs;
  if (base != nullptr && base_text == theirs_text) return ours;
  switch (choices_.settle({object(part), std::string(kind), base_text, ours_text, theirs_text,
                           {base_may_stand, true, true}})) {
    case Side::kTheirs:
      return theirs;
    case Side::kBase:
      return base == nullptr ? ours : *base;
    case Side::kOurs:
      break;
  }
  return ours;
}

// Whether two definitions say the same, dropped slots included.
bool same_value(const type::Value& a, const type::Value& b);

}  // namespace rowan::merge
