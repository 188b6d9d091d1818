// The JSON objects that Rowan's own small files are (rowan.json, sequence.json, merge.json, the
// reasons of refs/rowan): fields side by side, nothing nested but a list of texts. Read and written
// without a tree of values, so that memory may run out anywhere in it (the library's tree allocates
// while it is taken down) and no nesting costs stack.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rowan::type {

class FlatJson {
 public:
  struct Other {};  // null, a fraction, an integer above bigint, an object, any other array.
  using Texts = std::vector<std::string>;
  using Field = std::variant<Other, bool, int64_t, std::string, Texts>;
  using Fields = std::map<std::string, Field, std::less<>>;

  // Nothing when `text` is no JSON object. Of a name that stands twice the last one counts.
  static std::optional<FlatJson> parse(std::string_view text);

  // Owned by this object; nullptr when there is no such field, or it holds something else.
  template <typename T>
  const T* get(std::string_view name) const {
    const auto found = fields_.find(name);
    return found == fields_.end() ? nullptr : std::get_if<T>(&found->second);
  }
  bool contains(std::string_view name) const { return fields_.contains(name); }
  const Fields& fields() const { return fields_; }

 private:
  Fields fields_;
};

// Writes such an object, in the order in which the fields are added.
class FlatJsonWriter {
 public:
  // Between the fields stands a line's end and `indent`; without it all is one line.
  explicit FlatJsonWriter(std::string_view indent = {}) : indent_(indent) {}

  void add(std::string_view name, bool value);
  void add(std::string_view name, int64_t value);
  // What is not UTF-8 of it is written as U+FFFD.
  void add(std::string_view name, std::string_view value);

  std::string text() &&;  // Ends in a line's end.

 private:
  void begin(std::string_view name);

  std::string_view indent_;
  std::string text_;
};

}  // namespace rowan::type
