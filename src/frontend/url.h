#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chancery::frontend {

// Taking a request target apart (contract/api.md §3.2): split first, decode after, so that %2F
// inside a label stays inside it. '+' is no space: AWS clients send %20.

// The raw parts between the slashes; "/a/b" gives "a", "b", and "/a/" gives "a", "".
std::vector<std::string_view> SplitPath(std::string_view path);

// The raw name and value of each query parameter.
std::vector<std::pair<std::string_view, std::string_view>> SplitQuery(std::string_view query);

// Nothing for a broken escape or when the result is no UTF-8.
std::optional<std::string> PercentDecode(std::string_view text);

// Base64 with '-' and '_' and no padding (RFC 4648 §5). The inverse gives nothing for other text.
std::string ToBase64Url(std::string_view bytes);
std::optional<std::string> FromBase64Url(std::string_view text);

}  // namespace chancery::frontend
