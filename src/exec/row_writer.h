// RowWriter: the one way rows are written. It checks NOT NULL, CHECK and key uniqueness, notes what
// foreign keys have to look at when the statement ends, puts long values out of line, takes the
// locks and hands canonical lines to the transaction.
//
// Ownership: borrows the transaction; keeps the table's definition alive.
// Threads:   one at a time.
// Errors:    kNotNullViolation, kCheckViolation, kUniqueViolation, kProgramLimit, and those of
// Transaction.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "exec/constraints.h"
#include "exec/foreign_keys.h"
#include "exec/operator.h"
#include "exec/unique_keys.h"
#include "txn/transaction.h"
#include "type/line_writer.h"
#include "type/row_codec.h"
#include "type/value.h"

namespace rowan::exec {

// Reads out-of-line values through a transaction or store.
class BlobReader final : public type::LargeReader {
 public:
  explicit BlobReader(const store::ObjectReader& objects) : objects_(objects) {}
  Result<std::string> read_large(const type::LargeRef& ref) const override;

 private:
  const store::ObjectReader& objects_;
};

enum class WriteOutcome : uint8_t {
  kWritten,
  kRestart,  // READ COMMITTED: the row has changed since the snapshot; the statement must run
             // again.
};

class RowWriter {
 public:
  RowWriter(
      ExecContext& context,
      catalog::TableVersion table);  // context.unique: not null when the table has unique keys.

  const catalog::TableDef& table() const { return *table_.table; }
  const catalog::TableVersion& version() const { return table_; }

  // One value a column, in column order, already of the column's type. `checked`: its CHECKs are
  // known to hold (CheckBatch).
  Result<void> insert(const std::vector<type::Value>& values, bool checked = false);
  // nullptr: there are none.
  Result<std::shared_ptr<const RowChecks>> checks();

  // A row as encode() made it: the line, its key, and the slots whose values went out of line.
  struct EncodedRow {
    std::string key;
    std::string line;
    std::vector<std::pair<uint16_t, std::string>> large;  // Slot and the blob's bytes.
  };
  Result<void> encode(const std::vector<type::Value>& values, EncodedRow& row,
                      bool checked = false);
  Result<void> check(const std::vector<type::Value>& values) {
    return check_row(values);
  }  // NOT NULL and CHECK.
  const store::ObjectReader& objects() const { return transaction_.objects(); }
  Result<void> insert_encoded(EncodedRow row);

  // `columns` (indexes) take `values`; the others keep their bytes, dropped slots too. `rows` gets
  // the number of rows meant: 1, or the count of a row in a table without a primary key.
  Result<WriteOutcome> update(Bytes key, Bytes line, const std::vector<uint16_t>& columns,
                              const std::vector<type::Value>& values, uint64_t& rows);
  Result<WriteOutcome> remove(Bytes key, Bytes line, uint64_t& rows);

  // For rows that are stored past the transaction (bulk loads): what foreign keys want to know of
  // an inserted line.
  Result<void> note_inserted(Bytes line) { return note_references({}, std::nullopt, {}, line); }

  Error duplicate_key(Bytes line) const;

 private:
  Result<void> get_ready();
  Result<void> check_row(const std::vector<type::Value>& values);
  Result<void> note_references(Bytes old_key, std::optional<Bytes> old_line, Bytes new_key,
                               std::optional<Bytes> new_line);
  Result<void> check_not_null(const std::vector<type::Value>& values) const;
  Result<void> write_line(std::vector<type::Cell>& cells, EncodedRow& row) const;
  Result<void> set_large(Bytes old_key, Bytes old_line, EncodedRow& row);
  Result<WriteOutcome> replace(Bytes key, Bytes line, EncodedRow row, uint64_t count);

  ExecContext& context_;
  txn::Transaction& transaction_;
  bool ready_ = false;
  std::shared_ptr<const RowChecks>
      checks_;  // nullptr: the table has none. Once ready_, as the next.
  const TableReferences* references_ =
      nullptr;           // nullptr: the table has no foreign keys, on neither side.
  UniqueState* unique_;  // nullptr: the table has no unique keys.
  catalog::TableVersion table_;
  std::vector<int32_t> column_of_slot_;  // -1: dropped or never used.
  std::vector<uint8_t> is_key_slot_;
  type::LineWriter lines_;
};

}  // namespace rowan::exec
