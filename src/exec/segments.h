// Segments: the scan's unit. A segment is all leaves below one level-1 node (about 64 leaves, 4,800
// rows), decoded into one typed column for each slot, and each such column is cached by (level-1
// node, definition, slot).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "exec/operator.h"
#include "store/node_cache.h"
#include "tree/row_tree.h"
#include "type/column.h"
#include "type/row_codec.h"

namespace rowan::exec {

// The segments of a rows tree, cached by its root.
class SegmentList final : public store::CachedNode {
 public:
  static Result<std::shared_ptr<const SegmentList>> read(const tree::TreeReader& reader,
                                                         const Oid& root);

  const std::vector<tree::LeafRun>& runs() const { return runs_; }
  size_t leaves() const { return leaves_; }
  size_t memory_bytes() const override { return runs_.size() * 96 + leaves_ * sizeof(Oid); }

 private:
  std::vector<tree::LeafRun> runs_;
  size_t leaves_ = 0;
};

// Reads segments of one table. Threads: any number at once.
class SegmentReader {
 public:
  SegmentReader(const store::ObjectReader& objects, store::NodeCache& cache,
                std::shared_ptr<const catalog::TableDef> table, std::vector<uint16_t> slots);

  // Decides which columns are worth keeping: a scan that would push everything else out keeps only
  // what fits.
  void plan_cache(size_t leaves);
  bool is_cached(const tree::LeafRun& run) const;
  // Nothing: its rows hold too much text for one batch, and are to be read leaf by leaf.
  Result<std::optional<type::Batch>> read(const tree::LeafRun& run) const;
  const std::vector<uint16_t>& slots() const { return slots_; }

 private:
  Result<std::optional<type::Batch>> decode(const tree::LeafRun& run,
                                            const std::vector<uint16_t>& slots,
                                            size_t& text_bytes) const;
  Result<type::Batch> count_rows(const tree::LeafRun& run) const;

  const store::ObjectReader& objects_;
  store::NodeCache& cache_;
  std::shared_ptr<const catalog::TableDef> table_;
  std::vector<uint16_t> slots_;
  std::vector<uint64_t> kinds_;  // Of the cached columns.
  std::vector<bool> keep_;
  uint64_t count_kind_ = 0;
};

}  // namespace rowan::exec
