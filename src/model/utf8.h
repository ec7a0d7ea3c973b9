#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chancery::model {

// Whether `text` is well-formed UTF-8: no overlong form, surrogate or number above U+10FFFF.
bool IsUtf8(std::string_view text);

// Number of characters (code points). REQUIRES: IsUtf8(text).
size_t CountCharacters(std::string_view text);

// `text` in quotes for a message to a person: cut after some 64 bytes, control characters as '?'.
std::string Quoted(std::string_view text);

}  // namespace chancery::model
