#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Text in rules and messages; base/utf8.h says what is well-formed.
namespace chancery::model {

// Number of characters (code points). REQUIRES: base::IsUtf8(text).
size_t CountCharacters(std::string_view text);

// `text` in quotes for a message to a person: cut after `most_bytes` or a little before, control characters as '?'.
std::string Quoted(std::string_view text, size_t most_bytes = 64);

}  // namespace chancery::model
