#pragma once

#include <cstddef>
#include <string>

namespace chancery::base {

// A random (version 4) UUID as text with hyphens, from the system's generator. A name, not a secret. Thread-safe.
std::string NewUuid();

// `size` bytes fit for keys, from the system's generator. Thread-safe.
std::string RandomBytes(size_t size);

}  // namespace chancery::base
