#include "engine/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

#include "plan/plan.h"

namespace rowan::engine {

namespace {

struct Definition {
  std::string_view name;
  std::string_view initial;
  std::string_view choices;  // Separated by blanks; empty: any text.
  bool read_only;
  std::string_view description;
};

// Sorted by name.
constexpr Definition kDefinitions[] = {
    {"application_name", "", "", false, "The application's name, kept in commits as Rowan-App."},
    {"bytea_output", "hex", "hex", false, "How bytes are shown: always in hexadecimal."},
    {"check_function_bodies", "on", "on off", false,
     "Whether the bodies of functions are looked at when they are made."},
    {"client_encoding", "UTF8", "UTF8 SQL_ASCII", false,
     "The encoding of texts: UTF-8; SQL_ASCII, as in the C locale, changes nothing."},
    {"client_min_messages", "notice", "debug5 debug4 debug3 debug2 debug1 log notice warning error",
     false, "The least severe messages that a client is told."},
    {"commit_statement", "normalised", "normalised normalized full off", false,
     "What a commit's body keeps of its statements."},
    {"datestyle", "ISO, MDY", "", false, "How dates are shown and read: always ISO, MDY."},
    {"default_table_access_method", "heap", "heap", false, "How tables are kept: in one way."},
    {"default_tablespace", "", "pg_default", false, "Where tables are kept: in the repository."},
    {"default_transaction_deferrable", "off", "off", false,
     "Whether new transactions wait for a snapshot that cannot fail: never."},
    {"default_transaction_isolation", "read committed", "", false,
     "The isolation level of new transactions."},
    {"default_transaction_read_only", "off", "on off", false,
     "Whether new transactions only read."},
    {"extra_float_digits", "1", "1 2 3", false,
     "How exactly floating-point numbers are shown: always exactly."},
    {"idle_in_transaction_session_timeout", "0", "", false,
     "How long a connection may be idle in a block before a server ends it, in ms (or with a unit: "
     "ms, s, min, h, d); 0: for ever."},
    {"idle_session_timeout", "0", "", false,
     "The same outside a block."},
    {"in_hot_standby", "off", "", true, "Whether this is a copy that only reads: never."},
    {"integer_datetimes", "on", "", true, "Whether times are whole microseconds: always."},
    {"intervalstyle", "postgres", "", false, "How intervals are shown: always postgres."},
    {"is_superuser", "on", "", true, "Whether the user may do everything: always, as yet."},
    {"lock_timeout", "0", "", false,
     "How long a statement waits for a lock, in ms (or with a unit: ms, s, min, h, d); 0: for ever."},
    {"max_identifier_length", "63", "", true, "The bytes of a name that PostgreSQL keeps."},
    {"max_index_keys", "32", "", true, "The columns that an index of PostgreSQL may have."},
    {"quote_all_identifiers", "off", "off", false, "Whether every name is quoted: never."},
    {"rowan.author", "", "", false,
     "The author of commits, as Name <email>; for the owner of the repository alone."},
    {"rowan.branch", "", "", false, "The branch that the session is on, or what else it reads from."},
    {"rowan.commit_message", "", "", false,
     "The message of the commits of statements and of COMMIT without one; empty: made from what changed."},
    {"rowan.disabled_rules", "", "", false,
     "Optimizer rules to leave out, separated by commas, or all; results never change."},
    {"rowan.memory_limit", "0", "", true,
     "What all statements together may hold in memory, beside the cache."},
    {"row_security", "on", "on off", false,
     "Whether policies for rows are obeyed: there are none."},
    {"search_path", "public", "", false, "The schemas of names that have none, separated by commas."},
    {"server_encoding", "UTF8", "", true, "The encoding that texts are stored in."},
    {"server_version", "15.0", "", true, "The PostgreSQL version whose SQL this is."},
    {"server_version_num", "150000", "", true, "The same as a number."},
    {"session_authorization", "", "", true, "Who the session is."},
    {"standard_conforming_strings", "on", "on", false,
     "Backslashes are ordinary characters in plain strings."},
    {"statement_timeout", "0", "", false,
     "How long a statement may take, in ms (or with a unit: ms, s, min, h, d); 0: as long as it takes."},
    {"synchronous_commit", "on", "on normal off", false,
     "Whether COMMIT waits until it is on disk."},
    {"synchronize_seqscans", "off", "on off", false,
     "Whether scans of one table keep together: every scan begins at the beginning."},
    {"timezone", "UTC", "UTC utc GMT Etc/UTC", false,
     "The time zone of timestamps with time zone: always UTC."},
    {"transaction_deferrable", "off", "off", false,
     "Whether the transaction waits for a snapshot that cannot fail: never."},
    {"work_mem", "256MB", "", false,
     "What a sort, join, grouping or subquery may hold in memory, in kB (or with a unit: B, kB, MB, "
     "GB, TB)."},
    {"xmloption", "content", "content", false, "What a text of XML is read as."},
};
static_assert(kWorkMemDefault == 256u << 20);

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_choice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    const size_t end = std::min(choices.find(' '), choices.size());
    if (choices.substr(0, end) == value) return true;
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  return false;
}

Error unknown(std::string_view name) {
  return Error(ErrorCode::kUndefinedObject,
               fmt::format("unrecognized configuration parameter \"{}\"", name))
      .with_hint("SHOW ALL lists them.");
}

Error bad_value(std::string_view name, std::string_view value) {
  return Error(ErrorCode::kInvalidParameterValue,
               fmt::format("invalid value for parameter \"{}\": \"{}\"", name, value));
}

// Those that take several values.
constexpr std::string_view kLists[] = {"datestyle", "rowan.disabled_rules", "search_path"};
constexpr std::string_view kAllRules = "all";
constexpr std::string_view kIsolationNames[] = {"read uncommitted", "read committed",
                                                "repeatable read", "serializable"};

constexpr std::pair<std::string_view, int64_t> kTimeUnits[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1000}, {"ms", 1}};

