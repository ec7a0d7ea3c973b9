#pragma once

#include <string_view>

namespace chancery::base {

// Writes all of `bytes`, however often that takes; false, with errno, when something does not get written. Blocks as
// write(2) does. Thread-safe.
bool WriteAll(int descriptor, std::string_view bytes);

}  // namespace chancery::base
