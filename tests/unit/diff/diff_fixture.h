// What the tests of the diff room share: a model of one table whose definition and rows change, and
// commits made of it.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "catalog/table.h"
#include "derived/history_index.h"
#include "diff/row_history.h"
#include "git/commit.h"
#include "store/memory_store.h"
#include "tree/git_tree.h"
#include "tree/row_tree.h"
#include "type/key_codec.h"
#include "type/row_codec.h"

namespace rowan::diff::testing {

inline type::Value int_value(int64_t value) {
  return type::Value::of_int({type::TypeId::kInt4}, value);
}

// A table as one commit has it: `id integer PRIMARY KEY` in slot 0, other integer columns behind
// it.
struct ModelTable {
  catalog::TableDef definition;
  std::map<int, std::vector<std::string>> rows;  // JSON texts by slot.

  static ModelTable make(const std::string& name, const std::vector<std::string>& columns) {
    ModelTable table;
    table.definition.schema = "public";
    table.definition.name = name;
    uint32_t next = 100;
    for (const std::string& column : columns)
      table.add_column(column, next++, type::Value::null({type::TypeId::kInt4}));
    table.definition.primary_key = {0};
    table.definition.columns[0].not_null = true;
    catalog::finish_table(table.definition);
    return table;
  }

  size_t slots() const { return definition.columns.size() + definition.dropped.size(); }

  void add_column(const std::string& name, uint32_t id, type::Value absent) {
    catalog::ColumnDef column;
    column.name = name;
    column.type = {type::TypeId::kInt4};
    column.slot = static_cast<uint16_t>(slots());
    column.id = id;
    column.absent = std::move(absent);
    definition.columns.push_back(column);
    catalog::finish_table(definition);
  }

  void drop_column(size_t index) {
    const catalog::ColumnDef column = definition.columns[index];
    definition.columns.erase(definition.columns.begin() + static_cast<ptrdiff_t>(index));
    definition.dropped.push_back({column.slot, column.id});
    catalog::finish_table(definition);
  }

  std::string absent_text(size_t slot) const {
    for (const catalog::ColumnDef& column : definition.columns) {
      if (column.slot != slot) continue;
      std::string text;
      type::append_json(column.absent, text);
      return text;
    }
    return "null";
  }

  // The value of a column as it reads; nothing: no such column or row.
  std::optional<std::string> cell(int id, uint32_t column_id) const {
    const auto row = rows.find(id);
    if (row == rows.end()) return std::nullopt;
    for (const catalog::ColumnDef& column : definition.columns) {
      if (column.id == column_id)
        return column.slot < row->second.size() ? row->second[column.slot]
                                                : absent_text(column.slot);
    }
    return std::nullopt;
  }

  void set(int id, size_t slot, const std::string& text) {
    std::vector<std::string>& row = rows[id];
    for (size_t i = row.size(); i <= slot; ++i) row.push_back(absent_text(i));
    row[0] = std::to_string(id);
    row[slot] = text;
  }

  std::string line(int id) const {
    std::vector<std::string> row = rows.at(id);
    while (!row.empty() && row.back() == absent_text(row.size() - 1)) row.pop_back();
    std::string out = "[";
    for (size_t i = 0; i < row.size(); ++i) out += (i > 0 ? "," : "") + row[i];
    return out + "]";
  }
};

inline std::string key_of(int id) {
  std::string key;
  type::append_int_key(id, key);
  return key;
}

// Which columns differ as SQL sees it, by ID; the naive counterpart of TablePair::compare. A column
// that one side has not is NULL there.
inline std::vector<uint32_t> naive_changed(const ModelTable& from, const ModelTable& to, int id) {
  const auto cell = [id](const ModelTable& table, uint32_t column) -> std::optional<std::string> {
    for (const auto& known : table.definition.columns) {
      if (known.id == column) return table.cell(id, column);
    }
    return std::string("null");
  };
  std::set<uint32_t> columns;
  for (const ModelTable* table : {&from, &to}) {
    for (const auto& column : table->definition.columns) columns.insert(column.id);
  }
  std::vector<uint32_t> changed;
  for (const uint32_t column : columns) {
    if (cell(from, column) != cell(to, column)) changed.push_back(column);
  }
  return changed;
}

class World {
 public:
  World() : store_(store::make_memory_store()) {}

  Oid tree_of(const std::vector<const ModelTable*>& tables) {
    store::PendingObjects made(*store_);
    std::vector<tree::PathEdit> edits;
    for (const ModelTable* table : tables) {
      const std::string path = table->definition.path();
      edits.push_back({path + "/table.sql", tree::kModeBlob,
                       made.add(store::ObjectType::kBlob, catalog::table_sql(table->definition))});
      tree::Builder builder([&](store::ObjectType type, Bytes bytes) -> Result<Oid> {
        return made.add(type, std::string(bytes));
      });
      std::map<std::string, std::string> lines;
      for (const auto& [id, row] : table->rows) lines[key_of(id)] = table->line(id);
      for (const auto& [key, line] : lines) REQUIRE(builder.add(key, line));
      const Oid rows = builder.finish().value();
      if (!rows.is_zero()) edits.push_back({path + "/rows", tree::kModeTree, rows});
    }
    const Oid root = tree::edit_paths(made, store_->cache(), Oid{}, edits).value();
    REQUIRE(store_->append(made, {}));
    return root;
  }

  Oid commit(const Oid& root, const std::vector<Oid>& parents, int64_t seconds) {
    store::PendingObjects made(*store_);
    git::Commit commit;
    commit.tree = root;
    commit.parents = parents;
    commit.author = {"Test", "test@example.org", seconds, 0};
    commit.committer = commit.author;
    commit.message = "commit " + std::to_string(count_++);
    const Oid id = made.add(store::ObjectType::kCommit, git::encode_commit(commit));
    REQUIRE(store_->append(made, {}));
    return id;
  }

  store::ObjectStore& store() { return *store_; }
  Source source() { return {*store_, store_->cache()}; }
  derived::HistoryIndex& index() { return index_; }
  History history() { return {*store_, store_->cache(), index_}; }

 private:
  std::unique_ptr<store::ObjectStore> store_;
  derived::HistoryIndex index_;
  int count_ = 0;
};

}  // namespace rowan::diff::testing
