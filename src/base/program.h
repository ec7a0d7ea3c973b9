#pragma once

#include <string>

#include "base/result.h"

namespace chancery::base {

// What `name` means: itself when it has a slash, otherwise the first executable file of that name in `search_path`,
// as PATH is written, but for empty entries, which say nothing here. kBadRequest when there is none. Thread-safe.
Result<std::string> FindProgram(const std::string& name, const std::string& search_path);

}  // namespace chancery::base
