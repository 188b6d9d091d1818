// The objects that differ between two trees, and what a table was called before.
//
// Only folders whose ids differ are read. A table that is gone from one path and stands at another
// is one renamed table when the IDs of its columns say so. Threads: any. Errors:  those of reading;
// kInvalidContent for names that are no names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "store/object_store.h"
#include "tree/git_tree.h"

namespace rowan::diff {

// Where trees are read from.
struct Source {
  const store::ObjectReader& objects;
  store::NodeCache& cache;
};

using sql::ObjectKind;

// One side of a changed object.
struct ObjectSide {
  std::string schema;  // Empty for files.
  std::string name;    // Empty for a schema; a file's is its path.
  std::string path;    // "public/t", with encoded names.
  Oid id;              // The folder, or the file.
  Oid definition;      // The blob of table.sql, view.sql, …; zero: none.
  uint32_t mode = tree::kModeTree;  // Of a file whether it can be run.
};

struct ObjectChange {
  ObjectKind kind = ObjectKind::kOther;
  std::optional<ObjectSide> from;  // Nothing: added.
  std::optional<ObjectSide> to;    // Nothing: removed.

  bool renamed() const { return from && to && from->path != to->path; }
  const ObjectSide& either() const { return to ? *to : *from; }
};

// Sorted by path (of `to`, else of `from`). A zero root is an empty tree. An object whose kind
// changed is removed and added. Passive files (catalog/paths.h) are changes of their own, kOther:
// a table of which only README.md differs is not listed, and README.md of a renamed table is one
// file.
Result<std::vector<ObjectChange>> changed_objects(const Source& source, const Oid& from_root,
                                                  const Oid& to_root);

// The table at a path ("public/t"); nothing when there is none.
Result<std::optional<catalog::TableVersion>> table_at(const Source& source, const Oid& root,
                                                      std::string_view path);

// Whether enough of the first rows of `from` are rows of `to` as well.
Result<bool> shares_rows(const Source& source, const catalog::TableVersion& from,
                         const catalog::TableVersion& to);

// The same by what columns of both have: without a key a row's line is its key, and has what dropped
// columns left in it, or lacks that.
Result<bool> shares_cells(const Source& source, const catalog::TableVersion& from,
                          const catalog::TableVersion& to);

// Where the table that `root` has at `path` was in `before_root`: the same path, or the one it was
// renamed from; nothing: it was not there.
Result<std::optional<std::string>> path_before(const Source& source, const Oid& before_root,
                                               const Oid& root, const std::string& path);

// Where to look for the table further back: as path_before, else the same path, where one of its name
// may have been before it; nothing: another table is there, which goes by another name since.
Result<std::optional<std::string>> path_further_back(const Source& source, const Oid& before_root,
                                                     const Oid& root, const std::string& path,
                                                     const std::optional<std::string>& before);

// Whether the two definitions belong to one table: they share the IDs of most of their columns,
// those of the primary keys among them.
bool same_table(const catalog::TableDef& a, const catalog::TableDef& b);

}  // namespace rowan::diff
