// RowMerge: the rows of one table, three ways.
//
// Ours' tree is the one that is edited: only what theirs changed is looked at (M3). Where lines of
// the sides cannot be compared as they stand, or ours' do not fit the merged layout (M5), all three
// sides are read beside each other; when rows change their keys, whole.
//
// Threads: one.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "merge/definition.h"
#include "merge/lines.h"
#include "merge/merge.h"
#include "merge/renumber.h"
#include "merge/settle.h"
#include "tree/row_tree.h"

namespace rowan::merge {

struct MergeContext {
  store::PendingObjects& made;
  store::NodeCache& cache;
  const Request& request;
  Outcome& outcome;
  Choices& choices;
};

// The sides of one table. A side without the table has no `table`.
struct TableSides {
  std::array<catalog::TableVersion, 3> versions;  // By Side.
  std::array<std::string, 3> paths;               // "public/t".
  bool settled_misfits = false;  // What becomes of values that do not fit is settled.
};

// Writes a table's rows anew, and the entries of `large/` that go with them.
class RowTreeWriter {
 public:
  RowTreeWriter(MergeContext& context, const type::RowLayout& layout);
  RowTreeWriter(const RowTreeWriter&) = delete;

  Result<void> add(Bytes key, Bytes line);  // Keys ascend.
  Result<void> finish(Oid& rows, Oid& large);

 private:
  MergeContext& context_;
  const type::RowLayout& layout_;
  tree::Builder builder_;
  std::vector<tree::LargeEdit> large_;
};

class RowMerge {
 public:
  RowMerge(MergeContext& context, const TableSides& sides,
           std::shared_ptr<const catalog::TableDef> merged, const DefinitionMerge& definition);

  // Keys that both sides inserted, where a sequence gives the keys. Requires: the definition has one.
  Result<GivenKeys> given_keys();
  // Whether `key` is there on either side.
  Result<bool> has_key(int64_t key);
  Result<void> run(const KeyMaps& renumbered);
  // Whether keys of the sides and of the merged table differ. Then, after run(): what is between the
  // sides' rows when some have no key of their own in the merged table, or lost a value to its types.
  bool is_rekeyed() const { return keys_differ_; }
  // Afterwards: whose rows stand whole, which is settled and on record.
  const std::optional<Side>& whole() const { return whole_; }
  std::optional<SchemaConflict> unmatched() const;

  // What both sides hold already counts once. Before run().
  void count_once(SharedDeltas shared);
  const Lines& lines() const { return lines_; }
  // Afterwards, of a table without a key: lines of the base that rows of the side count as, whose
  // values do not fit a new type; by the side's key.
  const std::map<std::string, std::string>& kept_misfits(Side side) const {
    return kept_misfits_[static_cast<size_t>(side)];
  }
  // Afterwards: rows that came without these columns (indexes) get a value each. They are NULL
  // there on the side that has no such column; `known_by` has it.
  using ValueOf = std::function<Result<type::Value>(const catalog::ColumnDef& column)>;
  Result<void> fill(const std::vector<uint16_t>& columns, Side known_by, const ValueOf& value_of);

  const Oid& rows() const { return rows_; }
  const Oid& large() const { return large_; }
  TableMerge& summary() { return summary_; }

 private:
  using ChangeVisitor = std::function<Result<void>(const ThreeLines& row)>;

  const catalog::TableVersion& version(Side side) const {
    return sides_.versions[static_cast<size_t>(side)];
  }
  Carrier& carrier(Side side) { return carriers_[static_cast<size_t>(side)]; }
  tree::TreeReader reader(Side side) const {
    return {context_.made, context_.cache, *keys_[static_cast<size_t>(side)]};
  }
  bool takes_theirs_whole(const Renumberer& renumberer);
  Result<void> take_theirs();
  Result<void> merge_side_by_side();
  Result<void> walk(const Renumberer& renumberer);
  Result<void> add_shared(std::vector<TheirChange>& changes);
  Result<void> merge_rekeyed(const Renumberer& renumberer);
  Result<void> visit_their_changes(const std::function<Result<void>(TheirChange& change)>& visit);
  Result<void> renumber(const Renumberer& renumberer, std::vector<TheirChange>& changes);
  Result<void> settle_change(const TheirChange& change);
  Result<void> settle(Bytes key, Bytes theirs_key, const std::optional<Bytes>& base,
                      const std::optional<Bytes>& theirs, SideLine theirs_own = {});
  Result<void> put(Bytes key, const std::optional<Bytes>& ours, SideLine line);
  void count_change(const std::optional<Bytes>& ours, const std::optional<Bytes>& line);
  Result<std::optional<std::string>> carry(Side side, const std::optional<Bytes>& line,
                                           const std::optional<std::string>& base);
  Result<SideLine> own_line(Side side, Bytes base, const std::string& line,
                            const std::vector<size_t>& misfits);
  Result<bool> loses_misfit(const std::vector<size_t>& misfits, Bytes merged,
                            const std::optional<Bytes>& other) const;
  Result<void> fit_beside(const SideLine& other, const std::vector<size_t>& misfits,
                          SideLine& line) const;
  Result<bool> is_rewritten(Side side);
  Result<void> visit_put(Side side,
                         const std::function<Result<bool>(Bytes line, uint64_t rows)>& each);
  Result<uint64_t> rows_put(Side side);
  Result<std::optional<Side>> settle_put_back();
  void forget_edits();
  // Rows that a side put, in the merged layout, and how many of each.
  using PutRows = std::vector<std::pair<std::string, uint64_t>>;
  Result<PutRows> put_rows(Side side);
  Result<void> tell_put_back(std::array<PutRows, 3> put);
  Result<std::optional<Bytes>> find_ours(Bytes key);
  Result<void> apply();
  Result<void> finish();
  Result<void> step();

