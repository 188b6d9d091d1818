#include "exec/row_reader.h"

#include <algorithm>

#include "derived/index.h"
#include "exec/batch_parts.h"
#include "type/line_writer.h"

namespace rowan::exec {

namespace {

constexpr Bytes kLargeMark = "{\"large\":";  // Of a value that lies elsewhere; never inside a text.

Bytes lines_of(const tree::Leaf& leaf, size_t from, size_t to) {
  const Bytes first = leaf.line(from), last = leaf.line(to - 1);
  return {first.data(), static_cast<size_t>(last.data() + last.size() + 1 - first.data())};
}

}  // namespace

RowReader::RowReader(const ExecContext& context, const TableSource& source,
                     const plan::ScanSpec& scan)
    : source_(source),
      scan_(scan),
      keys_(source.version.table),
      reader_{context.transaction.objects(), context.manager.store().cache(), keys_},
      large_(context.transaction.objects()) {
  const catalog::TableDef& table = *source.version.table;
  merges_counts_ = table.layout.counted;
  const bool shifted = merges_counts_ && scan.with_key;
  layout_ = shifted ? uncounted_layout(table.layout) : table.layout;
  for (const uint16_t column : scan.columns)
    slots_.push_back(static_cast<uint16_t>(table.columns[column].slot + (shifted ? 1 : 0)));
}

Result<void> RowReader::open(const std::string& lower, const std::string& upper) {
  upper_ = upper;
  cursor_.reset();
  if (!source_.version.rows.is_zero()) {
    TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(reader_, source_.version.rows));
    cursor_.emplace(std::move(cursor));
    if (!lower.empty()) TRY(cursor_->seek(lower));
  }
  has_changes_ = source_.overlay != nullptr;
  if (has_changes_) {
    change_ = source_.overlay->rows.lower_bound(lower);
    changes_end_ =
        upper_.empty() ? source_.overlay->rows.end() : source_.overlay->rows.lower_bound(upper_);
  }
  done_ = false;
  return {};
}

Result<bool> RowReader::next(type::Batch& batch, size_t rows_wanted) {
  if (done_) return false;
  type::LineDecoder decoder(layout_, slots_, large_);
  decoder_ = &decoder;
  lines_ = 0;
  text_ = TextMeter();
  while (lines_ < rows_wanted && !done_ && text_.bytes() < kBatchTextBytes) TRY(step());
  if (lines_ == 0) return false;
  batch = finish(decoder);
  return true;
}

type::Batch RowReader::finish(type::LineDecoder& decoder) {
  type::Batch batch = decoder.finish();
  if (!scan_.with_key) return batch;
  batch.rows = lines_;
  batch.columns.push_back(key_column_.finish());
  batch.columns.push_back(line_column_.finish());
  return batch;
}

Result<std::optional<Bytes>> RowReader::stored_line(Bytes key) {
  if (source_.version.rows.is_zero()) return std::optional<Bytes>();
  if (!cursor_.has_value()) {
    TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(reader_, source_.version.rows));
    cursor_.emplace(std::move(cursor));
  }
  TRY(cursor_->seek(key));
  if (cursor_->at_end() || cursor_->key() != key) return std::optional<Bytes>();
  return std::optional<Bytes>(cursor_->line());
}

Result<type::Batch> RowReader::read(std::span<const std::string> keys, size_t& done) {
  type::LineDecoder decoder(layout_, slots_, large_);
  decoder_ = &decoder;
  lines_ = 0;
  text_ = TextMeter();
  for (done = 0; done < keys.size() && text_.bytes() < kBatchTextBytes; ++done) {
    const std::string& key = keys[done];
    if (source_.overlay != nullptr) {
      const auto change = source_.overlay->rows.find(Bytes(key));
      if (change != source_.overlay->rows.end()) {
        TRY_ASSIGN(const auto stored, merges_counts_
                                          ? stored_line(key)
                                          : Result<std::optional<Bytes>>(std::optional<Bytes>()));
        TRY(add_change(key, change->second, stored));
        continue;
      }
    }
    TRY_ASSIGN(const auto stored, stored_line(key));
    if (!stored) return derived::damaged_index(*source_.version.table);
    TRY(add_lines(*cursor_->leaf(), cursor_->index_in_leaf(), cursor_->index_in_leaf() + 1));
  }
  return finish(decoder);
}

Result<type::Batch> RowReader::read_found(std::span<const std::string> keys,
                                          std::vector<uint32_t>& found) {
  type::LineDecoder decoder(layout_, slots_, large_);
  decoder_ = &decoder;
  lines_ = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    const size_t before = lines_;
    const auto change =
        source_.overlay != nullptr ? source_.overlay->rows.find(Bytes(keys[i])) : ChangeIterator();
    if (source_.overlay != nullptr && change != source_.overlay->rows.end()) {
      TRY(add_change(keys[i], change->second, std::nullopt));
    } else {
      TRY_ASSIGN(const auto stored, stored_line(keys[i]));
      if (stored)
        TRY(add_lines(*cursor_->leaf(), cursor_->index_in_leaf(), cursor_->index_in_leaf() + 1));
    }
    if (lines_ > before) found.push_back(static_cast<uint32_t>(i));
  }
  return finish(decoder);
}

