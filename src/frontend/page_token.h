#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace chancery::frontend {

// The opaque nextToken (contract/api.md §3.4): which list it belongs to and the last name given. It
// holds no limit and never expires: names added or removed meanwhile do not disturb the rest.

// `list` is whatever tells one list from another, such as a prefix of keys.
std::string ToPageToken(std::string_view list, std::string_view last);

// The last name. kBadRequest naming nextToken for a text that is no token or of another list.
base::Result<std::string> ParsePageToken(std::string_view list, std::string_view token);

}  // namespace chancery::frontend
