#include "exec/copy.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "base/ensure.h"
#include "base/files.h"
#include "base/limits.h"
#include "catalog/violations.h"
#include "exec/build.h"
#include "exec/copy_format.h"
#include "exec/copy_input.h"
#include "exec/definition.h"
#include "exec/dml.h"
#include "plan/table_expressions.h"
#include "exec/operators.h"
#include "exec/row_arena.h"
#include "exec/row_writer.h"
#include "tree/row_tree.h"
#include "type/cast.h"
#include "type/line_writer.h"
#include "type/text.h"
#include "type/text_fast.h"
#include "type/type_info.h"

namespace rowan::exec {

namespace {

constexpr size_t kCopyBulkRows = 4096;  // From here on a COPY goes past the journal.
constexpr size_t kCopyBulkBytes = 8u << 20;     // As so many bytes do.
constexpr size_t kCopySortBytes = 256u << 20;   // Sorted at a time, or work_mem if that is less,
constexpr size_t kCopySortBytesMin = 8u << 20;  // but no less than this: each time makes a pack.
constexpr uint64_t kReportEveryRows = 16'384;
constexpr size_t kCopyChunkBytes = 64u << 10;    // Of COPY TO, at least.

// Turns records into lines. Short rows go straight from text to a line; rows with long values or
// defaults take the way every INSERT takes.
class RecordEncoder {
 public:
  RecordEncoder(const catalog::TableDef& table, std::vector<uint16_t> columns,
                std::vector<expr::NodePtr> defaults, RowWriter& writer,
                const expr::EvalContext& eval)
      : table_(table),
        columns_(std::move(columns)),
        defaults_(std::move(defaults)),
        writer_(writer),
        eval_(eval),
        line_writer_(table.layout),
        line_(line_writer_) {
    const auto& slots = table.layout.slots;
    field_of_slot_.assign(slots.size(), -1);
    for (size_t i = 0; i < columns_.size(); ++i)
      field_of_slot_[table.columns[columns_[i]].slot] = static_cast<int>(i);
    direct_ = true;
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const bool given = field_of_slot_[table.columns[i].slot] >= 0;
      const bool has_default = !table.columns[i].default_sql.empty() ||
                               table.columns[i].identity != sql::IdentityKind::kNone;
      direct_ = direct_ && (given || !has_default);
    }
  }

  // Before the first row.
  Result<void> get_ready() {
    TRY_ASSIGN(auto checks, writer_.checks());
    if (checks != nullptr) checks_.emplace(std::move(checks));
    return {};
  }

  size_t field_count() const { return columns_.size(); }

  // `large` stays empty for rows that keep everything in line.
  Result<void> encode(const std::vector<CopyField>& fields, RowWriter::EncodedRow& row) {
    row.key.clear();
    row.line.clear();
    row.large.clear();
    if (!direct_) return encode_values(fields, row);
    TRY_ASSIGN(const bool is_whole, encode_direct(fields, row));
    if (!is_whole) return encode_values(fields, row);
    return checks_ ? note_fields(fields, row) : Result<void>();
  }

  // The CHECKs of rows are evaluated many at a time: what encode() gave is good once this has
  // passed.
  bool wants_check() const {
    return checks_ && (checks_->rows() >= kCheckBatchRows || made_.bytes() > kBatchTextBytes);
  }
  Result<void> check() {
    if (!checks_) return {};
    made_ = TextMeter();
    const auto broken = checks_->finish(eval_);
    auto waiting = std::exchange(waiting_, {});
    if (broken && !*broken) return {};
    if (!broken) return broken.error();
    const Waiting& row = waiting[(*broken)->row];
    TRY_ASSIGN(const auto values, row_values(table_, row.line, writer_.objects()));
    Error violation = check_violation(table_, *(*broken)->check, values);
    return std::move(violation).with_context(row.place);
  }
  // Of the record that is encoded next.
  void set_place(const CopyReader& reader) {
    if (checks_) place_ = reader.place();
  }

 private:
  // A row that waits for its CHECKs.
  struct Waiting {
    std::string line;
    std::string place;  // In the input.
  };

