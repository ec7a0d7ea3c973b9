#pragma once

#include <algorithm>
#include <string_view>

namespace chancery::iam {

// ASCII only, whatever the locale: names of actions, keys and booleans have no other letters.
constexpr char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return ToLower(x) == ToLower(y); });
}

}  // namespace chancery::iam
