// json and jsonb: reading parts of a document. Values are already checked JSON text, so a part is
// found by walking over the text and given as it stands; a part of canonical jsonb text is
// canonical as well.
#include <algorithm>
#include <charconv>
#include <optional>

#include "expr/families.h"
#include "expr/kernels.h"
#include "expr/utf8.h"
#include "type/array.h"
#include "type/json_text.h"
#include "type/jsonb.h"

namespace rowan::expr {
namespace {

bool is_blank(char byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }

// A walk over one JSON text. Nesting is counted, never recursed into.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) { skip_blanks(); }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  // Steps over `byte` and blanks around it, when it is next.
  bool take(char byte) {
    skip_blanks();
    if (peek() != byte) return false;
    ++at_;
    skip_blanks();
    return true;
  }
  // Steps over a whole value and gives its text.
  std::string_view value() {
    skip_blanks();
    const size_t from = at_;
    size_t depth = 0;
    do {
      const char byte = peek();
      if (byte == '"') {
        skip_string();
      } else if (byte == '{' || byte == '[') {
        ++depth;
        ++at_;
      } else if (byte == '}' || byte == ']') {
        if (depth == 0) break;
        --depth;
        ++at_;
      } else if (depth == 0) {
        while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != ',' &&
               text_[at_] != ']' && text_[at_] != '}')
          ++at_;
      } else {
        ++at_;
      }
    } while (depth > 0 && at_ < text_.size());
    return text_.substr(from, at_ - from);
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    at_ = at_ < text_.size() ? at_ + 1 : text_.size();
  }

  std::string_view text_;
  size_t at_ = 0;
};

uint32_t hex4(std::string_view text, size_t at) {
  uint32_t code = 0;
  for (size_t i = at; i < at + 4 && i < text.size(); ++i) {
    const char digit = text[i];
    code = code << 4 | static_cast<uint32_t>(digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10);
  }
  return code;
}

// The text of a JSON string, quotes off and escapes resolved.
void unescape(std::string_view quoted, std::string& out) {
  out.clear();
  const std::string_view text =
      quoted.size() >= 2 ? quoted.substr(1, quoted.size() - 2) : std::string_view();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      out.push_back(text[i]);
      continue;
    }
    const char escape = text[++i];
    switch (escape) {
      case 'b':
        out.push_back('\b');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'u': {
        uint32_t code = hex4(text, i + 1);
        i += 4;
        if (code >= 0xd800 && code < 0xdc00 && i + 6 < text.size() && text[i + 1] == '\\') {
          code = 0x10000 + ((code - 0xd800) << 10) + (hex4(text, i + 3) - 0xdc00);
          i += 6;
        }
        append_character(code, out);
        break;
      }
      default:
        out.push_back(escape);
    }
  }
}

bool equals_key(std::string_view quoted, std::string_view key) {
  if (quoted.find('\\') == std::string_view::npos)
    return quoted.size() == key.size() + 2 && quoted.substr(1, key.size()) == key;
  std::string plain;
  unescape(quoted, plain);
  return plain == key;
}

// Of several equal keys in json the last counts.
std::optional<std::string_view> find_key(std::string_view document, std::string_view key) {
  Walker walker(document);
  if (!walker.take('{')) return std::nullopt;
  std::optional<std::string_view> found;
  while (walker.peek() == '"') {
    const std::string_view name = walker.value();
    if (!walker.take(':')) break;
    const std::string_view value = walker.value();
    if (equals_key(name, key)) found = value;
    if (!walker.take(',')) break;
  }
  return found;
}

int64_t array_length(std::string_view document) {
  Walker walker(document);
  if (!walker.take('[')) return -1;
  if (walker.peek() == ']') return 0;
  int64_t length = 0;
  do {
    walker.value();
    ++length;
  } while (walker.take(','));
  return length;
}

std::optional<std::string_view> find_item(std::string_view document, int64_t index) {
  if (index < 0) index += array_length(document);
  Walker walker(document);
  if (index < 0 || !walker.take('[') || walker.peek() == ']') return std::nullopt;
  do {
    const std::string_view item = walker.value();
    if (index-- == 0) return item;
  } while (walker.take(','));
  return std::nullopt;
}

void put(std::optional<std::string_view> part, bool as_text, size_t row, StringOutput& out,
         std::string& scratch) {
  if (!part.has_value() || (as_text && *part == "null")) {
    out.set_null(row);
  } else if (as_text && part->starts_with('"')) {
    unescape(*part, scratch);
    out.set(row, scratch);
  } else {
    out.set_view(row, *part);
  }
}