  int64_t now() const { return eval_.transaction_time_us; }

  Result<void> note_fields(const std::vector<CopyField>& fields, const RowWriter::EncodedRow& row) {
    for (size_t i = 0; i < checks_->columns().size(); ++i) {
      const catalog::ColumnDef& column = table_.columns[checks_->columns()[i]];
      const int field = field_of_slot_[column.slot];
      if (field < 0 || fields[field].is_null) {
        checks_->builder(i).append_null();
        continue;
      }
      TRY_ASSIGN(const type::Value value, type::parse_text(column.type, fields[field].text, now()));
      checks_->builder(i).append(value);
    }
    checks_->end_row();
    waiting_.push_back({row.line, place_});
    return {};
  }

  // False: a value may have to leave the line.
  Result<bool> encode_direct(const std::vector<CopyField>& fields, RowWriter::EncodedRow& row) {
    const type::RowLayout& layout = table_.layout;
    line_.begin(0, row.line);
    for (size_t slot = 0; slot < layout.slots.size(); ++slot) {
      std::string& line = line_.next();
      const int index = field_of_slot_[slot];
      if (index < 0 || fields[index].is_null) {
        line += "null";
        continue;
      }
      TRY(add_context(
          type::append_json_from_text(layout.slots[slot].type, fields[index].text, line, now()),
          index, fields));
    }
    if (!line_.finish()) return false;
    for (const catalog::ColumnDef& column : table_.columns) {
      const int index = field_of_slot_[column.slot];
      if (column.not_null && (index < 0 || fields[index].is_null))
        return null_violation(fields, column);
    }
    if (layout.counted) TRY(type::append_line_key(layout, row.line, row.key));
    for (const uint16_t slot : layout.key_slots) {
      TRY(type::append_key_from_text(layout.slots[slot].type, fields[field_of_slot_[slot]].text,
                                     row.key, now()));
    }
    return true;
  }

  Result<void> encode_values(const std::vector<CopyField>& fields, RowWriter::EncodedRow& row) {
    std::vector<type::Value> values(table_.columns.size());
    std::vector<uint8_t> given(values.size(), 0);
    for (size_t i = 0; i < columns_.size(); ++i) {
      const uint16_t column = columns_[i];
      given[column] = 1;
      if (fields[i].is_null) {
        values[column] = type::Value::null(table_.columns[column].type);
        continue;
      }
      auto parsed = type::parse_text(table_.columns[column].type, fields[i].text, now());
      TRY(add_context(parsed, static_cast<int>(i), fields));
      values[column] = std::move(*parsed);
    }
    for (size_t i = 0; i < values.size(); ++i) {
      if (given[i]) continue;
      TRY_ASSIGN(values[i], expr::evaluate_constant(*defaults_[i], eval_));
    }
    if (!checks_) return writer_.encode(values, row);
    TRY(writer_.encode(values, row, true));
    // A long value is nowhere to be read from yet, should the row be shown.
    if (!row.large.empty()) return writer_.check(values);
    checks_->add(values);
    waiting_.push_back({row.line, place_});
    return {};
  }

  template <typename T>
  Result<void> add_context(const Result<T>& result, int field,
                           const std::vector<CopyField>& fields) const {
    if (result) return {};
    Error error = result.error();
    return std::move(error).with_context(
        fmt::format("column {}: \"{}\"", table_.columns[columns_[field]].name,
                    shown_of_copy(fields[field].text)));
  }

  Error null_violation(const std::vector<CopyField>& fields,
                       const catalog::ColumnDef& column) const {
    std::vector<type::Value> values;
    for (const catalog::ColumnDef& each : table_.columns) {
      const int index = field_of_slot_[each.slot];
      values.push_back(type::Value::null(each.type));
      if (index < 0 || fields[index].is_null) continue;
      if (auto value = type::parse_text(each.type, fields[index].text, now()))
        values.back() = std::move(*value);
    }
    return not_null_violation(table_, column, values);
  }

