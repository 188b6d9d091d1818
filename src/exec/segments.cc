#include "exec/segments.h"

#include <algorithm>

#include "base/limits.h"
#include "base/memory_budget.h"
#include "exec/row_writer.h"
#include "tree/leaf.h"

namespace rowan::exec {

namespace {

constexpr uint64_t kSegmentListKind = 0x5e67'6d65'6e74'7301;
constexpr uint64_t kNoSlot = 0xffff;
constexpr size_t kRowsPerLeafGuess = 80;

class CachedColumn final : public store::CachedNode {
 public:
  CachedColumn(type::Column column, size_t text_bytes)
      : column_(std::move(column)), text_bytes_(text_bytes) {}
  const type::Column& column() const { return column_; }
  size_t memory_bytes() const override {
    const size_t cell = type::cell_bytes(column_.type.id);
    return sizeof(*this) + column_.size * (cell + (column_.nulls != nullptr ? 1 : 0)) + text_bytes_;
  }

 private:
  type::Column column_;
  size_t text_bytes_;  // Of the leaves that its strings point into.
};

class CachedCount final : public store::CachedNode {
 public:
  explicit CachedCount(size_t rows) : rows_(rows) {}
  size_t rows() const { return rows_; }
  size_t memory_bytes() const override { return sizeof(*this); }

 private:
  size_t rows_;
};

uint64_t column_kind(const catalog::TableDef& table, uint64_t slot) {
  uint64_t h;
  std::memcpy(&h, table.definition_id.bytes.data(), sizeof h);
  h ^= (slot + 0x10001) * 0x9e37'79b9'7f4a'7c15;
  return h ^ (h >> 29);
}

bool is_string(const catalog::TableDef& table, uint16_t slot) {
  return type::physical(table.layout.slots[slot].type.id) == type::Physical::kString;
}

}  // namespace

Result<std::shared_ptr<const SegmentList>> SegmentList::read(const tree::TreeReader& reader,
                                                             const Oid& root) {
  return reader.cache.get<SegmentList>(root, kSegmentListKind,
                                       [&]() -> Result<std::shared_ptr<const SegmentList>> {
                                         auto list = std::make_shared<SegmentList>();
                                         TRY_ASSIGN(list->runs_, tree::leaf_runs(reader, root));
                                         for (tree::LeafRun& run : list->runs_)
                                           list->leaves_ += run.leaves.size();
                                         return std::shared_ptr<const SegmentList>(std::move(list));
                                       });
}

SegmentReader::SegmentReader(const store::ObjectReader& objects, store::NodeCache& cache,
                             std::shared_ptr<const catalog::TableDef> table,
                             std::vector<uint16_t> slots)
    : objects_(objects), cache_(cache), table_(std::move(table)), slots_(std::move(slots)) {
  for (const uint16_t slot : slots_) kinds_.push_back(column_kind(*table_, slot));
  keep_.assign(slots_.size(), true);
  count_kind_ = column_kind(*table_, kNoSlot);
}

void SegmentReader::plan_cache(size_t leaves) {
  const size_t rows = leaves * kRowsPerLeafGuess;
  size_t left = cache_.bytes_max() / 2;
  bool text_charged = false;
  // Plain numbers first: they are small and what aggregates read.
  for (const bool strings : {false, true}) {
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (is_string(*table_, slots_[i]) != strings) continue;
      const size_t bytes =
          strings ? rows * sizeof(std::string_view) + (text_charged ? 0 : leaves * kLeafTargetBytes)
                  : rows * 8;
      keep_[i] = bytes <= left;
      if (!keep_[i]) continue;
      left -= bytes;
      text_charged = text_charged || strings;
    }
  }
}

bool SegmentReader::is_cached(const tree::LeafRun& run) const {
  if (slots_.empty()) return cache_.find(run.parent, count_kind_) != nullptr;
  return std::all_of(kinds_.begin(), kinds_.end(),
                     [&](uint64_t kind) { return cache_.find(run.parent, kind) != nullptr; });
}

Result<type::Batch> SegmentReader::count_rows(const tree::LeafRun& run) const {
  type::Batch batch;
  if (const auto found = cache_.find(run.parent, count_kind_)) {
    batch.rows = static_cast<const CachedCount&>(*found).rows();
    return batch;
  }
  const BlobReader large(objects_);
  type::LineDecoder decoder(table_->layout, {}, large);
  for (const Oid& leaf : run.leaves) {
    TRY_ASSIGN(const store::ObjectRef object, tree::read_leaf(objects_, leaf));
    if (table_->layout.counted) {
      TRY(decoder.add(object.bytes, object.owner));
    } else {
      batch.rows += static_cast<size_t>(std::count(object.bytes.begin(), object.bytes.end(), '\n'));
    }
  }
  if (table_->layout.counted) batch = decoder.finish();
  cache_.insert(run.parent, count_kind_, std::make_shared<CachedCount>(batch.rows));
  return batch;
}

// `text_bytes`: of the leaves, and of what was copied out of them or from elsewhere.
Result<std::optional<type::Batch>> SegmentReader::decode(const tree::LeafRun& run,
                                                         const std::vector<uint16_t>& slots,
                                                         size_t& text_bytes) const {
  const BlobReader large(objects_);
  try {
    const TextLimit limit(kBatchTextBytes);
    const TextMeter made;
    type::LineDecoder decoder(table_->layout, slots, large);
    for (const Oid& leaf : run.leaves) {
      TRY_ASSIGN(const store::ObjectRef object, tree::read_leaf(objects_, leaf));
      text_bytes += object.bytes.size();
      TRY(decoder.add(object.bytes, object.owner));
    }
    text_bytes += made.bytes();
    return std::optional(decoder.finish());
  } catch (const TextLimit::Reached&) {
    return std::optional<type::Batch>();
  }
}

Result<std::optional<type::Batch>> SegmentReader::read(const tree::LeafRun& run) const {
  if (slots_.empty()) {
    TRY_ASSIGN(type::Batch counted, count_rows(run));
    return std::optional(std::move(counted));
  }
  type::Batch batch;
  batch.columns.resize(slots_.size());
  std::vector<uint16_t> missing;
  std::vector<size_t> missing_at;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (const auto found = cache_.find(run.parent, kinds_[i])) {
      batch.columns[i] = static_cast<const CachedColumn&>(*found).column();
      batch.rows = batch.columns[i].size;
    } else {
      missing.push_back(slots_[i]);
      missing_at.push_back(i);
    }
  }
  if (missing.empty()) return std::optional(std::move(batch));

  size_t text_bytes = 0;
  TRY_ASSIGN(auto decoded_rows, decode(run, missing, text_bytes));
  if (!decoded_rows) return decoded_rows;
  type::Batch& decoded = *decoded_rows;
  if (missing.size() < slots_.size() && decoded.rows != batch.rows) {
    return Error(ErrorCode::kInternal, "cached columns of one segment differ in length");
  }
  batch.rows = decoded.rows;
  for (size_t i = 0; i < missing.size(); ++i) {
    type::Column& column = batch.columns[missing_at[i]];
    column = std::move(decoded.columns[i]);
    if (!keep_[missing_at[i]]) continue;
    const bool strings = is_string(*table_, missing[i]);
    cache_.insert(run.parent, kinds_[missing_at[i]],
                  std::make_shared<CachedColumn>(column, strings ? text_bytes : 0));
    if (strings) text_bytes = 0;  // Shared by all string columns of the segment: charged once.
  }
  return std::optional(std::move(batch));
}

}  // namespace rowan::exec