// json keeps its text as it was written, so an escape that stands for no text is met only when the
// document is read: anywhere in it, as PostgreSQL reads the whole. jsonb has none.
Result<void> check_escapes(type::Type type, std::string_view document) {
  if (type.id != TypeId::kJson || document.find("\\u") == std::string_view::npos) return {};
  return type::check_json_escapes(document);
}

// document -> key and document ->> key.
template <bool as_text>
Result<Column> get_key(const KernelInput& input) {
  const Strings documents(input.arguments[0]), keys(input.arguments[1]);
  std::string scratch;
  StringOutput out(input.result_type, input.rows);
  out.keep(input.arguments[0]);
  for (size_t row = 0; row < input.rows; ++row) {
    if (is_null(input, row)) continue;
    TRY(check_escapes(input.arguments[0].type, documents[row]));
    put(find_key(documents[row], keys[row]), as_text, row, out, scratch);
  }
  return out.finish();
}

template <bool as_text>
Result<Column> get_item(const KernelInput& input) {
  const Strings documents(input.arguments[0]);
  const Ints indexes(input.arguments[1]);
  const bool is_jsonb = input.arguments[0].type.id == TypeId::kJsonb;
  std::string scratch;
  StringOutput out(input.result_type, input.rows);
  out.keep(input.arguments[0]);
  for (size_t row = 0; row < input.rows; ++row) {
    if (is_null(input, row)) continue;
    const std::string_view document = documents[row];
    TRY(check_escapes(input.arguments[0].type, document));
    // At the top of jsonb a scalar is an array of one.
    const bool alone = is_jsonb && document.front() != '[' && document.front() != '{';
    if (alone && (indexes[row] == 0 || indexes[row] == -1)) {
      put(document, as_text, row, out, scratch);
    } else {
      put(find_item(document, indexes[row]), as_text, row, out, scratch);
    }
  }
  return out.finish();
}

// jsonb ? key: a key of an object, or a string in an array.
Result<Column> has_key(const KernelInput& input) {
  return map2<int64_t, std::string_view, std::string_view>(
      input, [](std::string_view document, std::string_view key) -> int64_t {
        if (document.starts_with('{')) return find_key(document, key).has_value();
        if (!document.starts_with('['))
          return document.starts_with('"') && equals_key(document, key);
        Walker walker(document);
        walker.take('[');
        if (walker.peek() == ']') return 0;
        do {
          const std::string_view item = walker.value();
          if (item.starts_with('"') && equals_key(item, key)) return 1;
        } while (walker.take(','));
        return 0;
      });
}

std::string_view kind_of(std::string_view document) {
  switch (Walker(document).peek()) {
    case '{':
      return "object";
    case '[':
      return "array";
    case '"':
      return "string";
    case 't':
    case 'f':
      return "boolean";
    case 'n':
      return "null";
    default:
      return "number";
  }
}

Result<Column> type_of(const KernelInput& input) {
  const Strings documents(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    out.set(row, kind_of(documents[row]));
    return {};
  });
}

Result<Column> length_of_array(const KernelInput& input) {
  return try_map1<int64_t, std::string_view>(
      input, [](std::string_view document, int64_t& r) -> Result<void> {
        r = array_length(document);
        if (r >= 0) return {};
        const bool object = kind_of(document) == "object";
        return Error(ErrorCode::kInvalidParameterValue,
                     object ? "cannot get array length of a non-array"
                            : "cannot get array length of a scalar");
      });
}

Result<Column> concatenate(const KernelInput& input) {
  const Strings a(input.arguments[0]), b(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    out.set(row, type::jsonb_concatenate(a[row], b[row]));
    return {};
  });
}

// ---- Paths: document #> '{a,0,b}' ----

std::optional<std::string_view> at_path(std::string_view document, std::string_view path) {
  for (type::ArrayReader reader(path); !reader.at_end();) {
    const auto step = reader.next();
    if (!step) return std::nullopt;
    std::optional<std::string_view> part;
    if (document.starts_with('{')) {
      part = find_key(document, step->text);
    } else if (document.starts_with('[')) {
      int64_t index = 0;
      const char* const end = step->text.data() + step->text.size();
      const auto [last, error] = std::from_chars(step->text.data(), end, index);
      if (error == std::errc() && last == end) part = find_item(document, index);
    }
    if (!part) return std::nullopt;
    document = *part;
  }
  return document;
}