  const catalog::TableDef& table_;
  std::vector<uint16_t> columns_;
  std::vector<expr::NodePtr> defaults_;
  RowWriter& writer_;
  const expr::EvalContext& eval_;
  std::vector<int> field_of_slot_;
  type::LineWriter line_writer_;
  type::LineBuilder line_;
  bool direct_ = false;
  std::optional<CheckBatch> checks_;  // Nothing: the table has none.
  std::vector<Waiting> waiting_;      // Its rows.
  TextMeter made_;                    // For them.
  std::string place_;                 // Of the record that is encoded.
};

class Loader {
 public:
  Loader(const catalog::TableVersion& version, std::vector<std::string> column_names,
         RecordEncoder& encoder, RowWriter& writer, CopyReader& reader, ExecContext& context)
      : version_(version),
        column_names_(std::move(column_names)),
        encoder_(encoder),
        writer_(writer),
        reader_(reader),
        context_(context),
        account_(context.rows_account()),
        root_(version.rows) {}

  Result<void> start(bool header, bool may_bulk, const ProgressReport& report,
                     uint64_t source_bytes) {
    what_ = "COPY " + version_.table->name;
    header_left_ = header;
    may_bulk_ = may_bulk;
    report_ = report;
    source_bytes_ = source_bytes;
    return encoder_.get_ready();
  }

  // All records that are there; the reader is at its end, or starved.
  Result<void> take_records() {
    if (header_left_) {
      TRY_ASSIGN(const bool any, reader_.next(fields_));
      if (!any) return {};
      header_left_ = false;
    }
    for (;;) {
      TRY_ASSIGN(const bool more, reader_.next(fields_));
      if (!more) return {};
      TRY(check_width(fields_));
      RowWriter::EncodedRow& row = scratch_;
      encoder_.set_place(reader_);
      if (auto encoded = encoder_.encode(fields_, row); !encoded) {
        TRY(encoder_.check());  // A row before it may be at fault.
        return reader_.at_line(std::move(encoded.error()));
      }
      if (encoder_.wants_check()) TRY(encoder_.check());
      TRY(take(row, may_bulk_));
      if (++rows_ % kReportEveryRows == 0) {
        if (context_.cancelled())
          return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
        if (report_)
          report_(what_, source_bytes_ > 0 ? reader_.bytes_read() : rows_, source_bytes_,
                  source_bytes_ > 0 ? "bytes" : "rows");
      }
    }
  }

  Result<uint64_t> finish() {
    TRY(encoder_.check());
    if (bulk_) {
      TRY(finish_bulk(rows_));
    } else {
      for (Pending& pending : pending_) TRY(insert(std::move(pending)));
    }
    return rows_;
  }

 private:
  struct Pending {
    RowWriter::EncodedRow row;
    uint64_t line;
  };

  Result<void> check_width(const std::vector<CopyField>& fields) const {
    if (fields.size() < encoder_.field_count()) {
      return reader_.at_line(
          Error(ErrorCode::kBadCopyFormat,
                fmt::format("missing data for column \"{}\"", column_names_[fields.size()])));
    }
    if (fields.size() > encoder_.field_count())
      return reader_.at_line(
          Error(ErrorCode::kBadCopyFormat, "extra data after last expected column"));
    return {};
  }

  Result<void> insert(Pending pending) {
    auto inserted = writer_.insert_encoded(std::move(pending.row));
    if (inserted) return {};
    return reader_.at_line(std::move(inserted.error()), pending.line);
  }

  // Rows wait until it is known whether there are enough for the way past the journal.
  Result<void> take(RowWriter::EncodedRow& row, bool may_bulk) {
    if (bulk_) return add_bulk(row, reader_.line());
    pending_bytes_ += row.key.size() + row.line.size();
    for (const auto& [slot, bytes] : row.large) pending_bytes_ += bytes.size();
    pending_.push_back({row, reader_.line()});
    if (pending_.size() < kCopyBulkRows && pending_bytes_ < kCopyBulkBytes) return {};
    pending_bytes_ = 0;
    if (!may_bulk) {
      for (Pending& pending : pending_) TRY(insert(std::move(pending)));
      pending_.clear();
      return {};
    }
    TRY(begin_bulk());
    for (const Pending& pending : pending_) TRY(add_bulk(pending.row, pending.line));
    pending_.clear();
    return {};
  }

