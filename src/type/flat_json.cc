#include "type/flat_json.h"

#include <nlohmann/json.hpp>

#include <limits>
#include <utility>

#include "type/json_text.h"
#include "type/text.h"

namespace rowan::type {
namespace {

// Takes the fields down as the parser meets them. Depth 1 is inside the object itself.
class FieldReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit FieldReader(FlatJson::Fields& fields) : fields_(fields) {}

  bool null() override { return take(FlatJson::Other()); }
  bool boolean(bool value) override { return take(value); }
  bool number_integer(int64_t value) override { return take(value); }
  bool number_unsigned(uint64_t value) override {
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
      return take(FlatJson::Other());
    return take(static_cast<int64_t>(value));
  }
  bool number_float(double, const std::string&) override { return take(FlatJson::Other()); }
  bool binary(binary_t&) override { return false; }  // JSON text has none.

  bool string(std::string& value) override {
    if (depth_ == 2 && is_list_) {
      texts_.push_back(std::move(value));
      return true;
    }
    return take(std::move(value));
  }

  bool start_object(size_t) override {
    is_list_ = false;
    return ++depth_ > 0;
  }
  bool key(std::string& name) override {
    if (depth_ == 1) name_ = std::move(name);
    return true;
  }
  bool end_object() override { return end(FlatJson::Other()); }

  bool start_array(size_t) override {
    if (depth_ == 0) return false;  // The text is no object.
    is_list_ = ++depth_ == 2;
    texts_.clear();
    return true;
  }
  bool end_array() override {
    if (depth_ == 2 && is_list_) return end(std::move(texts_));
    return end(FlatJson::Other());
  }

  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool take(FlatJson::Field value) {
    if (depth_ == 0) return false;  // The text is no object.
    if (depth_ == 1) fields_[name_] = std::move(value);
    if (depth_ > 1) is_list_ = false;
    return true;
  }
  bool end(FlatJson::Field value) {
    if (--depth_ == 0) return true;
    if (depth_ == 1) fields_[name_] = std::move(value);
    return true;
  }

  FlatJson::Fields& fields_;
  std::string name_;        // Of the field that is read.
  FlatJson::Texts texts_;   // Of the array that is read.
  size_t depth_ = 0;
  bool is_list_ = false;    // All that was read of the array at depth 2 are texts.
};

}  // namespace

std::optional<FlatJson> FlatJson::parse(std::string_view text) {
  FlatJson json;
  FieldReader reader(json.fields_);
  if (!nlohmann::json::sax_parse(text, &reader)) return std::nullopt;
  return json;
}

void FlatJsonWriter::add(std::string_view name, bool value) {
  begin(name);
  text_ += value ? "true" : "false";
}

void FlatJsonWriter::add(std::string_view name, int64_t value) {
  begin(name);
  text_ += std::to_string(value);
}

void FlatJsonWriter::add(std::string_view name, std::string_view value) {
  begin(name);
  if (is_valid_utf8(value)) return append_json_string(value, text_);
  std::string readable;
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x80) readable += c;
    else readable += "\xEF\xBF\xBD";
  }
  append_json_string(readable, text_);
}

std::string FlatJsonWriter::text() && {
  if (text_.empty()) return "{}\n";
  if (!indent_.empty()) text_ += '\n';
  text_ += "}\n";
  return std::move(text_);
}

void FlatJsonWriter::begin(std::string_view name) {
  text_ += text_.empty() ? '{' : ',';
  if (!indent_.empty()) {
    text_ += '\n';
    text_ += indent_;
  }
  append_json_string(name, text_);
  text_ += indent_.empty() ? ":" : ": ";
}

}  // namespace rowan::type
