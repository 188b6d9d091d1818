// CatalogReader: what the functions of the catalogue (pg_get_indexdef, casts to regclass …) read of
// the running statement's snapshot. The engine supplies it.
//
// Threads: the statement's. Errors: those of reading definitions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rowan::expr {

// What an oid can name: regclass, regtype, regnamespace, regrole, regproc.
enum class ObjectClass : uint8_t { kRelation, kType, kNamespace, kRole, kFunction };

enum class DefinitionKind : uint8_t { kIndex, kConstraint, kView };

class CatalogReader {
 public:
  virtual ~CatalogReader() = default;

  // As SQL would name it here: with its schema only where that is needed. Nothing: no such object.
  virtual Result<std::optional<std::string>> name_of(ObjectClass kind, int64_t oid) = 0;
  // Nothing: no such object. kInvalidName.
  virtual Result<std::optional<int64_t>> oid_of(ObjectClass kind, std::string_view name) = 0;
  // Whether the relation's name alone means it. Nothing: no such relation.
  virtual Result<std::optional<bool>> is_visible(int64_t relation) = 0;
  // The statement or clause that makes it.
  struct Wanted {
    int64_t column = 0;      // Of an index, that one alone (from 1).
    bool is_pretty = false;  // A table's schema only where it is needed.
  };
  virtual Result<std::optional<std::string>> definition_of(DefinitionKind kind, int64_t oid,
                                                           const Wanted& wanted) = 0;
  // The sequence behind a column, with its schema. Nothing: there is none. kUndefinedTable,
  // kUndefinedColumn.
  virtual Result<std::optional<std::string>> sequence_of(std::string_view table,
                                                         std::string_view column) = 0;
  // A parameter's value. Nothing: no such parameter.
  virtual std::optional<std::string> setting(std::string_view name) = 0;
  // As SET, or SET LOCAL, does it; what it is then. Its errors.
  virtual Result<std::string> change_setting(std::string_view name, std::string_view value,
                                             bool is_local) = 0;
};

}  // namespace rowan::expr