  Result<void> begin_bulk() {
    TRY_ASSIGN(bulk_, context_.manager.store().begin_bulk());
    context_.transaction.keep(bulk_->hold());
    return {};
  }

  Result<void> add_bulk(const RowWriter::EncodedRow& row, uint64_t line) {
    for (const auto& [slot, bytes] : row.large) {
      TRY_ASSIGN(const Oid blob, bulk_->add(store::ObjectType::kBlob, bytes));
      TRY(context_.transaction.set_large(version_, row.key, slot, blob));
    }
    TRY(writer_.note_inserted(row.line));
    arena_.add(row.key, row.line, line);
    TRY_ASSIGN(const bool is_due, must_build());
    if (!is_due) return {};
    TRY(build_tree());
    return begin_bulk();
  }

  // Whether the rows that wait are as many as are sorted at a time, or take all the memory that is
  // to be had.
  Result<bool> must_build() {
    const size_t bytes = arena_.bytes();
    if (bytes == account_.held()) return false;
    const auto held = account_.hold(bytes);
    if (!held && bytes < kCopySortBytesMin) return held.error();
    return !held ||
           bytes >= std::max(kCopySortBytesMin, std::min(context_.work_mem, kCopySortBytes));
  }

  Result<void> finish_bulk(uint64_t rows) {
    TRY(build_tree());
    return context_.transaction.replace_rows(version_, root_, version_.large, rows);
  }

  // Merges the rows that wait into the tree made so far: all of them at once unless there are very
  // many.
  Result<void> build_tree() {
    arena_.sort();
    const tree::ObjectSink sink = [this](store::ObjectType type, Bytes bytes) {
      return bulk_->add(type, bytes);
    };
    const catalog::TableLineKeys keys(version_.table);
    const tree::TreeReader reader{context_.transaction.objects(), context_.manager.store().cache(),
                                  keys};
    if (version_.table->layout.counted) TRY(merge_counts(reader));
    TRY(check_duplicates(reader));
    if (root_.is_zero()) {
      tree::Builder builder(sink);
      for (const RowArena::Row& row : arena_.rows()) TRY(builder.add(row.key(), row.line()));
      TRY_ASSIGN(root_, builder.finish());
    } else {
      size_t next = 0;
      const auto next_edit = [&]() -> Result<std::optional<tree::RowEdit>> {
        if (next == arena_.rows().size()) return std::optional<tree::RowEdit>();
        const RowArena::Row& row = arena_.rows()[next++];
        return std::optional<tree::RowEdit>(tree::RowEdit{row.key(), row.line()});
      };
      TRY_ASSIGN(root_, tree::apply_edit_stream(reader, sink, root_, next_edit));
    }
    arena_ = {};
    TRY(account_.hold(0));
    return bulk_->finish();
  }

  // Without a primary key equal rows become one line with their count, those of the table included.
  Result<void> merge_counts(const tree::TreeReader& reader) {
    auto& rows = arena_.rows();
    size_t kept = 0;
    for (size_t i = 0; i < rows.size();) {
      size_t end = i;
      while (end < rows.size() && rows[end].key() == rows[i].key()) ++end;
      uint64_t count = end - i;
      if (!root_.is_zero()) {
        TRY_ASSIGN(const auto found, tree::find_line(reader, root_, rows[i].key()));
        if (found) {
          std::vector<Bytes> elements;
          uint64_t existing = 0;
          TRY(type::split_line(version_.table->layout, found->line, elements, existing));
          count += existing;
        }
      }
      RowArena::Row& row = rows[kept++] = rows[i];
      arena_.set_line(row, type::with_line_count(row.line(), count));
      i = end;
    }
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(kept), rows.end());
    return {};
  }

