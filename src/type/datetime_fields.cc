#include "type/datetime_fields.h"

#include "type/datetime_words.h"
#include "type/number_text.h"

namespace rowan::type {

namespace {

bool is_punctuation(char c) { return c > ' ' && c < 0x7f && !is_letter(c) && !is_digit(c); }

class FieldCutter {
 public:
  FieldCutter(std::string_view text, size_t bytes_max) : rest_(text), room_(bytes_max) {}

  ReadStatus cut(std::vector<Field>& fields) {
    constexpr size_t kFieldsMax = 25;
    while (!rest_.empty()) {
      if (is_space(rest_.front())) {
        rest_.remove_prefix(1);
        continue;
      }
      Field field;
      if (!cut_field(field)) {
        return ReadStatus::kBadFormat;
      }
      if (field.text.empty()) {
        continue;  // Punctuation parts fields, else it says nothing.
      }
      if (fields.size() == kFieldsMax || field.text.size() + 1 > room_) {
        return ReadStatus::kBadFormat;
      }
      room_ -= field.text.size() + 1;
      fields.push_back(std::move(field));
    }
    return ReadStatus::kOk;
  }

 private:
  template <typename Belongs>
  void take_while(std::string& out, Belongs belongs) {
    while (!rest_.empty() && belongs(rest_.front())) {
      take(out);
    }
  }
  void take(std::string& out) {
    const char c = rest_.front();
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
    rest_.remove_prefix(1);
  }
  char next() const { return rest_.empty() ? '\0' : rest_.front(); }

  bool cut_field(Field& field) {
    const char first = next();
    if (is_digit(first)) {
      cut_number(field);
    } else if (first == '.') {
      take(field.text);
      take_while(field.text, is_digit);
    } else if (is_letter(first)) {
      cut_word(field);
    } else if (first == '+' || first == '-') {
      return cut_signed(field);
    } else if (is_punctuation(first)) {
      rest_.remove_prefix(1);
    } else {
      return false;
    }
    return true;
  }

  void cut_number(Field& field) {
    take_while(field.text, is_digit);
    const char mark = next();
    if (mark == ':') {
      field.kind = FieldKind::kTime;
      take_while(field.text, [](char c) { return is_digit(c) || c == ':' || c == '.'; });
      return;
    }
    if (mark != '-' && mark != '/' && mark != '.') {
      return;
    }
    take(field.text);
    if (!is_digit(next())) {
      field.kind = FieldKind::kDate;
      take_while(field.text, [mark](char c) { return is_digit(c) || is_letter(c) || c == mark; });
      return;
    }
    field.kind = mark == '.' ? FieldKind::kNumber : FieldKind::kDate;
    take_while(field.text, is_digit);
    if (next() == mark) {
      field.kind = FieldKind::kDate;
      take_while(field.text, [mark](char c) { return is_digit(c) || c == mark; });
    }
  }

  void cut_word(Field& field) {
    field.kind = FieldKind::kWord;
    take_while(field.text, is_letter);
    const char mark = next();
    const bool separated = mark == '-' || mark == '/' || mark == '.';
    const bool glued = (mark == '+' || is_digit(mark)) &&
                       find_date_word(field.text).kind == WordKind::kUnknown;
    if (separated || glued) {
      field.kind = FieldKind::kDate;
      take_while(field.text, [](char c) {
        constexpr std::string_view kMarks = "+-/_.:";
        return is_digit(c) || is_letter(c) || kMarks.find(c) != kMarks.npos;
      });
    }
  }

  bool cut_signed(Field& field) {
    take(field.text);
    while (is_space(next())) {
      rest_.remove_prefix(1);
    }
    if (is_digit(next())) {
      field.kind = FieldKind::kZone;
      take_while(field.text,
                 [](char c) { return is_digit(c) || c == ':' || c == '.' || c == '-'; });
      return true;
    }
    field.kind = FieldKind::kWord;
    take_while(field.text, is_letter);
    return field.text.size() > 1;
  }

  std::string_view rest_;
  size_t room_;
};

}  // namespace

ReadStatus cut_fields(std::string_view text, size_t bytes_max, std::vector<Field>& fields) {
  return FieldCutter(text, bytes_max).cut(fields);
}

}  // namespace rowan::type
