#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace chancery::base {

// A value or an Error, shaped like C++23's std::expected<T, Error> (absent from g++ 12 and
// clang in C++20 mode). Reading the wrong side is a broken invariant and ends the process.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    CHANCERY_CHECK(has_value());
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHANCERY_CHECK(has_value());
    return std::get<0>(state_);
  }
  T&& value() && {
    CHANCERY_CHECK(has_value());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    CHANCERY_CHECK(!has_value());
    return std::get<1>(state_);
  }
  Error&& error() && {
    CHANCERY_CHECK(!has_value());
    return std::get<1>(std::move(state_));
  }

 private:
  std::variant<T, Error> state_;
};

// Success without a value: `return Status::Ok();`.
template <>
class [[nodiscard]] Result<void> {
 public:
  static Result Ok() { return {}; }
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  const Error& error() const {
    CHANCERY_CHECK(error_.has_value());
    return *error_;
  }

 private:
  Result() = default;
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace chancery::base

// Returns the error of a Result from the enclosing function, or goes on.
#define CHANCERY_RETURN_IF_ERROR(expression)                                                   \
  do {                                                                                         \
    if (auto chancery_status = (expression); !chancery_status) return chancery_status.error(); \
  } while (false)
