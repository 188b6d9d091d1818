// json and jsonb: reading parts of a document. Values are already checked JSON text, so a part is
// found by walking over the text and given as it stands; a part of canonical jsonb text is
// canonical as well.
#include <optional>

#include "expr/families.h"
#include "expr/kernels.h"
#include "expr/utf8.h"
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

// ---- The rows ----

using enum TypeId;

constexpr Function kRows[] = {
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