template <bool as_text>
Result<Column> get_path(const KernelInput& input) {
  const Strings documents(input.arguments[0]), paths(input.arguments[1]);
  std::string scratch;
  StringOutput out(input.result_type, input.rows);
  out.keep(input.arguments[0]);
  for (size_t row = 0; row < input.rows; ++row) {
    if (is_null(input, row)) continue;
    TRY(check_escapes(input.arguments[0].type, documents[row]));
    put(at_path(documents[row], paths[row]), as_text, row, out, scratch);
  }
  return out.finish();
}

// ---- Containment of jsonb ----

// f(value) for the elements of an array, until it gives true.
template <typename F>
bool any_item(std::string_view array, F f) {
  Walker walker(array);
  if (!walker.take('[') || walker.peek() == ']') return false;
  do {
    if (f(walker.value())) return true;
  } while (walker.take(','));
  return false;
}
// f(quoted key, value) for the members of an object, until it gives true.
template <typename F>
bool any_member(std::string_view object, F f) {
  Walker walker(object);
  if (!walker.take('{') || walker.peek() != '"') return false;
  do {
    const std::string_view key = walker.value();
    if (!walker.take(':')) return false;
    if (f(key, walker.value())) return true;
  } while (walker.take(','));
  return false;
}

bool holds(std::string_view a, std::string_view b);

bool holds_items(std::string_view a, std::string_view b) {
  return !any_item(b, [&](std::string_view wanted) {
    return !any_item(a, [&](std::string_view item) { return holds(item, wanted); });
  });
}

// Documents nest at most kJsonDepthMax deep, and this with them.
bool holds(std::string_view a, std::string_view b) {
  if (b.starts_with('{')) {
    return a.starts_with('{') && !any_member(b, [&](std::string_view key, std::string_view wanted) {
             std::string name;
             unescape(key, name);
             const auto found = find_key(a, name);
             return !found || !holds(*found, wanted);
           });
  }
  if (b.starts_with('[')) return a.starts_with('[') && holds_items(a, b);
  return !a.starts_with('{') && !a.starts_with('[') && type::jsonb_compare(a, b) == 0;
}

// At the top an array holds the scalars that are its elements.
bool contains(std::string_view a, std::string_view b) {
  const bool scalar = !b.starts_with('{') && !b.starts_with('[');
  if (scalar && a.starts_with('['))
    return any_item(a, [&](std::string_view item) { return holds(item, b); });
  return holds(a, b);
}

Result<Column> contains_document(const KernelInput& input) {
  return map2<int64_t, std::string_view, std::string_view>(
      input, [](std::string_view a, std::string_view b) -> int64_t {
        return !a.empty() && !b.empty() && contains(a, b);
      });
}
Result<Column> contained_document(const KernelInput& input) {
  return map2<int64_t, std::string_view, std::string_view>(
      input, [](std::string_view a, std::string_view b) -> int64_t {
        return !a.empty() && !b.empty() && contains(b, a);
      });
}

bool has_one_key(std::string_view document, std::string_view key) {
  if (document.starts_with('{')) return find_key(document, key).has_value();
  if (document.starts_with('[')) {
    return any_item(document, [&](std::string_view item) {
      return item.starts_with('"') && equals_key(item, key);
    });
  }
  return document.starts_with('"') && equals_key(document, key);
}

// jsonb ?| keys and jsonb ?& keys.
template <bool all>
Result<Column> has_keys(const KernelInput& input) {
  return map2<int64_t, std::string_view, std::string_view>(
      input, [](std::string_view document, std::string_view keys) -> int64_t {
        for (type::ArrayReader reader(keys); !reader.at_end();) {
          const auto key = reader.next();
          if (key && has_one_key(document, key->text) != all) return !all;
        }
        return all;
      });
}

// ---- Parts as rows ----

class ValueRows final : public SetRows {
 public:
  explicit ValueRows(std::vector<Column> columns) : columns_(std::move(columns)) {}
  Result<bool> next(type::Batch& batch) override {
    if (columns_.empty() || columns_[0].size == 0) return false;
    batch.rows = columns_[0].size;
    batch.columns = std::exchange(columns_, {});
    return true;
  }

 private:
  std::vector<Column> columns_;
};