  struct Rekeyed {
    std::string line, side_key;
    std::vector<size_t> misfits = {};  // Slots; of a table with a key.
    SideLine own = {};                 // RowConflict::own; of a table with a key.
  };
  using RekeyedRows = std::map<std::string, Rekeyed>;
  Result<std::map<std::string, uint64_t>> carried_counts(Side side);
  Result<bool> has_just(Side side, const RekeyedRows& rows);
  Result<RekeyedRows> read_rekeyed(Side side);
  Result<void> fit_new_rows(const RekeyedRows& base, const RekeyedRows& others,
                            RekeyedRows& rows) const;
  Result<void> place_kept_misfits(Side side, const RekeyedRows& base, RekeyedRows& rows);
  Result<void> place_misfits(Side side, const RekeyedRows& base, RekeyedRows& rows);
  Result<void> take_beside(Side side, const RekeyedRows& base, RekeyedRows& rows);
  Result<void> take_beside_counted(Side side, const RekeyedRows& base, RekeyedRows& rows);
  Result<void> give_columns_back(RekeyedRows& base, const RekeyedRows& theirs);
  Result<void> add_counted(RekeyedRows& rows, const std::string& key, Bytes line,
                           const std::string& side_key, uint64_t count);
  void count_row(Bytes key, const std::optional<std::string>& line);
  static void count_put(const RekeyedRows& base, const RekeyedRows& rows, uint64_t& put);
  Result<std::optional<Side>> found_as_it_is(const RekeyedRows& rows);
  Result<void> write_rekeyed(const RekeyedRows& rows);

  MergeContext& context_;
  const TableSides& sides_;
  std::shared_ptr<const catalog::TableDef> merged_;
  Lines lines_;
  std::vector<Carrier> carriers_;  // By Side.
  std::array<std::shared_ptr<const tree::LineKeys>, 3> keys_;
  Settler settler_;
  SharedDeltas shared_;

  Oid rows_, large_;                                 // Ours', until apply().
  std::shared_ptr<const tree::LineKeys> rows_keys_;  // Of rows_.
  std::optional<tree::Cursor> cursor_;               // Over rows_, for find_ours.

  struct Edit {
    std::string key;
    SideLine line;
  };
  std::deque<Edit> edits_;
  CountedMemory memory_;  // Of what is collected here.
  std::vector<tree::LargeEdit> large_edits_;
  TableMerge summary_;
  uint64_t steps_ = 0;
  bool keys_differ_ = false;   // Keys of the sides and of the merged table.
  bool rekeyed_ = false;       // So all sides are read whole, or because rows get new keys.
  bool side_by_side_ = false;  // Their lines cannot be compared, or edited, as they stand.
  RekeyedRows ours_rekeyed_;
  bool sides_alike_ = false;  // Both sides have the same rows in the same columns, when rekeyed_.
  std::optional<Side> whole_;
  std::array<SideLine, 3> own_;  // RowConflict::own, of the lines carried last.
  std::array<uint64_t, 3> rows_put_{};  // By Side, in a table without a key, when rekeyed_.
  std::set<std::string>
      misfit_keys_;         // Rows with a value that its column's new type does not take.
  // Without a key, by Side: rows with such values, of ours and theirs not among the others; and lines
  // of the base's that some of them count as, by the side's key.
  struct Misfit {
    std::string line, side_key;
    std::vector<size_t> slots;
    std::string values;  // Those that do not fit, as texts.
  };
  std::array<std::vector<Misfit>, 3> misfit_rows_;
  std::array<std::map<std::string, std::string>, 3> kept_misfits_;
  std::array<uint64_t, 3> keyless_{};  // By Side: rows without a key of their own by now.
};

}  // namespace rowan::merge
