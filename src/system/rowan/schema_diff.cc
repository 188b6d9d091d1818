// rowan.schema_diff, rowan.patch and rowan.native_patch: definitions that two commits differ by.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/memory_budget.h"
#include "catalog/objects.h"
#include "diff/patch.h"
#include "diff/schema_diff.h"
#include "system/fillers.h"
#include "system/rowan/history_tables.h"
#include "system/rowan/table_sides.h"

namespace rowan::system {

using type::Value;

namespace {

// Rows that are there already; `memory` counts them.
NextRow given_rows(std::vector<std::vector<Value>> rows, CountedMemory memory = {}) {
  auto shared = std::make_shared<std::vector<std::vector<Value>>>(std::move(rows));
  auto held = std::make_shared<CountedMemory>(std::move(memory));
  return [shared, held, at = size_t{0}](std::vector<Value>& row) mutable -> Result<bool> {
    if (at == shared->size()) return false;
    row = std::move((*shared)[at++]);
    return true;
  };
}

Value text_or_null(std::string text) {
  return text.empty() ? Value::null(kTextType) : text_value(std::move(text));
}

// Whether a change's object is the table or a part of it.
bool belongs_to(const std::string& object, const TableName& table) {
  const std::string name = catalog::qualified(table.schema, table.name);
  return object == name || object.starts_with(name + ".");
}

}  // namespace

Result<NextRow> schema_diff_rows(Context& context, const DiffTarget& target,
                                 const expr::EvalContext& eval) {
  const diff::History history = history_of(context, eval.cancelled);
  TRY_ASSIGN(const Oid from_root, history.root_of(target.range.from));
  TRY_ASSIGN(const Oid to_root, history.root_of(target.range.to));
  TRY(check_named(history, target, from_root, to_root));
  TRY_ASSIGN(std::vector<diff::SchemaChange> changes,
             diff::schema_changes(history.source(), from_root, to_root));
  std::vector<std::vector<Value>> rows;
  for (diff::SchemaChange& change : changes) {
    if (target.table && !belongs_to(change.object, *target.table)) continue;
    rows.push_back({text_value(std::move(change.object)), text_value(std::move(change.kind)),
                    text_or_null(std::move(change.from_sql)),
                    text_or_null(std::move(change.to_sql))});
  }
  return given_rows(std::move(rows));
}

namespace {

Result<NextRow> patch_rows(Context& context, const Values& arguments, const expr::EvalContext& eval,
                           bool native) {
  TRY_ASSIGN(const DiffTarget target, target_arguments(context, arguments));
  const diff::History history = history_of(context, eval.cancelled);
  TRY_ASSIGN(const Oid from_root, history.root_of(target.range.from));
  TRY_ASSIGN(const Oid to_root, history.root_of(target.range.to));
  TRY(check_named(history, target, from_root, to_root));
  TRY_ASSIGN(diff::Patch patch,
             diff::make_patch(history.source(),
                              {from_root, to_root,
                               target.table ? target.table->path() : std::string(), native}));
  std::vector<std::vector<Value>> rows;
  const auto add = [&](std::string text) {
    rows.push_back(
        {bigint_value(static_cast<int64_t>(rows.size() + 1)), text_value(std::move(text))});
  };
  for (std::string& note : patch.notes) {
    std::replace(note.begin(), note.end(), '\n', ' ');  // A name may hold one.
    add("-- " + std::move(note));
  }
  for (std::string& statement : patch.statements) {
    statement += ';';
    add(std::move(statement));
  }
  return given_rows(std::move(rows), std::move(patch.memory));
}

}  // namespace

Result<NextRow> open_schema_diff(Context& context, const Values& arguments,
                                 const expr::EvalContext& eval) {
  TRY_ASSIGN(const DiffTarget target, target_arguments(context, arguments));
  return schema_diff_rows(context, target, eval);
}

Result<NextRow> open_patch(Context& context, const Values& arguments,
                           const expr::EvalContext& eval) {
  return patch_rows(context, arguments, eval, false);
}

Result<NextRow> open_native_patch(Context& context, const Values& arguments,
                                  const expr::EvalContext& eval) {
  return patch_rows(context, arguments, eval, true);
}

}  // namespace rowan::system