// A time as PostgreSQL's settings take it: a number of ms, or with a unit.
std::optional<int64_t> duration_ms(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || number > INT32_MAX) return std::nullopt;
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit.empty()) return number;
  for (const auto& [name, ms] : kTimeUnits) {
    if (name != unit) continue;
    return number > INT32_MAX / ms ? std::nullopt : std::optional(number * ms);
  }
  return std::nullopt;
}

// In the largest unit that gives a whole number, as PostgreSQL shows it.
std::string duration_text(int64_t duration_ms) {
  for (const auto& [name, ms] : kTimeUnits) {
    if (duration_ms > 0 && duration_ms % ms == 0) return fmt::format("{}{}", duration_ms / ms, name);
  }
  return "0";
}

bool is_duration(std::string_view name) { return name.ends_with("_timeout"); }

// "Name <email>"
std::optional<Settings::Author> author_of(std::string_view text) {
  const size_t bracket = text.find(" <");
  if (bracket == 0 || bracket == std::string_view::npos || !text.ends_with('>')) return std::nullopt;
  const std::string_view name = text.substr(0, bracket);
  const std::string_view email = text.substr(bracket + 2, text.size() - bracket - 3);
  const auto is_clean = [](std::string_view part) {
    return part.find_first_of(std::string_view("<>\n\0", 4)) == std::string_view::npos;
  };
  if (email.empty() || !is_clean(name) || !is_clean(email)) return std::nullopt;
  return Settings::Author{std::string(name), std::string(email)};
}

constexpr std::pair<std::string_view, uint64_t> kMemoryUnits[] = {
    {"TB", uint64_t{1} << 40}, {"GB", 1u << 30}, {"MB", 1u << 20}, {"kB", 1u << 10}, {"B", 1}};
constexpr uint64_t kWorkMemBytesMin = 64u << 10;                            // PostgreSQL's bounds.
constexpr uint64_t kWorkMemBytesMax = uint64_t{INT32_MAX} << 10;

// Memory as PostgreSQL's settings take it: a number of kB, or with a unit. Whole kB.
std::optional<uint64_t> memory_bytes(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit.empty()) unit = "kB";
  for (const auto& [name, bytes] : kMemoryUnits) {
    if (name != unit) continue;
    return number > UINT64_MAX / bytes ? std::nullopt
                                       : std::optional(number * bytes / 1024 * 1024);
  }
  return std::nullopt;
}

