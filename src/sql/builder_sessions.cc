// Builder: transactions, settings, prepared statements, EXPLAIN, VACUUM, cursors.
#include <algorithm>
#include <charconv>
#include <string>

#include "sql/builder.h"
#include "sql/grammar.h"

namespace rowan::sql {

// ---- Transactions and settings ----

Statement* Builder::transaction(const Token& token, StatementKind kind, TransactionModes modes) {
  auto* made = statement_node<TransactionStmt>(kind, token);
  made->has_isolation = modes.has_isolation;
  if (modes.has_isolation) made->isolation = modes.isolation;
  made->has_read_only = modes.has_read_only;
  made->read_only = modes.read_only;
  return made;
}

Statement* Builder::start_transaction(const Token& token, TransactionModes modes) {
  auto* made = static_cast<TransactionStmt*>(transaction(token, StatementKind::kBegin, modes));
  made->is_start = true;
  return made;
}

Statement* Builder::commit_message(const Token& token, const Token& message) {
  auto* made = static_cast<TransactionStmt*>(transaction(token, StatementKind::kCommit, {}));
  made->has_message = true;
  made->message = message.text();
  return made;
}

Statement* Builder::savepoint(const Token& token, StatementKind kind, const Token& name) {
  auto* made = static_cast<TransactionStmt*>(transaction(token, kind, {}));
  made->savepoint = name.text();
  return made;
}

TransactionModes Builder::modes(TransactionModes left, TransactionModes right) {
  if (right.has_isolation) {
    left.has_isolation = true;
    left.isolation = right.isolation;
  }
  if (right.has_read_only) {
    left.has_read_only = true;
    left.read_only = right.read_only;
  }
  return left;
}

Statement* Builder::set_named(const Token& token, bool local, const char* name,
                              std::string_view value) {
  auto* made = statement_node<SetStmt>(StatementKind::kSet, token);
  made->name = name;
  made->value = value;
  made->local = local;
  for (const std::string_view word : {"password", "token", "secret"}) {
    if (made->name.find(word) != std::string_view::npos) may_hold_secret_ = true;
  }
  return made;
}

// SET TIME ZONE INTERVAL '+00:00' HOUR TO MINUTE: UTC, the one zone there is.
Statement* Builder::set_zone_offset(const Token& token, bool local, const Token& offset) {
  if (offset.text().find_first_not_of("'+-:0") != std::string_view::npos) {
    fail(ErrorCode::kFeatureNotSupported, "time zones other than UTC are not supported",
         offset.position);
  }
  return set_named(token, local, "timezone", "UTC");
}

Statement* Builder::set(const Token& token, bool local, const char* name, SettingText value) {
  const bool names = std::string_view(name) == "search_path";
  auto* made =
      static_cast<SetStmt*>(set_named(token, local, name, names ? value.names : value.words));
  made->is_list = value.is_list;
  return made;
}

Statement* Builder::set_default(const Token& token, bool local, const char* name) {
  auto* made = static_cast<SetStmt*>(set_named(token, local, name, {}));
  made->is_default = true;
  return made;
}

// SET SESSION CHARACTERISTICS sets the defaults of later transactions.
Statement* Builder::session_modes(const Token& token, TransactionModes modes) {
  auto* access = static_cast<SetStmt*>(set_named(token, false, "default_transaction_read_only",
                                                 modes.read_only ? "on" : "off"));
  if (!modes.has_isolation && !modes.has_read_only)
    unsupported(token, "sessions have no mode DEFERRABLE yet");
  if (!modes.has_isolation) return access;
  static constexpr std::string_view kLevels[] = {"read uncommitted", "read committed",
                                                 "repeatable read", "serializable"};
  auto* made = static_cast<SetStmt*>(set_named(token, false, "default_transaction_isolation",
                                               kLevels[static_cast<size_t>(modes.isolation)]));
  if (modes.has_read_only) made->also = access;
  return made;
}

Statement* Builder::setting(const Token& token, StatementKind kind, const char* name) {
  auto* made = statement_node<SetStmt>(kind, token);
  made->name = name;
  return made;
}

void Builder::storage_parameter(const Token& name, const Token& value) {
  if (name.text() != "fillfactor") {
    fail(ErrorCode::kFeatureNotSupported,
         "storage parameter \"" + std::string(name.text()) + "\" is not supported", name.position);
  } else if (value.size > 3 || (value.size == 3 && value.text() != "100") || value.size < 2 ||
             value.text()[0] == '0') {
    fail(ErrorCode::kInvalidParameterValue,
         "value " + std::string(value.text()) + " out of bounds for option \"fillfactor\"",
         value.position);
  }
}

Statement* Builder::discard(const Token& token, const Token& word) {
  const std::string_view what = word.text() == "temporary" ? "temp" : word.text();
  if (what != "plans" && what != "sequences" && what != "temp") syntax_error(TK_IDENT, word);
  auto* made = statement_node<SetStmt>(StatementKind::kDiscard, token);
  made->name = what;
  return made;
}

Statement* Builder::prepare(const Token& token, const Token& name, const TypeNameList* types,
                            const Token& as) {
  auto* made = statement_node<PrepareStmt>(StatementKind::kPrepare, token);
  made->name = name.text();
  made->types = list(types);
  made->prepared = source_.substr(as.end, previous_end_ - as.end);
  parameter_count_ = 0;  // They are the other statement's.
  text_parameters_.clear();
  calls_.clear();
  return made;
}

Statement* Builder::execute(const Token& token, const Token& name, const ExprList* arguments) {
  auto* made = statement_node<PrepareStmt>(StatementKind::kExecute, token);
  made->name = name.text();
  made->arguments = list(arguments);
  return made;
}

Statement* Builder::deallocate(const Token& token, const Token& name) {
  auto* made = statement_node<PrepareStmt>(StatementKind::kDeallocate, token);
  made->name = name.text();
  return made;
}

Statement* Builder::explain(const Token& token, bool analyze, Statement* statement) {
  auto* made = statement_node<ExplainStmt>(StatementKind::kExplain, token);
  made->statement = statement;
  made->analyze = analyze;
  return made;
}

// There is one form of EXPLAIN. An option that asks for it is fine; one that asks for more or less is
// refused rather than passed over. Gives whether ANALYZE is on; as in PostgreSQL, a later option of the
// same name stands.
bool Builder::explain_option(const Token& name, const Token& value, bool analyze) {
  struct Option {
    std::string_view name;
    bool on;  // What the form is.
  };
  static constexpr Option kKnown[] = {{"verbose", false}, {"costs", true},  {"settings", false},
                                      {"buffers", false}, {"wal", false},   {"timing", true},
                                      {"summary", true}};
  const std::string_view option = name.text();
  const std::string_view text = value.data == nullptr ? "on" : value.text();
  if (option == "format") {
    if (text == "text") return analyze;
    if (text == "json" || text == "xml" || text == "yaml") {
      fail(ErrorCode::kFeatureNotSupported, "EXPLAIN has only the text format yet", name.position);
    } else {
      fail(ErrorCode::kInvalidParameterValue,
           "unrecognized value for EXPLAIN option \"format\": \"" + std::string(text) + "\"",
           name.position);
    }
    return analyze;
  }
  const auto* known = std::find_if(std::begin(kKnown), std::end(kKnown),
                                   [&](const Option& each) { return each.name == option; });
  const bool is_analyze = option == "analyze" || option == "analyse";
  if (!is_analyze && known == std::end(kKnown)) {
    fail(ErrorCode::kSyntaxError, "unrecognized EXPLAIN option \"" + std::string(option) + "\"",
         name.position);
    return analyze;
  }
  const bool on = text == "on" || text == "true" || text == "1";
  if (!on && text != "off" && text != "false" && text != "0") {
    fail(ErrorCode::kSyntaxError, std::string(option) + " requires a Boolean value", name.position);
  } else if (!is_analyze && on != known->on) {
    fail(ErrorCode::kFeatureNotSupported,
         "EXPLAIN option \"" + std::string(option) + "\" cannot be turned " +
             (on ? "on" : "off") + " yet",
         name.position);
  }
  return is_analyze ? on : analyze;
}

// ---- VACUUM and ANALYZE ----

Statement* Builder::maintenance(const Token& token, StatementKind kind, const QualifiedList* tables) {
  auto* made = statement_node<MaintenanceStmt>(kind, token);
  made->tables = list(tables);
  return made;
}

// None changes what the statement does: there is nothing to clean up, and what is counted is counted of
// each tree.
void Builder::maintenance_option(StatementKind kind, const Token& name, const Token& value) {
  static constexpr std::string_view kOfBoth[] = {"verbose", "skip_locked"};
  static constexpr std::string_view kOfVacuum[] = {
      "full",     "freeze",   "analyze",       "analyse",     "disable_page_skipping",
      "truncate", "parallel", "index_cleanup", "process_toast"};
  const std::string_view option = name.text();
  const auto among = [&](const auto& names) {
    return std::find(std::begin(names), std::end(names), option) != std::end(names);
  };
  const bool is_vacuum = kind == StatementKind::kVacuum;
  if (!among(kOfBoth) && !(is_vacuum && among(kOfVacuum))) {
    fail(ErrorCode::kSyntaxError,
         std::string("unrecognized ") + (is_vacuum ? "VACUUM" : "ANALYZE") + " option \"" +
             std::string(option) + "\"",
         name.position);
  }
  if (value.data == nullptr || option == "parallel" || option == "index_cleanup") return;
  static constexpr std::string_view kBooleans[] = {"on", "off", "true", "false", "1", "0"};
  if (std::find(std::begin(kBooleans), std::end(kBooleans), value.text()) == std::end(kBooleans))
    fail(ErrorCode::kSyntaxError, std::string(option) + " requires a Boolean value", name.position);
}

// ---- Cursors ----

DeclareStmt* Builder::declare_options() { return arena_.make<DeclareStmt>(); }

DeclareStmt* Builder::declare_option(DeclareStmt* options, const Token& word, bool no) {
  const std::string_view option = word.text();
  if (option == "scroll") {
    (no ? options->no_scroll : options->scroll) = true;
  } else if (option == "binary") {
    options->binary = true;
  } else if (option == "insensitive") {
    options->insensitive = true;
  } else {
    options->asensitive = true;
  }
  return options;
}

Statement* Builder::declare(const Token& token, const Token& name, DeclareStmt* options, bool hold,
                            const Token& before, SelectStmt* query) {
  options->kind = StatementKind::kDeclare;
  options->name = name.text();
  options->hold = hold;
  options->select = query;
  options->query = source_.substr(before.end, previous_end_ - before.end);
  return finish(options, token);
}

FetchStmt* Builder::fetch(FetchDirection direction, int64_t count) {
  auto* made = arena_.make<FetchStmt>();
  made->direction = direction;
  made->count = count;
  return made;
}

FetchStmt* Builder::fetch_count(FetchDirection direction, const Token& number, bool negative) {
  int32_t count = 0;  // PostgreSQL's bounds.
  const auto read = std::from_chars(number.data, number.data + number.size, count);
  if (read.ec != std::errc()) syntax_error(TK_INTEGER, number);
  return fetch(direction, negative ? -int64_t{count} : int64_t{count});
}

Statement* Builder::fetch_from(const Token& token, StatementKind kind, FetchStmt* what,
                               const Token& cursor) {
  what->kind = kind;
  what->cursor = cursor.text();
  return finish(what, token);
}

Statement* Builder::close(const Token& token, std::string_view cursor) {
  auto* made = statement_node<CloseStmt>(StatementKind::kClose, token);
  made->cursor = cursor;
  return made;
}

}  // namespace rowan::sql
