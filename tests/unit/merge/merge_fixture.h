// What the tests of merging share: roots written from definitions and lines, in a store that counts
// what is read.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ensure.h"
#include "catalog/catalog.h"
#include "merge/merge.h"
#include "store/node_cache.h"
#include "store/object_store.h"
#include "tree/row_tree.h"
#include "type/key_codec.h"

namespace rowan::merge::testing {

// Objects by id; every read is counted.
class CountedObjects final : public store::ObjectReader {
 public:
  void take(const store::PendingObjects& pending) {
    for (const auto& entry : pending.entries()) {
      objects_.try_emplace(entry.id, entry.type,
                           std::make_shared<const std::string>(entry.object.bytes));
    }
  }
  Result<store::ObjectRef> read(const Oid& id) const override {
    ++reads;
    const auto found = objects_.find(id);
    if (found == objects_.end()) return Error(ErrorCode::kCorruption, "no object " + id.hex());
    return store::ObjectRef{found->second.first, *found->second.second, found->second.second};
  }
  mutable size_t reads = 0;

 private:
  std::unordered_map<Oid, std::pair<store::ObjectType, std::shared_ptr<const std::string>>, OidHash>
      objects_;
};

// What a test says of a table: its definition and its lines, in any order.
struct TestTable {
  std::string sql;
  std::vector<std::string> lines;
  std::map<std::string, std::string> files;  // Others of its folder.
};
using TestRoot =
    std::map<std::string, TestTable>;  // "public.t" to it; an empty sql: only the files.

struct MergeFixture {
  CountedObjects objects;
  store::NodeCache cache{256u << 20};

  static void get(Result<void> result) {
    get(result ? Result<bool>(true) : Result<bool>(result.error()));
  }
  template <typename T>
  static T get(Result<T> result) {
    if (!result) {
      const std::string why = result.error().message() + " " + result.error().detail();
      FAIL(why);
    }
    return std::move(*result);
  }

  static std::pair<std::string, std::string> split(const std::string& dotted) {
    const size_t dot = dotted.find('.');
    return {dotted.substr(0, dot), dotted.substr(dot + 1)};
  }

  Oid write_rows(store::PendingObjects& made, const catalog::TableDef& table,
                 const std::vector<std::string>& lines) {
    std::map<std::string, std::string> rows;
    for (const std::string& line : lines) {
      std::string key;
      ENSURE(type::append_line_key(table.layout, line, key).has_value());
      rows[key] = line;
    }
    tree::Builder builder([&](store::ObjectType type, Bytes bytes) -> Result<Oid> {
      return made.add(type, std::string(bytes));
    });
    for (const auto& [key, line] : rows) ENSURE(builder.add(key, line).has_value());
    return get(builder.finish());
  }

  Oid write(const TestRoot& root) {
    store::PendingObjects made(objects);
    const Oid empty = get(catalog::write_initial_tree(made));
    std::vector<tree::PathEdit> edits;
    for (const auto& [dotted, table] : root) {
      const auto [schema, name] = split(dotted);
      const std::string path = type::encode_name(schema) + "/" + type::encode_name(name);
      for (const auto& [file, text] : table.files)
        edits.push_back(
            {path + "/" + file, tree::kModeBlob, made.add(store::ObjectType::kBlob, text)});
      if (table.sql.empty()) continue;
      const catalog::TableDef def = get(catalog::table_from_sql(table.sql, schema, name));
      edits.push_back({path + "/table.sql", tree::kModeBlob,
                       made.add(store::ObjectType::kBlob, catalog::table_sql(def))});
      const Oid rows = write_rows(made, def, table.lines);
      if (!rows.is_zero()) edits.push_back({path + "/rows", tree::kModeTree, rows});
    }
    const Oid id =
        edits.empty() ? empty : get(tree::edit_paths(made, cache, empty, std::move(edits)));
    objects.take(made);
    return id;
  }

  Outcome merge(Request request) {
    store::PendingObjects made(objects);
    Outcome outcome = get(merge_trees(made, cache, request));
    objects.take(made);
    return outcome;
  }
  Outcome merge(const Oid& base, const Oid& ours, const Oid& theirs,
                Policy policy = Policy::kManual) {
    Request request;
    request.base_root = base;
    request.ours_root = ours;
    request.theirs_root = theirs;
    request.policy = policy;
    // Without commits there is no time: whose key is later is made up, but the same from either
    // side.
    request.theirs_is_later = [theirs](const std::string&, Bytes, const std::string&,
                                       Bytes, std::optional<uint32_t>) -> Result<bool> { return theirs.bytes[0] % 2 == 1; };
    return merge(request);
  }

  catalog::TableVersion table(const Oid& root, const std::string& dotted) {
    const auto [schema, name] = split(dotted);
    auto found = get(catalog::Catalog(objects, cache, root).find_table(schema, name));
    return found ? *found : catalog::TableVersion();
  }
  std::string sql(const Oid& root, const std::string& dotted) {
    const auto version = table(root, dotted);
    return version.table ? catalog::table_sql(*version.table) : std::string();
  }
  std::vector<std::string> lines(const Oid& root, const std::string& dotted) {
    std::vector<std::string> lines;
    const auto version = table(root, dotted);
    if (!version.table || version.rows.is_zero()) return lines;
    const catalog::TableLineKeys keys(version.table);
    const tree::TreeReader reader{objects, cache, keys};
    get(tree::check_tree(reader, version.rows));
    auto cursor = get(tree::Cursor::open(reader, version.rows));
    while (!cursor.at_end()) {
      lines.emplace_back(cursor.line());
      ENSURE(cursor.next().has_value());
    }
    return lines;
  }
};

}  // namespace rowan::merge::testing
