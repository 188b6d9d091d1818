#include "exec/table_rewrite.h"

#include <fmt/format.h>

#include "catalog/violations.h"
#include "exec/row_arena.h"
#include "exec/row_writer.h"
#include "exec/table_check.h"
#include "exec/table_source.h"
#include "plan/logical.h"
#include "tree/row_tree.h"
#include "type/text.h"

namespace rowan::exec {

namespace {

// Without its CHECKs: ALTER TABLE looks at those afterwards, in words of its own.
catalog::TableVersion unchecked(const catalog::TableVersion& version) {
  if (version.table->checks.empty()) return version;
  catalog::TableVersion plain = version;
  auto table = std::make_shared<catalog::TableDef>(*version.table);
  table->checks.clear();
  plain.table = std::move(table);
  return plain;
}

class Rewriter {
 public:
  Rewriter(ExecContext& context, const catalog::TableVersion& before,
           const catalog::TableVersion& after, const std::vector<ColumnSource>& sources)
      : context_(context),
        before_(before),
        after_(after),
        sources_(sources),
        writer_(context, unchecked(after)) {}

  Result<void> run() {
    TRY_ASSIGN(bulk_, context_.manager.store().begin_bulk());
    std::vector<uint16_t> columns;
    for (size_t i = 0; i < before_.table->columns.size(); ++i)
      columns.push_back(static_cast<uint16_t>(i));
    TRY(visit_blocks(context_, before_, columns, has_volatile_source() ? EqualRows::kEach : EqualRows::kOnce,
                     [this](const RowBlock& block) { return take(block); }));
    rows_.sort();
    if (after_.table->layout.counted) {
      merge_counts();
    } else {
      TRY(check_duplicates());
    }
    tree::Builder builder(
        [this](store::ObjectType type, Bytes bytes) { return bulk_->add(type, bytes); });
    for (const RowArena::Row& row : rows_.rows()) TRY(builder.add(row.key(), row.line()));
    TRY_ASSIGN(const Oid root, builder.finish());
    TRY_ASSIGN(const Oid large, write_large());
    TRY(bulk_->finish());
    return context_.transaction.rewrite_rows(after_, root, large, total_);
  }

 private:
  bool has_volatile_source() const {
    return std::any_of(sources_.begin(), sources_.end(), [](const ColumnSource& source) {
      return source.from < 0 && plan::is_volatile(*source.value);
    });
  }

  Result<void> take(const RowBlock& block) {
    std::vector<type::Column> columns;
    for (const ColumnSource& source : sources_) {
      if (source.from >= 0) {
        columns.push_back(block.batch.columns[static_cast<size_t>(source.from)]);
        continue;
      }
      TRY_ASSIGN(type::Column column, expr::evaluate(*source.value, block.batch, context_.eval));
      columns.push_back(std::move(column));
    }
    std::vector<type::Value> values(columns.size());
    RowWriter::EncodedRow row;
    for (size_t i = 0; i < block.batch.rows; ++i) {
      for (size_t c = 0; c < columns.size(); ++c) {
        values[c] = columns[c].is_null(i) ? type::Value::null(after_.table->columns[c].type)
                                          : columns[c].value(i);
        if (values[c].is_null() && after_.table->columns[c].not_null)
          return contains_nulls(after_.table->columns[c]);
      }
      TRY(writer_.encode(values, row));
      TRY(add(row, block.counts[i]));
    }
    return {};
  }

  Error contains_nulls(const catalog::ColumnDef& column) const {
    return Error(ErrorCode::kNotNullViolation,
                 fmt::format("column \"{}\" of relation \"{}\" contains null values", column.name,
                             after_.table->name))
        .about(catalog::column_object(*after_.table, column));
  }

  Result<void> add(const RowWriter::EncodedRow& row, uint64_t count) {
    for (const auto& [slot, bytes] : row.large) {
      TRY_ASSIGN(const Oid blob, bulk_->add(store::ObjectType::kBlob, bytes));
      large_.push_back({tree::large_name(row.key, slot), blob});
    }
    total_ += count;
    if (after_.table->layout.counted) {
      rows_.add(row.key, type::with_line_count(row.line, count), 0);
      return {};
    }
    rows_.add(row.key, row.line, 0);
    return count == 1 ? Result<void>() : Result<void>(duplicate(row.line));
  }

  // Rows that became equal are one line with their number.
  void merge_counts() {
    RowArena merged;
    const std::vector<RowArena::Row>& rows = rows_.rows();
    for (size_t i = 0; i < rows.size();) {
      uint64_t count = 0;
      size_t end = i;
      for (; end < rows.size() && rows[end].key() == rows[i].key(); ++end)
        count += line_count(rows[end].line()).value();
      merged.add(rows[i].key(), type::with_line_count(rows[i].line(), count), 0);
      i = end;
    }
    rows_ = std::move(merged);
  }

  Result<void> check_duplicates() {
    const std::vector<RowArena::Row>& rows = rows_.rows();
    for (size_t i = 1; i < rows.size(); ++i) {
      if (rows[i].key() == rows[i - 1].key()) return duplicate(rows[i].line());
    }
    return {};
  }

  Error duplicate(Bytes line) const {
    const catalog::TableDef& table = *after_.table;
    Error error(ErrorCode::kUniqueViolation,
                fmt::format("could not create unique index \"{}\"", table.primary_key_name));
    std::string names, texts;
    std::vector<Bytes> elements;
    uint64_t count = 0;
    if (!type::split_line(table.layout, line, elements, count)) return error;
    for (const uint16_t index : table.primary_key) {
      const catalog::ColumnDef& column = table.columns[index];
      type::Value value = column.absent;
      if (column.slot < elements.size()) {
        if (auto decoded = type::decode_element(column.type, elements[column.slot]))
          value = std::move(*decoded);
      }
      names += (names.empty() ? "" : ", ") + column.name;
      texts += (texts.empty() ? "" : ", ") +
               (value.is_null() ? std::string("null") : type::to_text(value));
    }
    return std::move(error).with_detail(fmt::format("Key ({})=({}) is duplicated.", names, texts));
  }

  Result<Oid> write_large() {
    if (large_.empty()) return Oid{};
    std::sort(large_.begin(), large_.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    const auto last = std::unique(large_.begin(), large_.end(),
                                  [](const auto& a, const auto& b) { return a.name == b.name; });
    large_.erase(last, large_.end());  // Equal rows of a counted table share their values.
    store::ObjectStore& store = context_.manager.store();
    store::PendingObjects made(store);
    TRY_ASSIGN(const Oid root,
               tree::apply_large_edits(made, store.cache(), Oid{}, std::move(large_)));
    for (const store::PendingObjects::Entry& entry : made.entries()) {
      TRY_ASSIGN(const Oid id, bulk_->add(entry.type, entry.object.bytes));
      (void)id;
    }
    return root;
  }

  ExecContext& context_;
  const catalog::TableVersion& before_;
  const catalog::TableVersion& after_;
  const std::vector<ColumnSource>& sources_;
  RowWriter writer_;
  std::unique_ptr<store::BulkWriter> bulk_;
  RowArena rows_;
  std::vector<tree::LargeEdit> large_;
  uint64_t total_ = 0;
};

}  // namespace

Result<void> rewrite_table(ExecContext& context, const catalog::TableVersion& before,
                           const catalog::TableVersion& after,
                           const std::vector<ColumnSource>& sources) {
  return Rewriter(context, before, after, sources).run();
}

}  // namespace rowan::exec
