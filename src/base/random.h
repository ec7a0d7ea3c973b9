#pragma once

#include <string>

namespace chancery::base {

// A random (version 4) UUID as text with hyphens, from the system's generator. Thread-safe.
std::string NewUuid();

}  // namespace chancery::base
