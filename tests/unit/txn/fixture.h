// A memory store with one branch and helpers for rows `[id,v]`.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>

#include "catalog/catalog.h"
#include "catalog/table.h"
#include "git/commit.h"
#include "store/memory_store.h"
#include "store/node_cache.h"
#include "tree/row_tree.h"
#include "txn/transaction.h"
#include "type/key_codec.h"
#include "type/row_codec.h"

namespace rowan::txn {

class TestClock final : public Clock {
 public:
  int64_t now_us() const override { return now_.load(); }
  void set(int64_t now) { now_ = now; }

 private:
  std::atomic<int64_t> now_ = 1'700'000'000'000'000;
};

template <typename T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message());
  return std::move(*result);
}
inline void must(Result<void> result) {
  if (!result) FAIL(result.error().message());
}

inline std::string key_of(int64_t id) {
  std::string key;
  type::append_int_key(id, key);
  return key;
}
inline std::string row(int64_t id, int64_t v) {
  return "[" + std::to_string(id) + "," + std::to_string(v) + "]";
}

inline catalog::TableDef make_table(const std::string& name, bool keyed = true) {
  catalog::TableDef table;
  table.schema = "public";
  table.name = name;
  for (const char* column : {"id", "v"}) {
    catalog::ColumnDef def;
    def.name = column;
    def.type.id = type::TypeId::kInt8;
    def.slot = static_cast<uint16_t>(table.columns.size());
    def.id = def.slot + 1u;
    def.not_null = keyed && table.columns.empty();
    table.columns.push_back(def);
  }
  if (keyed) table.primary_key = {0};
  catalog::finish_table(table);
  return table;
}

struct Fixture {
  explicit Fixture(size_t rows_max = kWorkspaceRowsMax) : store(store::make_memory_store()) {
    store::PendingObjects objects(*store);
    git::Commit commit;
    commit.tree = must(catalog::write_initial_tree(objects));
    commit.author = commit.committer = {"init", "init@example.org", 1'600'000'000, 0};
    commit.message = "init\n";
    first = objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
    must(store->append(objects, {{"refs/heads/main", Oid{}, first}}));
    ManagerOptions options;
    options.workspace_rows_max = rows_max;
    manager = must(Manager::open(*store, clock, options));
  }

  std::unique_ptr<Transaction> begin(IsolationLevel isolation = IsolationLevel::kReadCommitted) {
    auto made = must(manager->begin("main", isolation, false));
    must(made->begin_statement(true));
    return made;
  }
  void create(const std::string& name, bool keyed = true) {
    auto t = begin();
    const catalog::TableDef table = make_table(name, keyed);
    must(t->put_file(table.path() + "/table.sql", catalog::table_sql(table)));
    must(t->commit(request()));
  }
  static CommitRequest request(std::string message = {}) {
    CommitRequest made;
    made.author = {"Ada", "ada@example.org", 0, 0};
    made.message = std::move(message);
    return made;
  }
  static Result<void> insert(Transaction& t, const std::string& name, int64_t id, int64_t v) {
    TRY_ASSIGN(const auto table, t.get_table("public", name));
    const std::string key = key_of(id);
    TRY(t.lock_key(table, key));
    TRY_ASSIGN(const auto there, t.current_line(table, key));
    if (there) return Error(ErrorCode::kUniqueViolation, "there");
    return t.put_row(table, key, row(id, v));
  }
  static Result<LockOutcome> update(Transaction& t, const std::string& name, int64_t id,
                                    int64_t v) {
    TRY_ASSIGN(const auto table, t.get_table("public", name));
    const std::string key = key_of(id);
    TRY_ASSIGN(const LockOutcome outcome, t.lock_row(table, key));
    if (outcome == LockOutcome::kCurrent) TRY(t.put_row(table, key, row(id, v)));
    return outcome;
  }
  static Result<LockOutcome> remove(Transaction& t, const std::string& name, int64_t id) {
    TRY_ASSIGN(const auto table, t.get_table("public", name));
    const std::string key = key_of(id);
    TRY_ASSIGN(const LockOutcome outcome, t.lock_row(table, key));
    if (outcome == LockOutcome::kCurrent) TRY(t.delete_row(table, key));
    return outcome;
  }
  // The line a statement of `t` sees; empty: none.
  static std::string see(const Transaction& t, const std::string& name, Bytes key) {
    const auto table = must(t.get_table("public", name));
    const TableView view = must(t.view(table));
    if (view.overlay != nullptr) {
      const auto own = view.overlay->rows.find(key);
      if (own != view.overlay->rows.end()) return own->second.line.value_or("");
    }
    if (view.version.rows.is_zero()) return "";
    const catalog::TableLineKeys keys(table.table);
    store::NodeCache cache(1 << 20);
    const auto found = must(tree::find_line({t.objects(), cache, keys}, view.version.rows, key));
    return found ? std::string(found->line) : "";
  }
  static std::string see(const Transaction& t, const std::string& name, int64_t id) {
    return see(t, name, key_of(id));
  }
  std::string see(const std::string& name, int64_t id) {
    auto t = begin();
    return see(*t, name, id);
  }
  std::string message_of(const Oid& commit) {
    return must(git::parse_commit(must(store->read(commit)).bytes)).message;
  }

  TestClock clock;
  std::unique_ptr<store::ObjectStore> store;
  Oid first;
  std::unique_ptr<Manager> manager;
};

}  // namespace rowan::txn
