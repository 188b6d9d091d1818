#include "engine/cursors.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ensure.h"
#include "exec/operators.h"

namespace rowan::engine {

Cursor::Cursor(std::unique_ptr<Rows> rows, Reach reach, Facts facts, MemoryBudget& memory)
    : rows_(std::move(rows)),
      columns_(std::make_shared<const std::vector<ColumnInfo>>(rows_->columns())),
      reach_(reach),
      facts_(std::move(facts)),
      account_(&memory) {}

Result<FetchedRows> Cursor::fetch(sql::FetchDirection direction, int64_t count) {
  const bool is_negative = count < 0;
  const uint64_t size = is_negative ? uint64_t{0} - static_cast<uint64_t>(count)
                                    : static_cast<uint64_t>(count);
  auto fetched = [&]() -> Result<FetchedRows> {
    switch (direction) {
      case sql::FetchDirection::kForward:
        if (size == 0) return current();
        return is_negative ? backward(size) : forward(size);
      case sql::FetchDirection::kBackward:
        if (size == 0) return current();
        return is_negative ? forward(size) : backward(size);
      case sql::FetchDirection::kAbsolute:
        return is_negative ? from_end(size) : go_to(size);
      case sql::FetchDirection::kRelative:
        return relative(count);
    }
    return FetchedRows();
  }();
  forget();
  return fetched;
}

Result<FetchedRows> Cursor::forward(uint64_t count) {
  const uint64_t from = at_ + 1;
  const uint64_t to = count > UINT64_MAX - at_ ? UINT64_MAX : at_ + count;
  TRY(read_to(to));
  FetchedRows fetched;
  collect(from, std::min(to, read_), false, fetched);
  at_ = std::min(to, read_ + 1);
  return fetched;
}

Result<FetchedRows> Cursor::backward(uint64_t count) {
  FetchedRows fetched;
  const uint64_t to = count < at_ ? at_ - count : 0;  // Where it comes to.
  TRY(check_back(std::max<uint64_t>(to, 1)));
  if (at_ > 1) collect(std::max<uint64_t>(to, 1), at_ - 1, true, fetched);
  at_ = to;
  return fetched;
}

Result<FetchedRows> Cursor::go_to(uint64_t row) {
  if (at_ > 0 && row <= at_) TRY(check_back(row));
  TRY(read_to(row));
  at_ = std::min(row, read_ + 1);
  FetchedRows fetched;
  if (at_ > 0) collect(at_, std::min(at_, read_), false, fetched);
  return fetched;
}

Result<FetchedRows> Cursor::from_end(uint64_t row) {
  if (reach_.never) TRY(check_back(0));
  TRY(read_to(UINT64_MAX));
  return go_to(row > read_ ? 0 : read_ + 1 - row);
}

Result<FetchedRows> Cursor::relative(int64_t count) {
  if (count == 0) return current();
  if (count > 0) return go_to(at_ + static_cast<uint64_t>(count));
  const uint64_t back = uint64_t{0} - static_cast<uint64_t>(count);
  return go_to(back < at_ ? at_ - back : 0);
}

Result<FetchedRows> Cursor::current() {
  FetchedRows fetched;
  if (at_ == 0 || at_ > read_) return fetched;
  TRY(check_back(at_));
  collect(at_, at_, false, fetched);
  return fetched;
}

Result<void> Cursor::read_to(uint64_t row) {
  while (!is_whole_ && read_ < row) {
    type::Batch batch;
    TRY_ASSIGN(const bool more, take_batch(*rows_, batch));
    if (!more) {
      is_whole_ = true;
      rows_.reset();
      break;
    }
    if (batch.rows == 0) continue;
    TRY(account_.add(exec::batch_bytes(batch)));
    read_ += batch.rows;
    kept_.push_back(std::move(batch));
  }
  return {};
}

Result<void> Cursor::check_back(uint64_t row) const {
  if (!reach_.never && (row > forgotten_ || forgotten_ == 0)) return {};
  return Error(ErrorCode::kObjectNotInState, "cursor can only scan forward")
      .with_hint("Declare it with SCROLL option to enable backward scan.");
}

// Rows `from` to `to`, which are kept.
void Cursor::collect(uint64_t from, uint64_t to, bool is_reversed, FetchedRows& into) const {
  if (from > to) return;
  into.count += to - from + 1;
  uint64_t first = forgotten_ + 1;  // Of the batch.
  for (const type::Batch& batch : kept_) {
    const uint64_t begin = std::max(from, first);
    const uint64_t end = std::min(to + 1, first + batch.rows);
    if (begin < end) {
      const auto rows = static_cast<uint32_t>(end - begin);
      if (is_reversed) {
        std::vector<uint32_t> numbers(rows);
        for (uint32_t i = 0; i < rows; ++i) numbers[i] = static_cast<uint32_t>(end - 1 - i - first);
        into.batches.insert(into.batches.begin(), batch.gather(numbers.data(), rows));
      } else {
        into.batches.push_back(batch.slice(begin - first, rows));
      }
    }
    first += batch.rows;
  }
}

// What it need not, or can no longer, go back to.
void Cursor::forget() {
  if (reach_.always) return;
  while (!kept_.empty() && (reach_.never || account_.held() > reach_.bytes_max) &&
         forgotten_ + kept_.front().rows < at_) {
    const size_t bytes = exec::batch_bytes(kept_.front());
    forgotten_ += kept_.front().rows;
    kept_.pop_front();
    ignore_error(account_.hold(account_.held() - std::min(bytes, account_.held())),
                 "holding less never fails");
  }
}

// ---- Those of a session ----

Result<void> Cursors::check_new(std::string_view name) const {
  if (!cursors_.contains(name)) return {};
  return Error(ErrorCode::kDuplicateCursor, fmt::format("cursor \"{}\" already exists", name));
}

void Cursors::add(std::string_view name, std::unique_ptr<Cursor> cursor, bool is_safe) {
  cursors_.emplace(std::string(name), Entry{std::move(cursor), next_number_++, is_safe});
}

Result<Cursor*> Cursors::find(std::string_view name) const {
  const auto found = cursors_.find(name);
  if (found != cursors_.end()) return found->second.cursor.get();
  return Error(ErrorCode::kInvalidCursorName, fmt::format("cursor \"{}\" does not exist", name));
}

Result<ColumnInfos> Cursors::columns(std::string_view name) const {
  TRY_ASSIGN(const Cursor* const cursor, find(name));
  return cursor->columns();
}

Result<void> Cursors::close(std::string_view name) {
  TRY(find(name));
  cursors_.erase(cursors_.find(name));
  return {};
}

void Cursors::savepoint(std::string_view name) {
  savepoints_.emplace_back(std::string(name), next_number_);
}

size_t Cursors::find_savepoint(std::string_view name) const {
  size_t at = savepoints_.size();
  while (at > 0 && savepoints_[at - 1].first != name) --at;
  ENSURE(at > 0);
  return at - 1;
}

void Cursors::release(std::string_view name) { savepoints_.resize(find_savepoint(name)); }

void Cursors::rollback_to(std::string_view name) {
  const size_t at = find_savepoint(name);
  std::erase_if(cursors_, [&](const auto& entry) {
    return !entry.second.is_safe && entry.second.number >= savepoints_[at].second;
  });
  savepoints_.resize(at + 1);
}

void Cursors::drop_unheld() {
  std::erase_if(cursors_, [](const auto& entry) { return !entry.second.cursor->facts().is_held; });
}

void Cursors::end_transaction(bool committed) {
  savepoints_.clear();
  if (cursors_.empty()) return;
  std::erase_if(cursors_, [&](const auto& entry) {
    return !entry.second.cursor->facts().is_held || (!committed && !entry.second.is_safe);
  });
  for (auto& [name, entry] : cursors_) entry.is_safe = true;
}

}  // namespace rowan::engine