  Result<void> check_duplicates(const tree::TreeReader& reader) {
    if (version_.table->layout.counted) return {};
    const auto& rows = arena_.rows();
    for (size_t i = 1; i < rows.size(); ++i) {
      if (rows[i].key() == rows[i - 1].key()) return duplicate(rows[i]);
    }
    if (root_.is_zero()) return {};
    TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(reader, root_));
    for (const RowArena::Row& row : rows) {
      if (cursor.at_end()) break;
      if (cursor.key() < row.key()) TRY(cursor.seek(row.key()));
      if (!cursor.at_end() && cursor.key() == row.key()) return duplicate(row);
    }
    return {};
  }

  Error duplicate(const RowArena::Row& row) const {
    return reader_.at_line(writer_.duplicate_key(row.line()), row.source_line);
  }

  const catalog::TableVersion& version_;
  std::vector<std::string> column_names_;  // Of the fields of a record.
  RecordEncoder& encoder_;
  RowWriter& writer_;
  CopyReader& reader_;
  ExecContext& context_;
  std::string what_;
  bool header_left_ = false;
  bool may_bulk_ = false;
  ProgressReport report_;
  uint64_t source_bytes_ = 0;  // 0: not known.
  std::vector<CopyField> fields_;
  uint64_t rows_ = 0;
  RowWriter::EncodedRow scratch_;
  std::vector<Pending> pending_;
  size_t pending_bytes_ = 0;
  std::unique_ptr<store::BulkWriter> bulk_;
  RowArena arena_;  // Rows that are not in the tree yet.
  MemoryAccount account_;  // Theirs, as far as it could be had.
  Oid root_;        // The tree of the others, and of those that were there before.
};

Result<std::vector<uint16_t>> copy_columns(const sql::CopyStmt& statement,
                                           const catalog::TableDef& table) {
  std::vector<uint16_t> columns;
  for (const std::string_view name : statement.columns) {
    const auto index = table.find_column(name);
    if (!index) {
      return Error(
          ErrorCode::kUndefinedColumn,
          fmt::format("column \"{}\" of relation \"{}\" does not exist", name, table.name));
    }
    for (const uint16_t other : columns) {
      if (other == *index)
        return Error(ErrorCode::kDuplicateColumn,
                     fmt::format("column \"{}\" specified more than once", name));
    }
    columns.push_back(*index);
  }
  if (columns.empty()) {
    for (size_t i = 0; i < table.columns.size(); ++i) columns.push_back(static_cast<uint16_t>(i));
  }
  return columns;
}

}  // namespace

struct CopyFrom::Load {
  Load(const sql::CopyStmt& the_statement, CopyFormat its_format, catalog::TableVersion its_version,
       ExecContext& the_context)
      : statement(the_statement),
        format(std::move(its_format)),
        version(std::move(its_version)),
        context(the_context),
        writer(the_context, version) {}

  const sql::CopyStmt& statement;
  const CopyFormat format;
  const catalog::TableVersion version;
  ExecContext& context;
  RowWriter writer;
  ProgressReport report;
  std::vector<uint16_t> columns;
  std::vector<expr::NodePtr> defaults;
  size_t column_count = 0;
  // Once the first bytes are there.
  ByteSource source;
  std::optional<CopyInput> input;
  std::optional<CopyReader> reader;
  std::optional<RecordEncoder> encoder;
  std::optional<Loader> loader;
  // What was pushed and not read yet.
  std::string pushed;
  size_t pushed_at = 0;
  bool ended = false;

  Result<void> begin(uint64_t source_bytes) {
    TRY_ASSIGN(input, CopyInput::open(source));
    if (input->compressed()) {
      source_bytes = 0;  // How many there will be is not known.
    } else if (statement.end == sql::CopyEnd::kFile && is_called_compressed(statement.path)) {
      return Error(ErrorCode::kBadCopyFormat,
                   fmt::format("\"{}\" is not compressed, as its name says", statement.path))
          .with_hint("Give the file another name if it is whole, and plain text.");
    }
    reader.emplace(format, input->source(), version.table->name);
    std::vector<std::string> names;
    for (const uint16_t column : columns) names.push_back(version.table->columns[column].name);
    encoder.emplace(*version.table, std::move(columns), std::move(defaults), writer, context.eval);
    TRY_ASSIGN(const txn::TableView view, context.transaction.view(version));
    loader.emplace(version, std::move(names), *encoder, writer, *reader, context);
    // A transaction that has changed the table already keeps to row edits; so does a table with
    // unique keys, whose values are locked and looked up one by one.
    if (context.foreign_keys != nullptr) context.foreign_keys->begin_statement();
    return loader->start(format.header,
                         view.overlay == nullptr && version.table->unique_keys.empty(), report,
                         source_bytes);
  }

