// RowsReader: one table's rows, read leniently and given back in their one spelling and order.
//
// Threads: one. The store, the pending objects, the work and the fault must outlive it.
// Errors:  kInvalidContent and those of a value, with the file; the line is noted in the fault's
//          place.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/table.h"
#include "engine/import/fault.h"
#include "engine/import/foreign_work.h"
#include "store/object_store.h"
#include "type/row_codec.h"

namespace rowan::engine {

class RowsReader {
 public:
  // `as_they_stand`: where it is given, NULL in a NOT NULL column is read as NULL, and of lines with
  // one key the first in the files' order is the row; the first such fault is kept there.
  RowsReader(store::PendingObjects& made, store::ObjectStore& store, ForeignWork& work,
             catalog::TableVersion version, const Fault& invalid,
             std::optional<Error>* as_they_stand = nullptr);

  Result<Oid> canonical_rows(const std::string& path);

  // The same on top of rows of the same definition that are known to be valid: only folders and
  // leaves that differ are read.
  Result<Oid> canonical_rows_on(const std::string& path, const Oid& old);

  // After canonical_rows_on: what its changed rows keep out of line is there, and nothing else came
  // or went. False: it takes a look at every row to say.
  Result<bool> follows_large(const std::string& path, const Oid& old_large);

  // After canonical_rows: each out-of-line value belongs to a row, and each row's are there. Equal
  // rows without a primary key share theirs, which a commit leaves behind when the last of them goes.
  Result<void> check_large(const std::string& path, const Oid& rows, const Oid& known_large);

  // Sets `found` to where `line` stands below a folder; true when it does.
  Result<bool> find(const std::string& path, const Oid& id, int depth, Bytes line,
                    Place& found) const;

 private:
  struct LeafFile {
    std::string path;
    Oid id;
    uint64_t times = 1;  // Equal ones of a table without a primary key; 0: it is of no account.
  };
  // The leaves below a folder. Rows stand once, and so do folders and leaves: what comes back is no
  // reason to read it again.
  struct Leaves {
    std::vector<LeafFile> files;
    std::unordered_map<Oid, size_t, OidHash> places;  // In `files`.
    std::unordered_set<Oid, OidHash> folders;
  };
  struct Line {
    std::string key;
    std::string text;
    uint64_t count = 1;
    std::shared_ptr<const std::string> file;
    uint64_t number = 0;
  };

  Result<void> repeated(const Line& line) const;

  Result<void> keep_or_fail(Error error) const;

  Result<void> read_leaves(const Leaves& leaves);

  Result<void> enter_folder(const std::string& path, const Oid& id, int depth,
                            Leaves& leaves) const;

  Result<void> add_leaf(const std::string& path, const tree::TreeEntry& entry,
                        Leaves& leaves) const;

  // The leaves of two folders where they differ. What has the same name and id on both sides is not
  // looked into.
  Result<void> compare_folders(const std::string& path, const Oid& here, const Oid& there,
                               int depth, Leaves& new_leaves, Leaves& old_leaves) const;

  // Leaves that only stand elsewhere hold no change. Each counts once: a second copy repeats its
  // rows.
  static void drop_shared(Leaves& here, Leaves& there);

  Result<bool> has_row(const Oid& rows, Bytes key) const;

  Result<void> read_old(const Leaves& leaves);

  static bool names_large(Bytes line) { return line.find("{\"large\":") != Bytes::npos; }

  Result<void> each_large(
      Bytes key, Bytes line,
      const std::function<Result<void>(const std::string&, const type::LargeRef&)>& visit) const;

  // All leaves below a folder.
  Result<void> list_folder(const std::string& path, const Oid& id, int depth,
                           Leaves& leaves) const;

  Result<void> read_leaf(const LeafFile& leaf);

  Result<bool> find_in_leaf(const std::string& path, const Oid& id, Bytes line,
                            Place& found) const;

  Result<Line> read_line(Bytes text);

  Result<std::string> respelled(const std::string& text) const;

  Error in_column(size_t slot, const Error& error) const;

  // The error of a line, with the column whose value alone gives one, too.
  Error in_its_column(const std::string& line, const Error& error) const;

  Result<void> check_values(Bytes line, const std::vector<Bytes>& elements);

  // The rule by which values leave a line (T9): a longer one would be spelled otherwise by us.
  static Result<void> check_inline(type::Type type, Bytes element, size_t line_bytes);

  // The line of a table without a primary key stands for `count` rows `more` times more.
  Result<void> set_count(const std::string& path, Line& line, uint64_t count, uint64_t more) const;

  // Rows without a primary key that stand on several lines are one line with their number.
  Result<void> sort_lines(const std::string& path);

  Result<void> count_large(const std::string& path, Bytes key, Bytes line, uint64_t& named);

  store::PendingObjects& made_;
  store::ObjectStore& store_;
  ForeignWork& work_;
  const catalog::TableVersion version_;
  const catalog::TableLineKeys keys_;
  const Fault& invalid_;
  std::optional<Error>* const as_they_stand_;
  std::vector<Line> lines_;  // Of the leaves that were read.
  std::map<std::string, std::string, std::less<>>
      old_lines_;  // Of those that they replace, by key.
  bool names_large_ = false;
  bool old_names_large_ = false;
  std::unordered_set<Oid, OidHash> read_blobs_;  // Of out-of-line values.
};

}  // namespace rowan::engine
