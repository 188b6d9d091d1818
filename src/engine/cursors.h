// Cursors of SQL: DECLARE, FETCH, MOVE, CLOSE. A cursor reads its query as far as was asked for, and
// keeps what it has read so that it can go back: all of it with SCROLL, else as long as it fits into
// work_mem.
//
// Lifetime: a cursor reads through its session.
// Threads:  the session's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/memory_budget.h"
#include "base/result.h"
#include "engine/rows.h"
#include "sql/ast.h"
#include "type/column.h"

namespace rowan::engine {

struct FetchedRows {
  std::vector<type::Batch> batches;
  uint64_t count = 0;
};

class Cursor {
 public:
  // How far it may go back.
  struct Reach {
    bool always = false;    // SCROLL
    bool never = false;     // NO SCROLL
    size_t bytes_max = 0;   // Of kept rows, where neither was said.
  };
  struct Facts {
    bool is_held = false;    // WITH HOLD
    bool is_binary = false;  // Who says no format himself gets its rows in binary.
    std::string text;        // Its DECLARE.
    int64_t made_us = 0;     // Since 2000.
  };
  // `rows`: of which none was read.
  Cursor(std::unique_ptr<Rows> rows, Reach reach, Facts facts, MemoryBudget& memory);

  const ColumnInfos& columns() const { return columns_; }
  // kObjectNotInState: it cannot go back there. Errors of the query.
  Result<FetchedRows> fetch(sql::FetchDirection direction, int64_t count);

  const Facts& facts() const { return facts_; }
  bool may_go_back() const { return !reach_.never; }

 private:
  // Rows are numbered from 1. The cursor is before the first (0), on one, or behind the last.
  Result<FetchedRows> forward(uint64_t count);
  Result<FetchedRows> backward(uint64_t count);
  Result<FetchedRows> go_to(uint64_t row);
  Result<FetchedRows> from_end(uint64_t row);  // 1: the last one.
  Result<FetchedRows> relative(int64_t count);
  Result<FetchedRows> current();
  Result<void> read_to(uint64_t row);
  Result<void> check_back(uint64_t row) const;
  void collect(uint64_t from, uint64_t to, bool is_reversed, FetchedRows& into) const;
  void forget();

  std::unique_ptr<Rows> rows_;
  const ColumnInfos columns_;
  const Reach reach_;
  const Facts facts_;
  MemoryAccount account_;
  std::deque<type::Batch> kept_;
  uint64_t forgotten_ = 0;  // Rows before those that are kept.
  uint64_t read_ = 0;       // Rows that were read, those forgotten included.
  uint64_t at_ = 0;
  bool is_whole_ = false;  // All was read.
};

// Those of a session, by name.
class Cursors {
 public:
  Result<void> check_new(std::string_view name) const;  // kDuplicateCursor
  // `is_safe`: no transaction takes it back.
  void add(std::string_view name, std::unique_ptr<Cursor> cursor, bool is_safe);
  Result<Cursor*> find(std::string_view name) const;  // kInvalidCursorName
  Result<ColumnInfos> columns(std::string_view name) const;
  Result<void> close(std::string_view name);
  void visit(const std::function<void(const std::string& name, const Cursor&)>& each) const {
    for (const auto& [name, entry] : cursors_) each(name, *entry.cursor);
  }
  void clear() { cursors_.clear(); }

  // ---- What transactions do to them ----
  void savepoint(std::string_view name);
  void release(std::string_view name);
  void rollback_to(std::string_view name);
  void drop_unheld();
  void end_transaction(bool committed);

 private:
  struct Entry {
    std::unique_ptr<Cursor> cursor;
    uint64_t number;  // In the order in which they were made.
    bool is_safe;
  };
  size_t find_savepoint(std::string_view name) const;

  std::map<std::string, Entry, std::less<>> cursors_;
  uint64_t next_number_ = 0;
  std::vector<std::pair<std::string, uint64_t>> savepoints_;  // And the number next then.
};

}  // namespace rowan::engine
