// The rows of the matrix (definitions changed) and its columns (rows changed).
//
// The table is t (k int [PRIMARY KEY], a text, m int, d text DEFAULT 'dd') with five rows.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace matrix {

struct Definition {
  std::string sql;  // Statements, run as one transaction.
  // By name after it: which column of before it is; a name that is not here is that column, or new.
  std::map<std::string, std::string> names = {};
  // By column: the type that its values are compared in, before it (for a merge that takes it over)
  // and after it (for one that undoes it).
  std::map<std::string, std::string> types = {}, undone_types = {};
  // Columns that hold numbers alone again when it is undone, whatever they hold after it.
  std::vector<std::string> undone_numbers = {};
  // Of columns it adds: what rows that were there already have.
  std::map<std::string, std::string> fill = {};
  std::string key = "k";      // The key after it, of a table that had one. Empty: none.
  bool may_violate = false;   // Rows of the other side may break what it demands.
  std::string table = "t";    // Its name after it.
};

inline const std::vector<Definition>& definitions() {
  static const std::vector<Definition> all = {
      {"ALTER TABLE t ADD COLUMN c int"},
      {.sql = "ALTER TABLE t ADD COLUMN c int DEFAULT 5", .fill = {{"c", "5"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c text NOT NULL DEFAULT 'n'", .fill = {{"c", "n"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c boolean DEFAULT true", .fill = {{"c", "t"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c numeric(5,1) DEFAULT 1.5", .fill = {{"c", "1.5"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c date DEFAULT '2020-02-02'", .fill = {{"c", "2020-02-02"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c timestamp DEFAULT '2020-02-02 10:00'",
       .fill = {{"c", "2020-02-02 10:00:00"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c jsonb DEFAULT '{\"a\": 1}'", .fill = {{"c", "{\"a\": 1}"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c bytea DEFAULT '\\x01'", .fill = {{"c", "\\x01"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c double precision DEFAULT 1.5", .fill = {{"c", "1.5"}}},
      {"ALTER TABLE t ADD COLUMN c uuid"},
      {"ALTER TABLE t ADD COLUMN c int; UPDATE t SET c = k"},
      {.sql = "ALTER TABLE t ADD COLUMN c int DEFAULT 5; UPDATE t SET c = 9 WHERE k = 2",
       .fill = {{"c", "5"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c int DEFAULT 5; UPDATE t SET c = NULL WHERE k < 4",
       .fill = {{"c", "5"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c int DEFAULT 5; ALTER TABLE t ALTER COLUMN c SET DEFAULT 6",
       .fill = {{"c", "5"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c int DEFAULT 5; ALTER TABLE t ALTER COLUMN c DROP DEFAULT",
       .fill = {{"c", "5"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c int DEFAULT 5; ALTER TABLE t ALTER COLUMN c TYPE text",
       .fill = {{"c", "5"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c int DEFAULT 5; ALTER TABLE t DROP COLUMN c; "
              "ALTER TABLE t ADD COLUMN c int DEFAULT 7",
       .fill = {{"c", "7"}}},
      {"ALTER TABLE t ADD COLUMN c int DEFAULT 5; ALTER TABLE t DROP COLUMN c"},
      {.sql = "ALTER TABLE t ADD COLUMN c int DEFAULT 5; ALTER TABLE t RENAME COLUMN c TO e",
       .fill = {{"e", "5"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c int DEFAULT 5; ALTER TABLE t ADD COLUMN e text DEFAULT 'e'",
       .fill = {{"c", "5"}, {"e", "e"}}},
      {.sql = "ALTER TABLE t ADD COLUMN c int DEFAULT 5; ALTER TABLE t DROP COLUMN d",
       .fill = {{"c", "5"}}},
      {.sql = "ALTER TABLE t DROP COLUMN d; ALTER TABLE t ADD COLUMN c int DEFAULT 5",
       .fill = {{"c", "5"}}},
      {"ALTER TABLE t DROP COLUMN a"},
      {"ALTER TABLE t DROP COLUMN m"},
      {"ALTER TABLE t DROP COLUMN d"},
      {"ALTER TABLE t DROP COLUMN a; ALTER TABLE t DROP COLUMN d"},
      {"ALTER TABLE t DROP COLUMN d; UPDATE t SET a = 'A' WHERE k = 3"},
      {"ALTER TABLE t DROP COLUMN m; ALTER TABLE t ALTER COLUMN a TYPE varchar(40)"},
      {.sql = "ALTER TABLE t DROP COLUMN a; ALTER TABLE t ALTER COLUMN m TYPE text",
       .types = {{"m", "text"}}, .undone_types = {{"m", "int"}}},
      {.sql = "ALTER TABLE t DROP COLUMN d; ALTER TABLE t ADD COLUMN d text",
       .names = {{"d", "new d"}}},
      {.sql = "ALTER TABLE t DROP COLUMN d; ALTER TABLE t ADD COLUMN d text DEFAULT 'new'",
       .names = {{"d", "new d"}}, .fill = {{"new d", "new"}}},
      {.sql = "ALTER TABLE t DROP COLUMN d; ALTER TABLE t ADD COLUMN d int DEFAULT 3",
       .names = {{"d", "new d"}}, .fill = {{"new d", "3"}}},
      {.sql = "ALTER TABLE t DROP COLUMN m; ALTER TABLE t ADD COLUMN m bigint DEFAULT 0",
       .names = {{"m", "new m"}}, .fill = {{"new m", "0"}}},
      {.sql = "ALTER TABLE t DROP COLUMN m; ALTER TABLE t RENAME COLUMN a TO m",
       .names = {{"m", "a"}}},
      {.sql = "ALTER TABLE t RENAME COLUMN a TO z", .names = {{"z", "a"}}},
      {.sql = "ALTER TABLE t RENAME COLUMN a TO z; ALTER TABLE t RENAME COLUMN d TO a",
       .names = {{"z", "a"}, {"a", "d"}}},
      {.sql = "ALTER TABLE t RENAME COLUMN a TO x; ALTER TABLE t RENAME COLUMN d TO a; "
              "ALTER TABLE t RENAME COLUMN x TO d",
       .names = {{"d", "a"}, {"a", "d"}}},
      {.sql = "ALTER TABLE t RENAME COLUMN a TO z; ALTER TABLE t DROP COLUMN d",
       .names = {{"z", "a"}}},
      {.sql = "ALTER TABLE t RENAME COLUMN k TO id", .names = {{"id", "k"}}},
      {.sql = "ALTER TABLE t RENAME COLUMN m TO n; ALTER TABLE t ALTER COLUMN n TYPE bigint",
       .names = {{"n", "m"}}, .types = {{"m", "bigint"}}, .undone_types = {{"m", "int"}}},
      {.sql = "ALTER TABLE t RENAME TO t2", .table = "t2"},
      {.sql = "ALTER TABLE t RENAME TO t2; ALTER TABLE t2 ADD COLUMN c int DEFAULT 5",
       .fill = {{"c", "5"}}, .table = "t2"},
      {.sql = "ALTER TABLE t ALTER COLUMN m TYPE bigint", .types = {{"m", "bigint"}},
       .undone_types = {{"m", "int"}}},
      {.sql = "ALTER TABLE t ALTER COLUMN m TYPE text", .types = {{"m", "text"}},
       .undone_types = {{"m", "int"}}},
      {.sql = "ALTER TABLE t ALTER COLUMN m TYPE numeric(10,2)", .types = {{"m", "numeric(10,2)"}},
       .undone_types = {{"m", "int"}}},
      {.sql = "ALTER TABLE t ALTER COLUMN m TYPE double precision",
       .types = {{"m", "double precision"}}, .undone_types = {{"m", "int"}}},
      {.sql = "ALTER TABLE t ALTER COLUMN m TYPE smallint", .types = {{"m", "smallint"}},
       .undone_types = {{"m", "int"}}},
      {.sql = "ALTER TABLE t ALTER COLUMN m TYPE bigint USING m * 10", .types = {{"m", "bigint"}},
       .undone_types = {{"m", "int"}}},
      {.sql = "ALTER TABLE t ALTER COLUMN m TYPE int USING m * 10"},
      {.sql = "ALTER TABLE t ALTER COLUMN m TYPE text USING 'v' || m", .types = {{"m", "text"}},
       .undone_numbers = {"m"}},
      {.sql = "ALTER TABLE t ALTER COLUMN m TYPE bigint USING m * 10; ALTER TABLE t DROP COLUMN d",
       .types = {{"m", "bigint"}}, .undone_types = {{"m", "int"}}},
      {.sql = "ALTER TABLE t ALTER COLUMN m TYPE text; "
              "ALTER TABLE t ALTER COLUMN m TYPE int USING m::int"},
      {.sql = "ALTER TABLE t ALTER COLUMN m TYPE bigint; ALTER TABLE t ADD COLUMN c int DEFAULT 5",
       .types = {{"m", "bigint"}}, .undone_types = {{"m", "int"}}, .fill = {{"c", "5"}}},
      {.sql = "ALTER TABLE t ALTER COLUMN a TYPE varchar(50)"},
      {.sql = "ALTER TABLE t ALTER COLUMN d TYPE varchar(10)"},
      {.sql = "ALTER TABLE t ALTER COLUMN a TYPE text USING upper(a)"},
      {.sql = "ALTER TABLE t ALTER COLUMN k TYPE bigint", .types = {{"k", "bigint"}},
       .undone_types = {{"k", "int"}}},
      {.sql = "ALTER TABLE t ALTER COLUMN k TYPE text", .types = {{"k", "text"}},
       .undone_types = {{"k", "int"}}},
      {.sql = "ALTER TABLE t ALTER COLUMN m SET DEFAULT 7"},
      {.sql = "ALTER TABLE t ALTER COLUMN d DROP DEFAULT"},
      {.sql = "ALTER TABLE t ALTER COLUMN m SET NOT NULL", .may_violate = true},
      {.sql = "ALTER TABLE t ADD CHECK (m > 0)", .may_violate = true},
      {.sql = "ALTER TABLE t ADD CHECK (m < 1000); ALTER TABLE t ADD COLUMN c int DEFAULT 5",
       .fill = {{"c", "5"}}, .may_violate = true},
      {.sql = "ALTER TABLE t ADD UNIQUE (a)", .may_violate = true},
      {.sql = "CREATE INDEX ti ON t (m)"},
      {.sql = "CREATE UNIQUE INDEX ti ON t (a)", .may_violate = true},
      {.sql = "ALTER TABLE t DROP CONSTRAINT t_pkey", .key = ""},
      {.sql = "ALTER TABLE t DROP COLUMN k", .key = ""},
      {.sql = "ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD PRIMARY KEY (a)", .key = "a",
       .may_violate = true},
      {.sql = "ALTER TABLE t SET MERGE RULE newest"},
      {.sql = "CREATE VIEW v AS SELECT k FROM t"},
  };
  return all;
}

// Each runs on one side, in one transaction.
inline const std::vector<std::string>& row_changes() {
  static const std::vector<std::string> all = {
      "UPDATE t SET a = 'A2' WHERE k = 2",
      "UPDATE t SET m = 99 WHERE k = 2",
      "UPDATE t SET d = 'DD' WHERE k = 2",
      "UPDATE t SET a = 'B' || k, m = m + 1",
      "UPDATE t SET d = NULL WHERE k IN (1, 2)",
      "DELETE FROM t WHERE k = 2",
      "DELETE FROM t",
      "INSERT INTO t (k, a, m) VALUES (6, 'a6', 60)",
      "INSERT INTO t (k) VALUES (6)",
      "DELETE FROM t WHERE k = 2; INSERT INTO t (k, a, m) VALUES (2, 'again', 20)",
      "UPDATE t SET k = 20 WHERE k = 2",
      "INSERT INTO t (k, a, m) VALUES (7, 'a7', 70); DELETE FROM t WHERE k = 1; "
      "UPDATE t SET m = 44 WHERE k = 4",
      // A definition on this side, too.
      "ALTER TABLE t ADD COLUMN c int DEFAULT 7; UPDATE t SET a = 'C' WHERE k = 3",
  };
  return all;
}

}  // namespace matrix
