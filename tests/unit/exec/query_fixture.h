// A repository in memory, with tables made from SQL text, and queries through parser, planner and
// executor.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "doctest/doctest.h"
#include "exec/build.h"
#include "exec/operator.h"
#include "exec/point.h"
#include "exec/row_writer.h"
#include "git/commit.h"
#include "plan/plan.h"
#include "sql/parser.h"
#include "store/memory_store.h"
#include "store/object_store.h"
#include "txn/transaction.h"
#include "type/text.h"

namespace rowan {

class TestResolver final : public plan::Resolver {
 public:
  explicit TestResolver(txn::Transaction& transaction) : transaction_(transaction) {}
  Result<plan::ResolvedTable> resolve(const sql::QualifiedName& name, std::string_view,
                                      std::optional<int64_t>) override {
    plan::ResolvedTable resolved;
    TRY_ASSIGN(resolved.table,
               transaction_.get_table(name.schema.empty() ? "public" : name.schema, name.name));
    return resolved;
  }
  Result<std::shared_ptr<const plan::VirtualTable>> resolve_function(
      const sql::CallExpr& call, const std::vector<type::Type>&) override {
    return Error(ErrorCode::kUndefinedFunction,
                 "function " + std::string(call.name) + " does not exist")
        .at(call.position);
  }
  std::optional<uint64_t> row_count(const catalog::TableVersion& table) override {
    const auto found = counts.find(table.rows);
    return found == counts.end() ? std::nullopt : std::optional(found->second);
  }
  std::map<Oid, uint64_t> counts;

 private:
  txn::Transaction& transaction_;
};

class QueryFixture {
 public:
  QueryFixture() : store(store::make_memory_store()) {
    store::PendingObjects objects(*store);
    git::Commit commit;
    commit.tree = *catalog::write_initial_tree(objects);
    commit.author = commit.committer = {"test", "test@example.org", 1'700'000'000, 0};
    commit.message = "init\n";
    const Oid id = objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
    REQUIRE(store->append(objects, {{"refs/heads/main", Oid{}, id}}).has_value());
    manager = std::move(*txn::Manager::open(*store, system_clock()));
    begin();
  }

  void begin() {
    auto begun = manager->begin("main", txn::IsolationLevel::kReadCommitted, false);
    REQUIRE(begun.has_value());
    transaction = std::move(*begun);
    REQUIRE(transaction->begin_statement(true).has_value());
    resolver = std::make_unique<TestResolver>(*transaction);
  }

  void commit() {
    txn::CommitRequest request;
    request.author = {"test", "test@example.org", 1'700'000'000, 0};
    const auto outcome = transaction->commit(request);
    if (!outcome) FAIL(outcome.error().message());
    begin();
  }

  void create(const std::string& text) {
    auto parsed = sql::parse_statement(text);
    if (!parsed) FAIL(parsed.error().message());
    auto table = catalog::table_from_statement(
        static_cast<sql::CreateTableStmt&>(*parsed->statement), {{}, "public"});
    if (!table) FAIL(table.error().message());
    REQUIRE(transaction->put_file(table->path() + "/table.sql", catalog::table_sql(*table))
                .has_value());
  }

  void insert(const std::string& table, const std::vector<std::vector<type::Value>>& rows) {
    const catalog::TableVersion version = *transaction->get_table("public", table);
    exec::ExecContext context{*manager, *transaction, eval};
    exec::RowWriter writer(context, version);
    for (const auto& row : rows) {
      if (version.table->layout.counted) {
        std::vector<type::Cell> cells;
        for (const type::Value& value : row) cells.push_back({&value, {}});
        std::string once, none, key;
        type::encode_line(version.table->layout, cells, 1, once);
        type::encode_line(version.table->layout, cells, 0, none);
        REQUIRE(type::append_line_key(version.table->layout, once, key).has_value());
        REQUIRE(transaction->add_count(version, key, none, 1).has_value());
        continue;
      }
      const auto done = writer.insert(row);
      if (!done) FAIL(done.error().message());
    }
  }

  Result<plan::Plan> plan(const std::string& text) {
    TRY_ASSIGN(parsed_, sql::parse_statement(text));
    plan::PlanContext context{*resolver, parameter_types, eval, disabled};
    return plan::plan_query(static_cast<const sql::SelectStmt&>(*parsed_.statement), context);
  }

  std::string explain(const std::string& text) {
    const auto made = plan(text);
    if (!made)
      return "ERROR " + std::string(sqlstate(made.error().code())) + ": " + made.error().message();
    std::string out;
    for (const std::string& line : plan::explain(*made)) out += line + "\n";
    return out;
  }

  // Rows as "1|Ada|null", or one line with the error.
  std::vector<std::string> query(const std::string& text) {
    const auto made = plan(text);
    if (!made)
      return {"ERROR " + std::string(sqlstate(made.error().code())) + ": " +
              made.error().message()};
    const Result<std::vector<std::string>> rows = run(*made);
    if (!rows)
      return {"ERROR " + std::string(sqlstate(rows.error().code())) + ": " +
              rows.error().message()};
    return *rows;
  }
  std::vector<std::string> sorted(const std::string& text) {
    std::vector<std::string> rows = query(text);
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  Result<std::vector<std::string>> run(const plan::Plan& made) {
    exec::ExecContext context{*manager, *transaction, eval};
    context.threads = threads;
    TRY_ASSIGN(auto root, exec::build(made, context));
    TRY(root->open());
    std::vector<std::string> rows;
    type::Batch batch;
    for (;;) {
      TRY_ASSIGN(const bool more, root->next(batch));
      if (!more) return rows;
      for (size_t row = 0; row < batch.rows; ++row) {
        std::string line;
        for (const type::Column& column : batch.columns) {
          if (!line.empty()) line += '|';
          const type::Value value = column.value(row);
          line += value.is_null() ? "null" : type::to_text(value);
        }
        rows.push_back(std::move(line));
      }
    }
  }

  std::unique_ptr<store::ObjectStore> store;
  std::unique_ptr<txn::Manager> manager;
  std::unique_ptr<txn::Transaction> transaction;
  std::unique_ptr<TestResolver> resolver;
  expr::ParameterTypes parameter_types;
  expr::EvalContext eval;
  std::vector<std::string> disabled;
  int threads = 2;

 private:
  sql::ParsedStatement parsed_;
};

inline type::Value i4(int64_t v) { return type::Value::of_int({type::TypeId::kInt4, -1}, v); }
inline type::Value txt(std::string v) {
  return type::Value::of_string({type::TypeId::kText, -1}, std::move(v));
}
inline type::Value null_i4() { return type::Value::null({type::TypeId::kInt4, -1}); }
inline type::Value null_txt() { return type::Value::null({type::TypeId::kText, -1}); }

}  // namespace rowan
