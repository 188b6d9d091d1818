// One table's part of a patch: its definition and its rows. For the patch only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "diff/changes.h"
#include "diff/patch.h"
#include "diff/table_pair.h"

namespace rowan::diff {

// A table on its way. Statements of `leaves` and `early` use the old names, all others the new ones.
struct TableWork {
  std::optional<catalog::TableVersion> from, to;
  bool recreate = false;   // ALTER TABLE cannot get there.
  bool disturbs = false;   // Views over it must go first: columns go, or have another name or type.
  bool keys_move = false;  // So must foreign keys at either end.
  bool loses_columns = false;
  // Which column of `from` each one of `to` was; altered tables only.
  std::vector<std::optional<uint16_t>> kept;
  // The primary key's constraint, when it changes its name alone: from and to.
  std::optional<std::pair<std::string, std::string>> key_rename;
  std::vector<std::string> leaves;  // Defaults that go, before the sequences that they draw from.
  std::vector<std::string> early;  // Identities, constraints and indexes that go.
  std::vector<std::string> shape;  // Columns; or CREATE TABLE.
  std::vector<std::string> deletes, updates, inserts;
  std::vector<std::string> late;   // Defaults and identities that come.
  std::vector<std::string> defaults;  // Those that draw from an identity's sequence.
  std::vector<std::string> parts;  // Constraints and indexes that do.
  // Columns of `to` whose default draws from an identity's sequence, which is there, by its name, only
  // when all tables are.
  std::vector<bool> draws_late;

  bool altered() const { return from && to && !recreate; }
  bool goes() const { return from && !altered(); }  // The table of `from` is dropped.
  bool comes() const { return to && !altered(); }
  bool rows_change() const { return !deletes.empty() || !updates.empty() || !inserts.empty(); }
  // The identity of a column of `to` was there before, sequence and all.
  bool keeps_identity(uint16_t to_column) const;
};

// Writes leaves, early, shape, late, defaults and parts. Requires: work.to and work.draws_late.
Result<void> write_definition(const Source& source, TableWork& work, bool native);
// Writes deletes, updates and inserts. Requires: write_definition().
Result<void> write_rows(const Source& source, TableWork& work, bool native, Patch& patch);

}  // namespace rowan::diff
