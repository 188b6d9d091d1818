#include "exec/table_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/limits.h"
#include "catalog/violations.h"
#include "exec/constraints.h"
#include "exec/row_writer.h"
#include "plan/table_expressions.h"
#include "exec/table_source.h"
#include "expr/binder.h"
#include "sql/parser.h"
#include "type/cast.h"
#include "type/key_codec.h"
#include "type/text.h"

namespace rowan::exec {

namespace {

constexpr size_t kBlockBytesMax = 4u << 20;

// Gathers lines and hands them on as blocks.
class BlockMaker {
 public:
  BlockMaker(ExecContext& context, const catalog::TableDef& table,
             const std::vector<uint16_t>& columns, EqualRows equal_rows,
             const std::function<Result<void>(const RowBlock&)>& visit)
      : context_(context),
        counted_(table.layout.counted),
        equal_rows_(equal_rows),
        layout_(counted_ ? uncounted_layout(table.layout) : table.layout),
        large_(context.transaction.objects()),
        visit_(visit) {
    for (const uint16_t column : columns)
      slots_.push_back(static_cast<uint16_t>(table.columns[column].slot + (counted_ ? 1 : 0)));
  }

  Result<void> add(Bytes line) {
    uint64_t count = 1;
    if (counted_) {
      TRY_ASSIGN(count, line_count(line));
    }
    if (equal_rows_ == EqualRows::kOnce) return add(line, count);
    for (; count > 0; --count) TRY(add(line, 1));
    return {};
  }

  Result<void> flush() {
    if (block_.counts.empty()) return {};
    if (context_.cancelled())
      return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    type::LineDecoder decoder(layout_, slots_, large_);
    const auto text = std::make_shared<std::string>(std::exchange(text_, {}));
    TRY(decoder.add(*text, text));
    block_.batch = decoder.finish();
    block_.batch.rows = block_.counts.size();
    TRY(visit_(block_));
    block_ = {};
    return {};
  }

 private:
  Result<void> add(Bytes line, uint64_t count) {
    block_.counts.push_back(count);
    text_ += line;
    text_ += '\n';
    return block_.counts.size() == kBatchRows || text_.size() > kBlockBytesMax ? flush()
                                                                               : Result<void>();
  }

  ExecContext& context_;
  const bool counted_;
  const EqualRows equal_rows_;
  const type::RowLayout layout_;
  std::vector<uint16_t> slots_;
  const BlobReader large_;
  const std::function<Result<void>(const RowBlock&)>& visit_;
  RowBlock block_;
  std::string text_;
};

std::string quoted_columns(const catalog::TableDef& table, const std::vector<uint16_t>& columns) {
  std::string out;
  for (const uint16_t column : columns)
    out += (out.empty() ? "" : ", ") + table.columns[column].name;
  return out;
}

std::string value_texts(const type::Batch& batch, size_t row) {
  std::string out;
  for (const type::Column& column : batch.columns) {
    if (!out.empty()) out += ", ";
    const type::Value value = column.value(row);
    out += value.is_null() ? "null" : type::to_text(value);
  }
  return out;
}

// The encoded values of the batch's columns in one row; nothing when one is NULL.
Result<std::optional<std::string>> key_of_row(const type::Batch& batch, size_t row) {
  std::string key;
  for (const type::Column& column : batch.columns) {
    if (column.is_null(row)) return std::optional<std::string>();
    TRY(type::append_key(column.value(row), key));
  }
  return std::optional<std::string>(std::move(key));
}

}  // namespace

Result<void> visit_blocks(ExecContext& context, const catalog::TableVersion& version,
                          const std::vector<uint16_t>& columns, EqualRows equal_rows,
                          const std::function<Result<void>(const RowBlock&)>& visit) {
  BlockMaker blocks(context, *version.table, columns, equal_rows, visit);
  TRY(visit_rows(context.transaction, context.manager.store().cache(), version,
                 [&](Bytes, Bytes line) -> Result<bool> {
                   TRY(blocks.add(line));
                   return true;
                 }));
  return blocks.flush();
}

Result<bool> has_rows(ExecContext& context, const catalog::TableVersion& version) {
  bool found = false;
  TRY(visit_rows(context.transaction, context.manager.store().cache(), version,
                 [&](Bytes, Bytes) -> Result<bool> {
                   found = true;
                   return false;
                 }));
  return found;
}

Result<expr::NodePtr> bind_transform(const sql::Expr& expression, const catalog::TableDef& table,
                                     std::string_view column, type::Type to) {
  plan::TableScope scope(table, "transform expression");
  expr::ParameterTypes parameters;
  expr::BindContext bind{scope, parameters, {}};
  TRY_ASSIGN(expr::NodePtr node, expr::bind(expression, bind));
  if (!parameters.types.empty())
    return Error(ErrorCode::kUndefinedParameter, "there is no parameter $1");
  if (node->type.id != type::TypeId::kUnknown &&
      !type::can_cast(node->type.id, to.id, type::CastContext::kAssignment)) {
    return Error(ErrorCode::kDatatypeMismatch,
                 fmt::format("result of USING clause for column \"{}\" cannot be cast "
                             "automatically to type {}",
                             column, type::type_name(to)))
        .with_hint("You might need to add an explicit cast.");
  }
  return expr::coerce(std::move(node), to, type::CastContext::kAssignment, bind);
}

Result<expr::NodePtr> bind_column_cast(const catalog::TableDef& table, uint16_t column,
                                       type::Type to) {
  const catalog::ColumnDef& from = table.columns[column];
  if (!type::can_cast(from.type.id, to.id, type::CastContext::kAssignment)) {
    const std::string name = type::type_name(to);
    return Error(ErrorCode::kDatatypeMismatch,
                 fmt::format("column \"{}\" cannot be cast automatically to type {}", from.name,
                             name))
        .with_hint(fmt::format("You might need to specify \"USING {}::{}\".",
                               sql::quote_ident(from.name), name));
  }
  plan::TableScope scope(table, "transform expression");
  expr::ParameterTypes parameters;
  expr::BindContext bind{scope, parameters, {}};
  return expr::coerce(expr::make_column(column, from.type), to, type::CastContext::kAssignment,
                      bind);
}

Result<void> check_unique(ExecContext& context, const catalog::TableVersion& version,
                          std::string_view name, const std::vector<uint16_t>& columns) {
  std::unordered_set<std::string> seen;
  CountedMemory memory;
  const auto look = [&](const RowBlock& block) -> Result<void> {
    for (size_t row = 0; row < block.batch.rows; ++row) {
      TRY_ASSIGN(std::optional<std::string> key, key_of_row(block.batch, row));
      if (!key) continue;
      memory.add(key->size() + kMapNodeBytes);
      if (seen.insert(std::move(*key)).second && block.counts[row] == 1) continue;
      return Error(ErrorCode::kUniqueViolation,
                   fmt::format("could not create unique index \"{}\"", name))
          .with_detail(fmt::format("Key ({})=({}) is duplicated.",
                                   quoted_columns(*version.table, columns),
                                   value_texts(block.batch, row)))
          .about(catalog::constraint_object(*version.table, name));
    }
    return {};
  };
  TRY(visit_blocks(context, version, columns, EqualRows::kOnce, look));
  return context.transaction.watch_rows(version, true);
}

}  // namespace rowan::exec
