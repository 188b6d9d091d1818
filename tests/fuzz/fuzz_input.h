// What fuzz targets share: taking an input apart, and stopping loudly when a property does not
// hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace rowan::fuzz {

// Takes small choices from the front of an input; what is left is the text under test. Past the end
// everything is zero.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  uint8_t byte() { return take(1).empty() ? 0 : static_cast<uint8_t>(last_[0]); }
  uint16_t number() { return static_cast<uint16_t>(byte() | byte() << 8); }
  std::string_view take(size_t size) {
    last_ = rest_.substr(0, size);
    rest_.remove_prefix(last_.size());
    return last_;
  }
  // Up to the next `separator`, which goes too; else everything.
  std::string_view take_until(char separator) {
    const size_t at = rest_.find(separator);
    const std::string_view part = take(at == std::string_view::npos ? rest_.size() : at);
    rest_.remove_prefix(rest_.empty() ? 0 : 1);
    return part;
  }
  std::string_view rest() const { return rest_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  std::string_view last_;
};

// Like an assertion, but on in every build: a fuzz target has no other way to report.
inline void require(bool holds, const char* what, std::string_view detail = {}) {
  if (holds) {
    return;
  }
  std::fprintf(stderr, "property does not hold: %s\n%s\n", what, std::string(detail).c_str());
  std::abort();
}

}  // namespace rowan::fuzz
