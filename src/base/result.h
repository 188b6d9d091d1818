// Result<T>: a value or an Error. Its members follow std::expected, so that it can be swapped for
// that later. Every failure a correct program can meet is returned; nothing is thrown across a
// room.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "base/error.h"

namespace rowan {

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Error error)                                        // NOLINT: implicit on purpose
      : state_(std::in_place_index<1>, std::make_unique<Error>(std::move(error))) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return std::get<0>(state_); }  // Requires: has_value().
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::move(std::get<0>(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return *std::get<1>(state_); }  // Requires: !has_value().
  const Error& error() const& { return *std::get<1>(state_); }
  Error&& error() && { return std::move(*std::get<1>(state_)); }

 private:
  std::variant<T, std::unique_ptr<Error>> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::make_unique<Error>(std::move(error))) {}  // NOLINT: implicit

  bool has_value() const { return error_ == nullptr; }
  explicit operator bool() const { return has_value(); }
  void value() const {}

  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::unique_ptr<Error> error_;
};

// An error dropped on purpose; `why` is for the reader.
template <typename T>
void ignore_error(const Result<T>&, const char* /*why*/) {}

}  // namespace rowan

// TRY(expr): returns the error of a Result-valued expression from the enclosing function.
#define TRY(expr)                                \
  do {                                           \
    auto try_result_ = (expr);                   \
    if (!try_result_.has_value()) [[unlikely]] { \
      return std::move(try_result_).error();     \
    }                                            \
  } while (false)

#define ROWAN_CONCAT_INNER(a, b) a##b
#define ROWAN_CONCAT(a, b) ROWAN_CONCAT_INNER(a, b)

// TRY_ASSIGN(declaration, expr): as TRY, and gives the value to the declaration.
#define TRY_ASSIGN(declaration, expr) \
  TRY_ASSIGN_INNER(ROWAN_CONCAT(try_result_, __LINE__), declaration, expr)
#define TRY_ASSIGN_INNER(result, declaration, expr) \
  auto result = (expr);                             \
  if (!result.has_value()) [[unlikely]] {           \
    return std::move(result).error();               \
  }                                                 \
  declaration = std::move(result).value()
