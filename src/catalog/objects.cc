#include "catalog/objects.h"

#include <fmt/format.h>
#include <algorithm>

#include "catalog/sequence_bounds.h"
#include "sql/parser.h"
#include "sql/print.h"
#include "sql/walk.h"
#include "store/object_store.h"
#include "type/flat_json.h"
#include "type/json_text.h"
#include "type/key_codec.h"

namespace rowan::catalog {
namespace {

std::string folder(std::string_view schema, std::string_view name) {
  return type::encode_name(schema) + "/" + type::encode_name(name);
}

struct Bounds {
  int64_t min;
  int64_t max;
};
Bounds bounds_of(type::Type type) {
  if (type.id == type::TypeId::kInt2) return {INT16_MIN, INT16_MAX};
  if (type.id == type::TypeId::kInt4) return {INT32_MIN, INT32_MAX};
  return {INT64_MIN, INT64_MAX};
}

Error bad_value(std::string message) {
  return Error(ErrorCode::kInvalidParameterValue, std::move(message));
}

// PostgreSQL's rules for the numbers of a sequence.
Result<void> check_sequence(const SequenceDef& sequence) {
  const Bounds bounds = bounds_of(sequence.type);
  if (sequence.increment == 0) return bad_value("INCREMENT must not be zero");
  if (sequence.max < bounds.min || sequence.max > bounds.max) {
    return bad_value(fmt::format("MAXVALUE ({}) is out of range for sequence data type {}",
                                 sequence.max, type::type_name(sequence.type)));
  }
  if (sequence.min < bounds.min || sequence.min > bounds.max) {
    return bad_value(fmt::format("MINVALUE ({}) is out of range for sequence data type {}",
                                 sequence.min, type::type_name(sequence.type)));
  }
  if (sequence.min >= sequence.max)
    return bad_value(
        fmt::format("MINVALUE ({}) must be less than MAXVALUE ({})", sequence.min, sequence.max));
  if (sequence.start < sequence.min) {
    return bad_value(fmt::format("START value ({}) cannot be less than MINVALUE ({})",
                                 sequence.start, sequence.min));
  }
  if (sequence.start > sequence.max) {
    return bad_value(fmt::format("START value ({}) cannot be greater than MAXVALUE ({})",
                                 sequence.start, sequence.max));
  }
  return {};
}

Result<void> restart(const sql::SequenceOptions& options, SequenceDef& sequence) {
  const int64_t next = options.restart_with ? options.restart : sequence.start;
  if (next < sequence.min)
    return bad_value(
        fmt::format("RESTART value ({}) cannot be less than MINVALUE ({})", next, sequence.min));
  if (next > sequence.max)
    return bad_value(
        fmt::format("RESTART value ({}) cannot be greater than MAXVALUE ({})", next, sequence.max));
  sequence.called = false;
  sequence.last = 0;
  if (next == sequence.start) return {};
  // The next value is the one behind `last`.
  if (__builtin_sub_overflow(next, sequence.increment, &sequence.last)) {
    return bad_value(fmt::format("RESTART value ({}) is too near the end of bigint", next));
  }
  sequence.called = true;
  return {};
}

}  // namespace

std::string qualified(std::string_view schema, std::string_view name) {
  return sql::quote_ident(schema) + "." + sql::quote_ident(name);
}

Result<ObjectName> parse_name(std::string_view text, std::string_view default_schema) {
  const auto invalid = [&] {
    return Error(ErrorCode::kInvalidName, "invalid name syntax")
        .with_detail("\"" + std::string(text) + "\" is no name of a relation.");
  };
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  std::vector<std::string> parts;
  size_t at = 0;
  const auto skip = [&] {
    while (at < text.size() && is_blank(text[at])) ++at;
  };
  for (;;) {
    skip();
    std::string part;
    if (at < text.size() && text[at] == '"') {
      for (++at;; ++at) {
        if (at >= text.size()) return invalid();
        if (text[at] == '"' && !(at + 1 < text.size() && text[at + 1] == '"')) break;
        if (text[at] == '"') ++at;
        part += text[at];
      }
      ++at;
    } else {
      for (; at < text.size() && text[at] != '.' && text[at] != '"' && !is_blank(text[at]); ++at) {
        part +=
            text[at] >= 'A' && text[at] <= 'Z' ? static_cast<char>(text[at] - 'A' + 'a') : text[at];
      }
    }
    if (part.empty()) return invalid();
    parts.push_back(std::move(part));
    skip();
    if (at == text.size()) break;
    if (text[at++] != '.') return invalid();
  }
  if (parts.size() > 2) return invalid();
  if (parts.size() == 1) return ObjectName{std::string(default_schema), std::move(parts[0])};
  return ObjectName{std::move(parts[0]), std::move(parts[1])};
}

std::string ViewDef::path() const { return folder(schema, name); }
std::string SequenceDef::path() const { return folder(schema, name); }

// ---- Views ----

namespace {

// How many columns a query gives; nothing when a `*` hides it.
std::optional<size_t> width_of(const sql::SelectStmt& select) {
  if (select.set_operation != sql::SetOperation::kNone) return width_of(*select.left);
  if (!select.values.empty()) return select.values[0].size();
  for (const sql::SelectItem& item : select.items) {
    if (item.expr->kind == sql::ExprKind::kStar) return std::nullopt;
  }
  return select.items.size();
}

// The typed columns of a stored materialised view, as a table without a primary key.
Result<std::shared_ptr<const TableDef>> stored_table(const sql::CreateViewStmt& statement,
                                                     std::string_view schema,
                                                     std::string_view name) {
  sql::CreateTableStmt create{};
  create.kind = sql::StatementKind::kCreateTable;
  create.table.schema = schema;
  create.table.name = name;
  create.columns = statement.stored_columns;
  for (const sql::ColumnClause& column : create.columns) {
    const bool plain = !column.not_null && !column.explicit_null && !column.primary_key &&
                       !column.unique && column.checks.empty() && column.references == nullptr &&
                       column.identity == sql::IdentityKind::kNone &&
                       column.default_value == nullptr && column.merge_rule.empty() &&
                       column.absent == nullptr && !is_serial(column.type);
    if (!plain)
      return Error(ErrorCode::kInvalidContent,
                   "column " + sql::quote_ident(column.name) + " has more than a type and a slot");
  }
  TRY_ASSIGN(TableDef table, table_from_statement(create, {{}, schema}));
  return std::make_shared<const TableDef>(std::move(table));
}

}  // namespace

std::string view_sql(const ViewDef& view) {
  std::string out = view.materialized() ? "CREATE MATERIALIZED VIEW " : "CREATE VIEW ";
  out += qualified(view.schema, view.name);
  if (view.materialized()) {
    out += " (\n" + stored_columns_sql(*view.stored) + "\n)";
  } else if (!view.columns.empty()) {
    out += " (";
    for (size_t i = 0; i < view.columns.size(); ++i)
      out += (i > 0 ? ", " : "") + sql::quote_ident(view.columns[i]);
    out += ")";
  }
  out += " AS " + view.query_sql;
  if (view.materialized() && !view.populated) out += " WITH NO DATA";
  return out + ";\n";
}

Result<ViewDef> view_from_sql(std::string_view text, std::string_view schema,
                              std::string_view name) {
  const auto invalid = [&](const std::string& why) {
    return Error(ErrorCode::kInvalidContent,
                 "the definition of view " + qualified(schema, name) + ": " + why);
  };
  Result<sql::ParsedStatement> parsed = sql::parse_statement(text);
  if (!parsed) return invalid(parsed.error().message());
  if (parsed->statement->kind != sql::StatementKind::kCreateView)
    return invalid("no CREATE VIEW statement");
  if (parsed->parameter_count > 0) return invalid("there is no parameter $1");
  const auto& statement = static_cast<const sql::CreateViewStmt&>(*parsed->statement);
  const std::string_view own_schema =
      statement.name.schema.empty() ? schema : statement.name.schema;
  if (own_schema != schema || statement.name.name != name || !statement.name.catalog.empty()) {
    return invalid("it defines " + qualified(own_schema, statement.name.name));
  }
  ViewDef view;
  view.schema = schema;
  view.name = name;
  sql::qualify_tables(*statement.select, [&](const sql::NamedTable&) { return schema; });
  view.query_sql = sql::to_sql(*statement.select);
  if (statement.materialized) {
    if (statement.stored_columns.empty()) return invalid("its columns have no types");
    auto stored = stored_table(statement, schema, name);
    if (!stored) return invalid(stored.error().message());
    view.stored = std::move(*stored);
    view.populated = statement.with_data;
    for (const ColumnDef& column : view.stored->columns) view.columns.push_back(column.name);
  } else {
    for (const std::string_view column : statement.columns) {
      if (std::find(view.columns.begin(), view.columns.end(), column) != view.columns.end()) {
        return invalid("column \"" + std::string(column) + "\" specified more than once");
      }
      view.columns.emplace_back(column);
    }
  }
  const std::optional<size_t> width = width_of(*statement.select);
  if (!width) return invalid("its query has a *, which stands written out");
  if (*width != view.columns.size())
    return invalid(
        fmt::format("it names {} columns, its query gives {}", view.columns.size(), *width));
  if (const auto again = sql::parse_statement(view.query_sql); !again)
    return invalid(again.error().message());
  view.definition_id = store::hash_object(store::ObjectType::kBlob, view_sql(view));
  return view;
}

// ---- Sequences ----

SequenceDef new_sequence(std::string_view schema, std::string_view name, type::Type type) {
  SequenceDef sequence;
  sequence.schema = schema;
  sequence.name = name;
  sequence.type = type;
  sequence.max = bounds_of(type).max;
  return sequence;
}

Result<SequenceDef> sequence_from_options(const sql::SequenceOptions& options, SequenceDef base,
                                          bool is_new) {
  SequenceDef sequence = std::move(base);
  if (options.has_type) {
    TRY_ASSIGN(const type::Type type, column_type(options.type));
    if (!type::is_integer(type.id) || is_serial(options.type))
      return bad_value("sequence type must be smallint, integer, or bigint");
    const Bounds before = bounds_of(sequence.type);
    const Bounds after = bounds_of(type);
    if (sequence.max == before.max)
      sequence.max = after.max;  // Bounds that the old type gave follow the new one.
    if (sequence.min == before.min) sequence.min = after.min;
    sequence.type = type;
  }
  if (options.has_increment) sequence.increment = options.increment;
  if (options.has_cycle) sequence.cycle = options.cycle;
  const Bounds bounds = bounds_of(sequence.type);
  const bool up = sequence.increment > 0;
  if (options.has_max && !options.no_max) {
    sequence.max = options.max;
  } else if (is_new || options.no_max) {
    sequence.max = up ? bounds.max : -1;
  }
  if (options.has_min && !options.no_min) {
    sequence.min = options.min;
  } else if (is_new || options.no_min) {
    sequence.min = up ? 1 : bounds.min;
  }
  if (options.has_start) {
    sequence.start = options.start;
  } else if (is_new) {
    sequence.start = up ? sequence.min : sequence.max;
  }
  TRY(check_sequence(sequence));
  if (options.has_cache && options.cache < 1)
    return bad_value(fmt::format("CACHE ({}) must be greater than zero", options.cache));
  if (options.has_cache && options.cache > 1) {
    return Error(ErrorCode::kFeatureNotSupported,
                 fmt::format("CACHE {} is not supported: sessions hold no values back", options.cache))
        .with_hint("Leave CACHE out: values are given out in memory anyway.");
  }
  keep_in_bounds(sequence);
  if (options.has_restart) TRY(restart(options, sequence));
  return sequence;
}

std::string sequence_json(const SequenceDef& sequence) {
  std::string out = fmt::format(
      "{{\"type\":\"{}\",\"start\":{},\"increment\":{},\"min\":{},\"max\":{},\"cycle\":{}",
      type::type_name(sequence.type), sequence.start, sequence.increment, sequence.min,
      sequence.max, sequence.cycle);
  if (!sequence.owner_column.empty()) {
    out += ",\"owner\":[";
    type::append_json_string(sequence.owner_table, out);
    out += ',';
    type::append_json_string(sequence.owner_column, out);
    out += ']';
  }
  if (sequence.called) out += fmt::format(",\"last\":{}", sequence.last);
  return out + "}\n";
}

Result<SequenceDef> sequence_from_json(std::string_view text, std::string_view schema,
                                       std::string_view name) {
  const auto invalid = [&](const std::string& why) {
    return Error(ErrorCode::kInvalidContent,
                 "sequence.json of " + qualified(schema, name) + ": " + why);
  };
  const auto json = type::FlatJson::parse(text);
  if (!json) return invalid("no JSON object");
  static constexpr std::string_view kKeys[] = {"type", "start", "increment", "min",
                                               "max",  "cycle", "owner",     "last"};
  for (const auto& [key, value] : json->fields()) {
    if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys))
      return invalid("unknown key \"" + key + "\"");
  }
  SequenceDef sequence = new_sequence(schema, name, {type::TypeId::kInt8});
  if (json->contains("type")) {
    const auto* const found = json->get<std::string>("type");
    const std::string word = found != nullptr ? *found : std::string();
    if (word != "smallint" && word != "integer" && word != "bigint")
      return invalid("\"type\" must be smallint, integer or bigint");
    sequence.type = {word == "smallint"  ? type::TypeId::kInt2
                     : word == "integer" ? type::TypeId::kInt4
                                         : type::TypeId::kInt8};
    sequence.max = bounds_of(sequence.type).max;
  }
  const std::pair<const char*, int64_t*> numbers[] = {{"start", &sequence.start},
                                                      {"increment", &sequence.increment},
                                                      {"min", &sequence.min},
                                                      {"max", &sequence.max},
                                                      {"last", &sequence.last}};
  for (const auto& [key, target] : numbers) {
    if (!json->contains(key)) continue;
    const auto* const number = json->get<int64_t>(key);
    if (number == nullptr) return invalid(fmt::format("\"{}\" must be a 64-bit integer", key));
    *target = *number;
  }
  sequence.called = json->contains("last");
  if (json->contains("cycle")) {
    const auto* const cycle = json->get<bool>("cycle");
    if (cycle == nullptr) return invalid("\"cycle\" must be true or false");
    sequence.cycle = *cycle;
  }
  if (json->contains("owner")) {
    const auto* const parts = json->get<type::FlatJson::Texts>("owner");
    if (parts == nullptr || parts->size() != 2)
      return invalid("\"owner\" must be an array of table and column");
    const auto owner = parse_name((*parts)[0], schema);
    if (!owner) return invalid("\"owner\" names no table");
    sequence.owner_table = qualified(owner->schema, owner->name);
    sequence.owner_column = (*parts)[1];
    if (sequence.owner_column.empty()) return invalid("\"owner\" names no column");
  }
  if (const auto checked = check_sequence(sequence); !checked)
    return invalid(checked.error().message());
  return sequence;
}

}  // namespace rowan::catalog
