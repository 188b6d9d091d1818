#include "type/array.h"

#include <cstring>

#include "base/limits.h"
#include "type/jsonb.h"
#include "type/number_text.h"
#include "type/text.h"
#include "type/type_info.h"

namespace rowan::type {

namespace {

template <typename T>
T take(std::string_view& rest) {
  T value;
  std::memcpy(&value, rest.data(), sizeof value);
  rest.remove_prefix(sizeof value);
  return value;
}

template <typename T>
void put(T value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

ArrayReader::ArrayReader(std::string_view array) {
  if (array.empty()) return;
  element_ = static_cast<TypeId>(array.front());
  form_ = physical(element_);
  rest_ = array.substr(1);
}

std::optional<Datum> ArrayReader::next() {
  if (take<char>(rest_) == 0) return std::nullopt;
  switch (form_) {
    case Physical::kInt64:
      return take<int64_t>(rest_);
    case Physical::kDouble:
      return take<double>(rest_);
    case Physical::kInterval:
      return take<Interval>(rest_);
    case Physical::kString:
      break;
  }
  const auto bytes = take<uint32_t>(rest_);
  const std::string_view text = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return text;
}

ArrayBuilder::ArrayBuilder(TypeId element)
    : form_(physical(element)), bytes_(1, static_cast<char>(element)) {}

void ArrayBuilder::append(Datum value) {
  bytes_ += '\1';
  switch (form_) {
    case Physical::kInt64:
      put(value.whole, bytes_);
      break;
    case Physical::kDouble:
      put(value.real, bytes_);
      break;
    case Physical::kInterval:
      put(value.interval, bytes_);
      break;
    case Physical::kString:
      put(static_cast<uint32_t>(value.text.size()), bytes_);
      bytes_ += value.text;
      break;
  }
}

void ArrayBuilder::append(const std::optional<Datum>& value) {
  if (value) {
    append(*value);
  } else {
    append_null();
  }
}

size_t array_size(std::string_view array) {
  size_t size = 0;
  for (ArrayReader reader(array); !reader.at_end(); ++size) reader.next();
  return size;
}

int array_compare(std::string_view a, std::string_view b) {
  ArrayReader left(a);
  ArrayReader right(b);
  while (!left.at_end() && !right.at_end()) {
    const auto x = left.next();
    const auto y = right.next();
    if (!x || !y) {
      if (!x && !y) continue;
      return x ? -1 : 1;
    }
    if (const int order = compare(left.element(), *x, *y); order != 0) return order;
  }
  return static_cast<int>(right.at_end()) - static_cast<int>(left.at_end());
}

void append_array_identity(std::string_view array, std::string& out) {
  for (ArrayReader reader(array); !reader.at_end();) {
    const auto value = reader.next();
    out += value ? '\1' : '\0';
    if (value) append_identity(reader.element(), *value, out);
  }
}

// ---- Text ----

namespace {

bool is_array_space(char c) { return is_space(c); }

Error malformed(std::string_view text, std::string detail) {
  return Error(ErrorCode::kInvalidText, "malformed array literal: \"" + std::string(text) + "\"")
      .with_detail(std::move(detail));
}

class TextReader {
 public:
  TextReader(Type type, std::string_view text, Moment now)
      : element_{element_of(type.id), type.modifier},
        type_(type),
        text_(text),
        now_(now),
        builder_(element_.id) {}

  Result<Value> read() {
    skip_spaces();
    if (peek() == '[') return not_supported("arrays with other bounds than from 1 on");
    if (peek() != '{')
      return malformed(text_, "Array value must start with \"{\" or dimension information.");
    ++at_;
    skip_spaces();
    if (peek() == '}') {
      ++at_;
    } else {
      TRY(read_elements());
    }
    skip_spaces();
    if (at_ < text_.size()) return malformed(text_, "Junk after closing right brace.");
    return Value::of_string(type_, builder_.finish());
  }

 private:
  static Error not_supported(const std::string& what) {
    return Error(ErrorCode::kFeatureNotSupported, what + " are not supported");
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_spaces() {
    while (at_ < text_.size() && is_array_space(text_[at_])) ++at_;
  }
  Error unexpected_end() const { return malformed(text_, "Unexpected end of input."); }
  Error unexpected(char c) const {
    return malformed(text_, "Unexpected \"" + std::string(1, c) + "\" character.");
  }

  Result<void> read_elements() {
    for (;;) {
      TRY(read_element());
      skip_spaces();
      if (at_ == text_.size()) return unexpected_end();
      const char mark = text_[at_++];
      if (mark == '}') return {};
      if (mark != ',') return unexpected(mark);
    }
  }

  Result<void> read_element() {
    skip_spaces();
    if (at_ == text_.size()) return unexpected_end();
    if (peek() == '{') return not_supported("arrays of more than one dimension");
    std::string item;
    const bool quoted = peek() == '"';
    if (quoted) {
      TRY(read_quoted(item));
    } else {
      TRY(read_bare(item));
      if (equals_ignoring_case(item, "null")) {
        builder_.append_null();
        return {};
      }
    }
    if (builder_.bytes() + item.size() > kValueBytesMax)
      return Error(ErrorCode::kProgramLimit, "array size exceeds the maximum allowed");
    TRY_ASSIGN(const Value value, parse_text(element_, item, now_));
    builder_.append(value.datum());
    return {};
  }

  Result<void> read_quoted(std::string& item) {
    for (++at_; peek() != '"' || at_ == text_.size(); ++at_) {
      if (peek() == '\\') ++at_;
      if (at_ >= text_.size()) return unexpected_end();
      item += text_[at_];
    }
    ++at_;
    skip_spaces();
    if (at_ < text_.size() && peek() != ',' && peek() != '}')
      return malformed(text_, "Unexpected array element.");
    return {};
  }

  // Up to the next mark, without the blanks around it; a backslash keeps what stands behind it.
  Result<void> read_bare(std::string& item) {
    size_t kept = 0;
    while (at_ < text_.size() && peek() != ',' && peek() != '}') {
      if (peek() == '{' || peek() == '"') return malformed(text_, peek() == '{' ? "Unexpected \"{\" character." : "Unexpected array element.");
      const bool escaped = peek() == '\\';
      if (escaped && ++at_ == text_.size()) return unexpected_end();
      item += text_[at_];
      if (escaped || !is_array_space(text_[at_])) kept = item.size();
      ++at_;
    }
    item.resize(kept);
    if (at_ == text_.size()) return unexpected_end();
    if (item.empty()) return unexpected(peek());
    return {};
  }

  Type element_;
  Type type_;
  std::string_view text_;
  Moment now_;
  ArrayBuilder builder_;
  size_t at_ = 0;
};

bool needs_quotes(std::string_view text) {
  if (text.empty() || equals_ignoring_case(text, "null")) return true;
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '{' || c == '}' || c == ',' || is_array_space(c)) return true;
  }
  return false;
}

}  // namespace

Result<Value> parse_array(Type type, std::string_view text, Moment now) {
  return TextReader(type, text, now).read();
}

void append_array_text(Type type, std::string_view array, std::string& out) {
  out += '{';
  std::string item;
  const char* separator = "";
  for (ArrayReader reader(array); !reader.at_end(); separator = ",") {
    out += separator;
    const auto value = reader.next();
    if (!value) {
      out += "NULL";
      continue;
    }
    item.clear();
    append_text({reader.element(), type.modifier}, *value, item);
    if (!needs_quotes(item)) {
      out += item;
      continue;
    }
    out += '"';
    for (const char c : item) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  out += '}';
}

}  // namespace rowan::type
