#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace chancery::iam {

// The members of JSON objects that occur more than once, each as the path of the second and a text. Boost.JSON keeps
// the last of them and says nothing; in a policy that would drop a Condition in silence. Stops at the first fault of
// syntax or depth, which the reader of values names.
std::vector<base::Violation> RepeatedKeys(std::string_view json, size_t max_depth);

}  // namespace chancery::iam