void append_part(std::string_view value, bool as_text, type::ColumnBuilder& out) {
  if (as_text && value == "null") return out.append_null();
  if (!as_text || !value.starts_with('"')) return out.append_string(value);
  std::string text;
  unescape(value, text);
  out.append_string(text);
}

Result<std::string_view> document_of(const SetInput& input) {
  const std::string& document = input.arguments[0].as_string();
  TRY(check_escapes(input.arguments[0].type(), document));
  return std::string_view(document).substr(std::min(document.size(), document.find_first_not_of(" \t\r\n")));
}

template <bool as_text>
Result<std::unique_ptr<SetRows>> elements(const SetInput& input) {
  TRY_ASSIGN(const std::string_view document, document_of(input));
  if (!document.starts_with('[')) {
    return Error(ErrorCode::kInvalidParameterValue,
                 document.starts_with('{') ? "cannot extract elements from an object"
                                           : "cannot extract elements from a scalar");
  }
  type::ColumnBuilder values(input.results[0]);
  any_item(document, [&](std::string_view item) {
    append_part(item, as_text, values);
    return false;
  });
  std::vector<Column> columns;
  columns.push_back(values.finish());
  return std::unique_ptr<SetRows>(std::make_unique<ValueRows>(std::move(columns)));
}

Error not_an_object(std::string_view document, std::string_view function) {
  return Error(ErrorCode::kInvalidParameterValue,
               "cannot call " + std::string(function) + " on " +
                   (document.starts_with('[') ? "an array" : "a scalar"));
}

Result<std::unique_ptr<SetRows>> keys(const SetInput& input) {
  TRY_ASSIGN(const std::string_view document, document_of(input));
  if (!document.starts_with('{')) {
    return not_an_object(document, input.arguments[0].type().id == TypeId::kJsonb
                                       ? "jsonb_object_keys"
                                       : "json_object_keys");
  }
  type::ColumnBuilder names(input.results[0]);
  any_member(document, [&](std::string_view key, std::string_view) {
    append_part(key, true, names);
    return false;
  });
  std::vector<Column> columns;
  columns.push_back(names.finish());
  return std::unique_ptr<SetRows>(std::make_unique<ValueRows>(std::move(columns)));
}

template <bool as_text>
Result<std::unique_ptr<SetRows>> members(const SetInput& input) {
  TRY_ASSIGN(const std::string_view document, document_of(input));
  if (!document.starts_with('{')) {
    return Error(ErrorCode::kInvalidParameterValue,
                 std::string("cannot deconstruct ") +
                     (document.starts_with('[') ? "an array" : "a scalar") + " as an object");
  }
  type::ColumnBuilder names(input.results[0]), values(input.results[1]);
  any_member(document, [&](std::string_view key, std::string_view value) {
    append_part(key, true, names);
    append_part(value, as_text, values);
    return false;
  });
  std::vector<Column> columns;
  columns.push_back(names.finish());
  columns.push_back(values.finish());
  return std::unique_ptr<SetRows>(std::make_unique<ValueRows>(std::move(columns)));
}

// ---- jsonb without a part ----

template <typename Keep>
std::string rebuilt(std::string_view document, Keep keep) {
  const bool object = document.starts_with('{');
  std::string out(1, object ? '{' : '[');
  int64_t index = 0;
  const auto separate = [&] {
    if (out.size() > 1) out += ", ";
  };
  if (object) {
    any_member(document, [&](std::string_view key, std::string_view value) {
      if (!keep(key, index++)) return false;
      separate();
      out.append(key).append(": ").append(value);
      return false;
    });
  } else {
    any_item(document, [&](std::string_view item) {
      if (!keep(item, index++)) return false;
      separate();
      out += item;
      return false;
    });
  }
  return out + (object ? '}' : ']');
}

Error cannot_delete(std::string_view from) {
  return Error(ErrorCode::kInvalidParameterValue, "cannot delete from " + std::string(from));
}

Result<Column> without_key(const KernelInput& input) {
  const Strings documents(input.arguments[0]), names(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const std::string_view document = documents[row];
    if (!document.starts_with('{') && !document.starts_with('[')) return cannot_delete("scalar");
    out.set(row, rebuilt(document, [&](std::string_view key, int64_t) {
              return !(key.starts_with('"') && equals_key(key, names[row]));
            }));
    return {};
  });
}