  Result<size_t> read_pushed(char* buffer, size_t size) {
    const size_t taken = std::min(size, pushed.size() - pushed_at);
    if (taken == 0) return ended ? size_t{0} : kNoBytesYet;
    std::memcpy(buffer, pushed.data() + pushed_at, taken);
    pushed_at += taken;
    return taken;
  }

  // Reads on as far as what was pushed goes.
  Result<void> go_on() {
    if (!loader) {
      TRY_ASSIGN(const bool is_known, CopyInput::knows(pushed, ended));
      if (!is_known) return {};
      source = [this](char* buffer, size_t size) { return read_pushed(buffer, size); };
      TRY(begin(0));
    }
    TRY(loader->take_records());
    if (!reader->starved()) pushed_at = pushed.size();  // Behind the end of the data.
    pushed.erase(0, std::exchange(pushed_at, 0));
    return {};
  }

  Result<uint64_t> finish() {
    TRY_ASSIGN(const uint64_t rows, loader->finish());
    if (context.foreign_keys == nullptr) return rows;
    TRY_ASSIGN(const bool restart, context.foreign_keys->finish(context));
    if (restart)
      return Error(ErrorCode::kSerializationFailure,
                   "could not serialize access due to concurrent update");
    return rows;
  }
};

CopyFrom::CopyFrom(std::unique_ptr<Load> load) : load_(std::move(load)) {}
CopyFrom::~CopyFrom() = default;

Result<std::unique_ptr<CopyFrom>> CopyFrom::open(const sql::CopyStmt& statement,
                                                 const ProgressReport& report,
                                                 ExecContext& context) {
  TRY_ASSIGN(CopyFormat format, copy_format(statement));
  TRY_ASSIGN(const RelationName name, relation_name(statement.table, context));
  TRY_ASSIGN(catalog::TableVersion version, context.transaction.get_table(name.schema, name.name));
  auto load =
      std::make_unique<Load>(statement, std::move(format), std::move(version), context);
  TRY_ASSIGN(load->columns, copy_columns(statement, *load->version.table));
  TRY_ASSIGN(load->defaults, plan::bind_defaults(*load->version.table));
  load->column_count = load->columns.size();
  load->report = report;
  return std::unique_ptr<CopyFrom>(new CopyFrom(std::move(load)));
}

size_t CopyFrom::column_count() const { return load_->column_count; }

Result<void> CopyFrom::push(std::string_view bytes) {
  if (load_->context.cancelled())
    return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
  load_->pushed += bytes;
  return load_->go_on();
}

Result<uint64_t> CopyFrom::finish() {
  load_->ended = true;
  TRY(load_->go_on());
  return load_->finish();
}

Result<uint64_t> copy_from(const sql::CopyStmt& statement, const ByteSource& source,
                           uint64_t source_bytes, const ProgressReport& report,
                           ExecContext& context) {
  TRY_ASSIGN(const std::unique_ptr<CopyFrom> copy, CopyFrom::open(statement, report, context));
  CopyFrom::Load& load = *copy->load_;
  load.source = source;
  TRY(load.begin(source_bytes));
  TRY(load.loader->take_records());
  return load.finish();
}

struct CopyTo::Rows {
  CopyFormat format;
  plan::Plan plan;
  std::unique_ptr<Operator> root;
  ExecContext& context;
  bool header_left = false;
  uint64_t count = 0;

