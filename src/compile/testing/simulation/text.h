#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace envoy::type::matcher::v3 {
class StringMatcher;
}

namespace chancery::compile::testing {

// ASCII alone, as Envoy compares names.
std::string LowerCase(std::string_view text);

// A regular expression of Envoy's, on the whole of `text`.
bool FullMatch(const std::string& regex, std::string_view text);

bool Matches(const envoy::type::matcher::v3::StringMatcher& matcher, std::string_view text);

// The part before the query and the fragment; and from the query on, the `?` included.
std::string_view PathOf(std::string_view target);
std::string_view QueryOf(std::string_view target);

// The first value of a query parameter, not decoded. Without `=` it is there and empty.
std::optional<std::string> QueryValue(std::string_view target, std::string_view name);

// The path as normalize_path and merge_slashes leave it: dot segments resolved, backslashes turned,
// needless escapes undone, slashes merged; the query as it was. Knows the characters that a URI may
// have, no others.
std::string Normalized(std::string_view target, bool merge_slashes);

}  // namespace chancery::compile::testing