// In the largest unit that gives a whole number, as PostgreSQL shows it.
std::string memory_text(uint64_t bytes) {
  for (const auto& [name, unit] : kMemoryUnits) {
    if (bytes >= unit && bytes % unit == 0) return fmt::format("{}{}", bytes / unit, name);
  }
  return "0";
}

// The parts between commas, without the blanks around them.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    std::string_view word = text.substr(0, end);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (!word.empty()) words.emplace_back(word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// Identifiers between commas: folded unless quoted. Nothing: the text is no such list.
std::optional<std::vector<std::string>> identifier_list(std::string_view text) {
  std::vector<std::string> names;
  const auto skip_blanks = [&] {
    while (text.starts_with(' ')) text.remove_prefix(1);
  };
  for (;;) {
    skip_blanks();
    std::string name;
    if (text.starts_with('"')) {
      text.remove_prefix(1);
      for (;;) {
        const size_t end = text.find('"');
        if (end == std::string_view::npos) return std::nullopt;
        name += text.substr(0, end);
        text.remove_prefix(end + 1);
        if (!text.starts_with('"')) break;
        name += '"';
        text.remove_prefix(1);
      }
    } else {
      const size_t end = std::min(text.find_first_of(", \""), text.size());
      if (end == 0) return std::nullopt;
      name = lower(text.substr(0, end));
      text.remove_prefix(end);
    }
    names.push_back(std::move(name));
    skip_blanks();
    if (text.empty()) return names;
    if (!text.starts_with(',')) return std::nullopt;
    text.remove_prefix(1);
  }
}

// Dates are written as ISO and read month first. PostgreSQL's other styles are known and refused:
// a style that is shown and not obeyed would turn days into months.
Result<void> check_date_style(std::string_view text) {
  std::string style, order;
  for (const std::string& word : words_of(text)) {
    std::string name = lower(word);
    if (name == "us" || name == "noneuro" || name == "noneuropean") name = "mdy";
    if (name == "euro" || name == "european") name = "dmy";
    if (name == "default") continue;
    const bool is_order = name == "mdy" || name == "dmy" || name == "ymd";
    if (!is_order && name != "iso" && name != "sql" && name != "postgres" && name != "german")
      return bad_value("datestyle", text).with_detail(
          fmt::format("Unrecognized key word: \"{}\".", word));
    std::string& part = is_order ? order : style;
    if (!part.empty() && part != name)
      return bad_value("datestyle", text).with_detail("Conflicting \"datestyle\" specifications.");
    part = name;
  }
  const bool obeyed = (style.empty() || style == "iso") && (order.empty() || order == "mdy");
  if (obeyed) return {};
  return Error(ErrorCode::kFeatureNotSupported,
               fmt::format("datestyle \"{}\" is not supported", text))
      .with_hint("Dates are shown as ISO and read with the month first: ISO, MDY.");
}

// As dates: a style that is known and not obeyed is refused.
Result<void> check_interval_style(std::string_view text) {
  const std::string style = lower(text);
  if (style == "postgres") return {};
  if (style != "postgres_verbose" && style != "sql_standard" && style != "iso_8601")
    return bad_value("intervalstyle", text)
        .with_hint("Available values: postgres, postgres_verbose, sql_standard, iso_8601.");
  return Error(ErrorCode::kFeatureNotSupported,
               fmt::format("intervalstyle \"{}\" is not supported", text))
      .with_hint("Intervals are shown as postgres has them.");
}

