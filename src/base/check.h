#pragma once

#include <string_view>

namespace chancery::base {

// Prints and aborts. For broken invariants of our own, never for input from outside.
[[noreturn]] void CheckFailed(std::string_view condition, std::string_view file, int line);

}  // namespace chancery::base

#define CHANCERY_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::chancery::base::CheckFailed(#condition, __FILE__, __LINE__))
