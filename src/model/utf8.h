#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Text in rules and messages; base/utf8.h says what is well-formed.
namespace chancery::model {

// Number of characters (code points). REQUIRES: base::IsUtf8(text).
size_t CountCharacters(std::string_view text);

// `text` in quotes for a message to a person: cut after some 64 bytes, control characters as '?'.
std::string Quoted(std::string_view text);

}  // namespace chancery::model