// Settings whose values are no fixed words.
Result<void> check_text(std::string_view name, std::string_view text) {
  if (name == "datestyle") return check_date_style(text);
  if (name == "intervalstyle") return check_interval_style(text);
  if (is_duration(name) && !duration_ms(text))
    return bad_value(name, text).with_hint("Write a number of ms, or one with ms, s, min, h or d.");
  if (name == "rowan.author" && !author_of(text))
    return bad_value(name, text).with_hint("Write it as Git does: Name <email>.");
  if (name == "search_path" && !identifier_list(text))
    return bad_value(name, text).with_detail("List syntax is invalid.");
  if (name == "work_mem") {
    const auto bytes = memory_bytes(text);
    if (bytes && *bytes >= kWorkMemBytesMin && *bytes <= kWorkMemBytesMax) return {};
    return bad_value(name, text)
        .with_hint("Write a number of kB, from 64 to 2147483647, or one with B, kB, MB, GB or TB.");
  }
  if (name != "rowan.disabled_rules") return {};
  const auto rules = plan::rule_names();
  for (const std::string& word : words_of(text)) {
    if (word == kAllRules || std::find(rules.begin(), rules.end(), word) != rules.end()) continue;
    std::string known(kAllRules);
    for (const std::string_view rule : rules) known.append(", ").append(rule);
    return bad_value(name, text).with_hint(fmt::format("Available values: {}.", known));
  }
  return {};
}

// PostgreSQL's name of an encoding, however it is cased and parted.
std::string encoding_name(std::string_view text) {
  std::string folded;
  for (const char c : lower(text)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) folded += c;
  }
  if (folded == "utf8" || folded == "unicode") return "UTF8";
  return folded == "sqlascii" ? "SQL_ASCII" : std::string(text);
}

}  // namespace

Settings::Settings() {
  for (size_t i = 0; i < std::size(kDefinitions); ++i)
    values_.push_back(
        {i, std::string(kDefinitions[i].initial), std::string(kDefinitions[i].initial)});
}

const Settings::Value* Settings::find(std::string_view name) const {
  const std::string wanted = lower(name);
  for (const Value& value : values_) {
    if (kDefinitions[value.definition].name == wanted) return &value;
  }
  return nullptr;
}

Settings::Value* Settings::find(std::string_view name) {
  return const_cast<Value*>(std::as_const(*this).find(name));
}

Result<void> Settings::set(std::string_view name, std::string_view text, bool is_list) {
  Value* value = find(name);
  if (value == nullptr) return unknown(name);
  const Definition& definition = kDefinitions[value->definition];
  if (definition.read_only) {
    return Error(ErrorCode::kObjectNotInState,
                 fmt::format("parameter \"{}\" cannot be changed", definition.name));
  }
  const bool takes_list = std::find(std::begin(kLists), std::end(kLists), definition.name) !=
                          std::end(kLists);
  if (is_list && !takes_list)
    return Error(ErrorCode::kInvalidParameterValue,
                 fmt::format("SET {} takes only one argument", definition.name));
  std::string wanted(text);
  const bool is_switch = definition.choices == "on off" || definition.choices == "on";
  if (is_switch || definition.name == "synchronous_commit") {
    const std::string word = lower(text);
    if (word == "true" || word == "yes" || word == "1") wanted = "on";
    if (word == "false" || word == "no" || word == "0") wanted = "off";
    if (is_choice(definition.choices, word)) wanted = word;
    // PostgreSQL's finer levels all promise what `on` does here.
    if (definition.name == "synchronous_commit" &&
        (word == "local" || word == "remote_write" || word == "remote_apply"))
      wanted = "on";
  }
  if (definition.name == "client_encoding") wanted = encoding_name(text);
  if (!definition.choices.empty() && !is_choice(definition.choices, wanted)) {
    return bad_value(definition.name, text)
        .with_hint(fmt::format("Available values: {}.", definition.choices));
  }
  if (definition.name == "default_transaction_isolation") {
    wanted = lower(text);
    if (std::find(std::begin(kIsolationNames), std::end(kIsolationNames), wanted) ==
        std::end(kIsolationNames)) {
      return bad_value(definition.name, text)
          .with_hint(
              "Available values: repeatable read, read committed, read uncommitted.");
    }
    if (wanted == "serializable") {  // As BEGIN refuses it: said once, not with every statement.
      return Error(ErrorCode::kFeatureNotSupported,
                   "isolation level serializable is not supported yet")
          .with_hint("Use repeatable read.");
    }
  }
  TRY(check_text(definition.name, wanted));
  if (definition.name == "datestyle" || definition.name == "intervalstyle")
    wanted = definition.initial;  // What else it may say is no more.
  if (definition.name == "commit_statement" && wanted == "normalized") wanted = "normalised";
  if (is_duration(definition.name)) wanted = duration_text(*duration_ms(wanted));
  if (definition.name == "work_mem") wanted = memory_text(*memory_bytes(wanted));
  value->text = std::move(wanted);
  decode();
  return {};
}