// One leaf with the changes that fall before its end, or the changes behind the last leaf.
Result<void> RowReader::step() {
  const auto take_change = [&](std::optional<Bytes> stored) {
    const auto& [key, change] = *change_;
    ++change_;
    return add_change(key, change, stored);
  };
  if (!cursor_.has_value() || cursor_->at_end() || (!upper_.empty() && cursor_->key() >= upper_)) {
    while (has_changes_ && change_ != changes_end_) TRY(take_change(std::nullopt));
    done_ = true;
    return {};
  }
  const std::shared_ptr<const tree::Leaf> leaf = cursor_->leaf();
  size_t at = cursor_->index_in_leaf();
  const size_t end = upper_.empty() ? leaf->size() : leaf->lower_bound(upper_);
  while (has_changes_ && change_ != changes_end_ && at < end &&
         Bytes(change_->first) <= leaf->key(end - 1)) {
    const size_t place = std::max(at, leaf->lower_bound(change_->first));
    TRY_ASSIGN(at, add_leaf(*leaf, at, place));
    if (at < place) return cursor_->seek(leaf->key(at));
    const bool replaces = leaf->key(place) == Bytes(change_->first);
    TRY(take_change(replaces ? std::optional<Bytes>(leaf->line(place)) : std::nullopt));
    if (replaces) ++at;
  }
  TRY_ASSIGN(at, add_leaf(*leaf, at, end));
  return at < end ? cursor_->seek(leaf->key(at)) : cursor_->next_leaf();
}

// Lines whose values lie elsewhere may be of any size: they are added one by one, and not all when
// that becomes too much for a batch.
Result<size_t> RowReader::add_leaf(const tree::Leaf& leaf, size_t from, size_t to) {
  const Bytes lines = from < to ? lines_of(leaf, from, to) : Bytes();
  if (lines.find(kLargeMark) == Bytes::npos) {
    TRY(add_lines(leaf, from, to));
    return to;
  }
  while (from < to && (lines_ == 0 || text_.bytes() < kBatchTextBytes)) {
    TRY(add_lines(leaf, from, from + 1));
    ++from;
  }
  return from;
}

Result<void> RowReader::add_lines(const tree::Leaf& leaf, size_t from, size_t to) {
  if (from >= to) return {};
  if (scan_.each_row) {
    for (size_t i = from; i < to; ++i) TRY(add_each(leaf.key(i), leaf.line(i)));
    return {};
  }
  TRY(decoder_->add(lines_of(leaf, from, to), leaf.owner()));
  lines_ += to - from;
  if (!scan_.with_key) return {};
  for (size_t i = from; i < to; ++i) {
    key_column_.append_string(leaf.key(i));
    line_column_.append_string(leaf.line(i));
  }
  return {};
}

// Equal rows one by one: a statement that evaluates something volatile does so once for each.
Result<void> RowReader::add_each(Bytes key, Bytes line) {
  TRY_ASSIGN(const uint64_t count, line_count(line));
  const std::string one = type::with_line_count(line, 1);
  const auto text = std::make_shared<std::string>();
  for (uint64_t n = 0; n < count; ++n) {
    key_column_.append_string(row_key(key, n));
    line_column_.append_string(one);
    *text += one;
    *text += '\n';
  }
  lines_ += count;
  return decoder_->add(*text, text);
}

// A change on top of the stored line with its key, if there is one.
Result<void> RowReader::add_change(const std::string& key, const txn::RowChange& change,
                                   std::optional<Bytes> stored) {
  auto line = std::make_shared<std::string>();
  if (merges_counts_) {
    int64_t count = change.count_delta;
    if (stored.has_value()) {
      TRY_ASSIGN(const uint64_t before, line_count(*stored));
      count += static_cast<int64_t>(before);
    }
    if (count <= 0) return {};
    if (!stored.has_value() && !change.line.has_value())
      return Error(ErrorCode::kInternal, "a changed row has no line");
    *line = type::with_line_count(stored.has_value() ? *stored : Bytes(*change.line),
                            static_cast<uint64_t>(count));
  } else {
    if (!change.line.has_value()) return {};
    *line = *change.line;
  }
  if (scan_.each_row) return add_each(key, *line);
  if (scan_.with_key) {
    key_column_.append_string(key);
    line_column_.append_string(*line);
  }
  *line += '\n';
  TRY(decoder_->add(*line, line));
  ++lines_;
  return {};
}

Result<bool> filter_and_trim(const plan::ScanSpec& scan, const expr::EvalContext& eval,
                             std::vector<uint32_t>& rows, type::Batch& batch) {
  const auto trim = [&] {
    batch.columns.erase(batch.columns.begin() + static_cast<ptrdiff_t>(scan.output_columns),
                        batch.columns.begin() + static_cast<ptrdiff_t>(scan.columns.size()));
  };
  if (scan.filter == nullptr) {
    trim();
    return batch.rows > 0;
  }
  rows.clear();
  TRY(filter_rows(*scan.filter, batch, eval, rows));
  trim();
  if (rows.empty()) return false;
  if (rows.size() == batch.rows) return true;
  batch = keep_rows(batch, rows);
  return true;
}

}  // namespace rowan::exec