Result<Column> without_item(const KernelInput& input) {
  const Strings documents(input.arguments[0]);
  const Ints indexes(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const std::string_view document = documents[row];
    if (document.starts_with('{'))
      return Error(ErrorCode::kInvalidParameterValue,
                   "cannot delete from object using integer index");
    if (!document.starts_with('[')) return cannot_delete("scalar");
    const int64_t wanted =
        indexes[row] < 0 ? array_length(document) + indexes[row] : indexes[row];
    out.set(row, rebuilt(document, [&](std::string_view, int64_t at) { return at != wanted; }));
    return {};
  });
}

// ---- The rows ----

using enum TypeId;

constexpr TypeId kTexts = type::array_of(kText);
constexpr std::pair<std::string_view, ArgumentType> kJsonPair[] = {{"key", kText}, {"value", kJson}};
constexpr std::pair<std::string_view, ArgumentType> kJsonbPair[] = {{"key", kText},
                                                                    {"value", kJsonb}};
constexpr std::pair<std::string_view, ArgumentType> kTextPair[] = {{"key", kText},
                                                                   {"value", kText}};
constexpr std::pair<std::string_view, ArgumentType> kJsonValue[] = {{"value", kJson}};
constexpr std::pair<std::string_view, ArgumentType> kJsonbValue[] = {{"value", kJsonb}};
constexpr std::pair<std::string_view, ArgumentType> kTextValue[] = {{"value", kText}};

constexpr Function kRows[] = {
    {3966, "#>", {kJson, kTexts}, kJson, get_path<false>},
    {3967, "#>>", {kJson, kTexts}, kText, get_path<true>},
    {3213, "#>", {kJsonb, kTexts}, kJsonb, get_path<false>},
    {3206, "#>>", {kJsonb, kTexts}, kText, get_path<true>},
    {3246, "@>", {kJsonb, kJsonb}, kBool, contains_document},
    {3250, "<@", {kJsonb, kJsonb}, kBool, contained_document},
    {3248, "?|", {kJsonb, kTexts}, kBool, has_keys<false>},
    {3249, "?&", {kJsonb, kTexts}, kBool, has_keys<true>},
    {3285, "-", {kJsonb, kText}, kJsonb, without_key},
    {3286, "-", {kJsonb, kInt4}, kJsonb, without_item},
    {3955, "json_array_elements", {kJson}, kJson, elements<false>, {.columns = kJsonValue}},
    {3969, "json_array_elements_text", {kJson}, kText, elements<true>, {.columns = kTextValue}},
    {3219, "jsonb_array_elements", {kJsonb}, kJsonb, elements<false>, {.columns = kJsonbValue}},
    {3465, "jsonb_array_elements_text", {kJsonb}, kText, elements<true>, {.columns = kTextValue}},
    {3957, "json_object_keys", {kJson}, kText, keys},
    {3931, "jsonb_object_keys", {kJsonb}, kText, keys},
    {3958, "json_each", {kJson}, kJson, members<false>, {.columns = kJsonPair}},
    {3959, "json_each_text", {kJson}, kText, members<true>, {.columns = kTextPair}},
    {3208, "jsonb_each", {kJsonb}, kJsonb, members<false>, {.columns = kJsonbPair}},
    {3932, "jsonb_each_text", {kJsonb}, kText, members<true>, {.columns = kTextPair}},
    {3962, "->", {kJson, kText}, kJson, get_key<false>},
    {3964, "->", {kJson, kInt4}, kJson, get_item<false>},
    {3963, "->>", {kJson, kText}, kText, get_key<true>},
    {3965, "->>", {kJson, kInt4}, kText, get_item<true>},
    {3211, "->", {kJsonb, kText}, kJsonb, get_key<false>},
    {3212, "->", {kJsonb, kInt4}, kJsonb, get_item<false>},
    {3477, "->>", {kJsonb, kText}, kText, get_key<true>},
    {3481, "->>", {kJsonb, kInt4}, kText, get_item<true>},
    {3284, "||", {kJsonb, kJsonb}, kJsonb, concatenate},
    {3247, "?", {kJsonb, kText}, kBool, has_key},
    {3968, "json_typeof", {kJson}, kText, type_of},
    {3210, "jsonb_typeof", {kJsonb}, kText, type_of},
    {3956, "json_array_length", {kJson}, kInt4, length_of_array},
    {3207, "jsonb_array_length", {kJsonb}, kInt4, length_of_array},
};

}  // namespace

constinit const std::span<const Function> kJsonFunctions = kRows;

}  // namespace rowan::expr