void Settings::set_memory_limit(size_t bytes) {
  find("rowan.memory_limit")->text = memory_text(bytes / 1024 * 1024);
}

Result<void> Settings::reset(std::string_view name) {
  if (lower(name) == "all") {
    for (Value& value : values_) {
      const Definition& definition = kDefinitions[value.definition];
      if (!definition.read_only && definition.name != "rowan.branch") value.text = value.initial;
    }
    decode();
    return {};
  }
  Value* value = find(name);
  if (value == nullptr) return unknown(name);
  if (kDefinitions[value->definition].read_only) return {};
  value->text = value->initial;
  decode();
  return {};
}

Result<void> Settings::set_initial(std::string_view name, std::string_view text) {
  TRY(set(name, text, text.find(',') != std::string_view::npos));
  Value* const value = find(name);
  value->initial = value->text;
  return {};
}

void Settings::note(std::string_view name, std::string_view text) {
  Value* const value = find(name);
  if (value->text == text) return;
  value->text = text;
  value->initial = text;
}

bool Settings::is_called(std::string_view setting, std::string_view name) {
  return setting == name || setting == lower(name);
}

std::optional<int64_t> Settings::milliseconds(std::string_view text) { return duration_ms(text); }

bool Settings::wants(std::string_view severity) const {
  const std::string& least = find("client_min_messages")->text;
  if (least == "error") return false;
  return least != "warning" || severity == "WARNING";
}

Result<std::string> Settings::get(std::string_view name) const {
  const Value* value = find(name);
  if (value == nullptr) return unknown(name);
  return value->text;
}

std::vector<Settings::Row> Settings::all() const {
  std::vector<Row> rows;
  for (const Value& value : values_) {
    rows.push_back({kDefinitions[value.definition].name, value.text,
                    kDefinitions[value.definition].description});
  }
  return rows;
}

void Settings::decode() {
  const auto text = [this](std::string_view name) -> const std::string& {
    return find(name)->text;
  };
  const std::string& sync = text("synchronous_commit");
  sync_ = sync == "off"      ? store::SyncMode::kOff
          : sync == "normal" ? store::SyncMode::kNormal
                             : store::SyncMode::kOn;
  const std::string& body = text("commit_statement");
  commit_statement_ = body == "off"    ? CommitStatement::kOff
                      : body == "full" ? CommitStatement::kFull
                                       : CommitStatement::kNormalised;
  const auto level = std::find(std::begin(kIsolationNames), std::end(kIsolationNames),
                               text("default_transaction_isolation"));
  isolation_ = static_cast<txn::IsolationLevel>(level - std::begin(kIsolationNames));
  search_path_ = *identifier_list(text("search_path"));
  application_name_ = text("application_name");
  default_read_only_ = text("default_transaction_read_only") == "on";
  lock_timeout_ms_ = duration_ms(text("lock_timeout")).value_or(0);
  statement_timeout_ms_ = duration_ms(text("statement_timeout")).value_or(0);
  commit_message_ = text("rowan.commit_message");
  const Value& author = *find("rowan.author");
  author_ = author.text == author.initial ? std::nullopt : author_of(author.text);
  const std::string& least = text("client_min_messages");
  leaves_out_notices_ = least == "warning" || least == "error";
  work_mem_ = memory_bytes(text("work_mem")).value_or(kWorkMemDefault);
  disabled_rules_ = words_of(text("rowan.disabled_rules"));
  if (std::find(disabled_rules_.begin(), disabled_rules_.end(), kAllRules) != disabled_rules_.end()) {
    const auto rules = plan::rule_names();
    disabled_rules_.assign(rules.begin(), rules.end());
  }
}

}  // namespace rowan::engine
