// What differs between three trees, object by object: tables, views, sequences and other files
// below the schemas.
//
// Threads: one.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/objects.h"
#include "merge/merge.h"
#include "tree/git_tree.h"

namespace rowan::merge {

using sql::ObjectKind;
std::string_view kind_word(ObjectKind kind);  // "table", "view" …; "object" for what is neither.

// A folder of a schema that is not the same on all sides. Paths and names are encoded.
struct ChangedObject {
  std::string path;         // "public/t".
  std::array<Oid, 3> id{};  // By Side; zero: not there.
  std::array<ObjectKind, 3> kind{};

  bool same(Side a, Side b) const {
    return id[static_cast<size_t>(a)] == id[static_cast<size_t>(b)];
  }
  bool is(Side side, ObjectKind of) const { return kind[static_cast<size_t>(side)] == of; }
};

// A file outside the objects: rowan.json, schema.sql, what people keep beside the data.
struct ChangedFile {
  std::string path;
  std::array<Oid, 3> id{};
  // A folder's: one side has a file there, and another one a folder.
  std::array<uint32_t, 3> mode{tree::kModeBlob, tree::kModeBlob, tree::kModeBlob};
};

struct Changes {
  std::map<std::string, ChangedObject> objects;  // By path.
  std::vector<ChangedFile> files;
};

Result<Changes> find_changes(const store::ObjectReader& objects, store::NodeCache& cache,
                             const std::array<Oid, 3>& roots);

// Adds the tables that are alike on all sides and that `wanted` names by their path: what a side did
// there may be no change on the whole.
using WantedTable = std::function<Result<bool>(const std::string& path)>;
Result<void> add_alike_tables(const store::ObjectReader& objects, store::NodeCache& cache,
                              const std::array<Oid, 3>& roots, const WantedTable& wanted,
                              Changes& changes);

// README.md in the folders of one object, as a file at `path`; where `folders` has none, no side.
Result<ChangedFile> readme_sides(const store::ObjectReader& objects, store::NodeCache& cache,
                                 std::string path, const std::array<Oid, 3>& folders);
// Whether two folders of an object are the same but for README.md.
Result<bool> same_data(const store::ObjectReader& objects, store::NodeCache& cache, const Oid& a,
                       const Oid& b);

// Tables of the base that `side` has under another name: base path to the side's. A table that is
// gone and one that is new are one when the new one has all of the old one's column IDs, and rows of
// it. A table without rows, as it was or as it is, says too little: equal definitions have equal
// IDs. It is taken for renamed when its primary key kept the name that the old table gave it, or when
// it has no rows still and its old name in another schema.
// A name may be another table's by now, too: the path of the one that is most like the old table, by
// its key's name, its rows and its path, in this order. Empty: it is gone, and another one that was
// renamed has its path. `base_is_aside`: the side did not come from the base, and may lack columns of it.
Result<std::map<std::string, std::string>> find_renames(const store::ObjectReader& objects,
                                                        store::NodeCache& cache,
                                                        const std::array<Oid, 3>& roots,
                                                        const Changes& changes, Side side,
                                                        bool base_is_aside = false);

// The same for views, plain and materialised: one that is gone and a new one with its query, both as
// `view_of` has them.
using ViewOf = std::function<Result<catalog::ViewDef>(Side side, const std::string& path)>;
Result<std::map<std::string, std::string>> find_renamed_views(const Changes& changes, Side side,
                                                              const ViewOf& view_of);

// The table at a path below a root. Its `table` is null when there is none.
Result<catalog::TableVersion> table_at(const store::ObjectReader& objects, store::NodeCache& cache,
                                       const Oid& root, const std::string& path);

struct PlainPath {
  std::string schema, name;  // Decoded.
  std::string dotted() const { return schema + "." + name; }
};
Result<PlainPath> decode_path(std::string_view path);

}  // namespace rowan::merge