  // Lines of some batches.
  Result<bool> next(std::string& out) {
    out.clear();
    if (std::exchange(header_left, false)) append_header(out);
    for (;;) {
      if (out.size() > kCopyChunkBytes) return true;
      type::Batch batch;
      TRY_ASSIGN(const bool more, root->next(batch));
      if (!more) return !out.empty();
      append_rows(batch, out);
      count += batch.rows;
      if (context.cancelled())
        return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
    }
  }

  void append_header(std::string& out) const {
    for (size_t i = 0; i < plan.outputs.size(); ++i) {
      if (i > 0) out.push_back(format.delimiter);
      append_field(format, plan.outputs[i].name, out);
    }
    out.push_back('\n');
  }

  void append_rows(const type::Batch& batch, std::string& out) const {
    std::string text;
    std::vector<const type::TypeInfo*> types;  // Looked up once, since the loop below is long.
    for (const type::Column& column : batch.columns)
      types.push_back(&type::type_info(column.type.id));
    for (size_t r = 0; r < batch.rows; ++r) {
      for (size_t i = 0; i < batch.columns.size(); ++i) {
        const type::Column& column = batch.columns[i];
        if (i > 0) out.push_back(format.delimiter);
        if (column.is_null(r)) {
          out += format.null_text;
          continue;
        }
        text.clear();
        types[i]->write_text(column.type, column.datum(types[i]->physical, r), text);
        append_field(format, text, out);
      }
      out.push_back('\n');
    }
  }
};

CopyTo::CopyTo(std::unique_ptr<Rows> rows) : rows_(std::move(rows)) {}
CopyTo::~CopyTo() = default;
size_t CopyTo::column_count() const { return rows_->plan.outputs.size(); }
Result<bool> CopyTo::next(std::string& chunk) { return rows_->next(chunk); }
uint64_t CopyTo::rows() const { return rows_->count; }

Result<std::unique_ptr<CopyTo>> CopyTo::open(const sql::CopyStmt& statement,
                                             plan::PlanContext& planning, ExecContext& context) {
  TRY_ASSIGN(CopyFormat format, copy_format(statement));
  sql::SelectStmt everything{};
  sql::NamedTable table{};
  std::vector<sql::SelectItem> items;
  std::vector<std::unique_ptr<sql::ColumnExpr>> column_nodes;
  sql::StarExpr star{};
  sql::TableRef* from = &table;
  const sql::SelectStmt* select = statement.select;
  if (select == nullptr) {
    table.kind = sql::TableRefKind::kTable;
    table.name = statement.table;
    star.kind = sql::ExprKind::kStar;
    for (const std::string_view name : statement.columns) {
      auto column = std::make_unique<sql::ColumnExpr>();
      column->kind = sql::ExprKind::kColumn;
      column->column = name;
      items.push_back({column.get(), {}});
      column_nodes.push_back(std::move(column));
    }
    if (items.empty()) items.push_back({&star, {}});
    everything.kind = sql::StatementKind::kSelect;
    everything.items = {items.data(), items.size()};
    everything.from = {&from, 1};
    select = &everything;
  }
  TRY_ASSIGN(plan::Plan plan, plan::plan_query(*select, planning));
  const bool header = format.header;
  auto rows = std::make_unique<Rows>(
      Rows{std::move(format), std::move(plan), nullptr, context, header});
  TRY_ASSIGN(rows->root, build(rows->plan, context));
  TRY(rows->root->open());
  return std::unique_ptr<CopyTo>(new CopyTo(std::move(rows)));
}

Result<uint64_t> copy_to(const sql::CopyStmt& statement, const ByteSink& sink,
                         plan::PlanContext& planning, const ProgressReport& report,
                         ExecContext& context) {
  TRY_ASSIGN(const std::unique_ptr<CopyTo> copy, CopyTo::open(statement, planning, context));
  std::string chunk;
  for (;;) {
    TRY_ASSIGN(const bool more, copy->next(chunk));
    if (!more) break;
    TRY(sink(chunk));
    if (report) report("COPY", copy->rows(), 0, "rows");
  }
  return copy->rows();
}

}  // namespace rowan::exec
