#pragma once

#include <cstddef>
#include <string_view>

namespace chancery::base {

// Length in bytes of the character at the start of `text`, 1 to 4; 0 when none begins there: an overlong form, a
// surrogate, a number above U+10FFFF, a character that is cut off. REQUIRES: !text.empty().
size_t Utf8Length(std::string_view text);

// Whether `text` is well-formed UTF-8: nothing but such characters.
bool IsUtf8(std::string_view text);

}  // namespace chancery::base
