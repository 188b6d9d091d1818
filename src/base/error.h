// Error and ErrorCode: what went wrong, in the words its reader needs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace rowan {

enum class ErrorCode : uint16_t {
#define ROWAN_ERROR(name, sqlstate, retryable, meaning) name,
#include "base/error_codes.def"
#undef ROWAN_ERROR
};

std::string_view sqlstate(ErrorCode code);  // Five characters.
bool is_retryable(ErrorCode code);          // True when the same transaction may work later.
std::string_view meaning(ErrorCode code);   // One line, for docs.

// Names of what an integrity error is about, as PostgreSQL's protocol tells them. Empty: none.
struct ErrorObject {
  std::string schema;
  std::string table;
  std::string column;
  std::string data_type;
  std::string constraint;
};

class Error {
 public:
  Error(ErrorCode code, std::string message);
  // Not inline: there are a thousand places that make one, and hardly one of them is run.
  ~Error();
  Error(const Error& other);
  Error(Error&& other) noexcept;
  Error& operator=(const Error& other);
  Error& operator=(Error&& other) noexcept;

  Error&& with_detail(std::string detail) && {
    detail_ = std::move(detail);
    return std::move(*this);
  }
  Error&& with_hint(std::string hint) && {
    hint_ = std::move(hint);
    return std::move(*this);
  }
  // Where it happened, beside the statement: "COPY item, line 3, column price: \"x\"".
  Error&& with_context(std::string context) && {
    context_ = std::move(context);
    return std::move(*this);
  }
  Error&& about(ErrorObject object) &&;
  // 1-based character position in the statement's text; 0 when there is none.
  Error&& at(uint32_t position) && {
    position_ = position;
    return std::move(*this);
  }

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& detail() const { return detail_; }
  const std::string& hint() const { return hint_; }
  const std::string& context() const { return context_; }
  const ErrorObject& object() const { return object_; }
  uint32_t position() const { return position_; }

 private:
  ErrorCode code_;
  uint32_t position_ = 0;
  std::string message_;
  std::string detail_;
  std::string hint_;
  std::string context_;
  ErrorObject object_;
};

}  // namespace rowan
