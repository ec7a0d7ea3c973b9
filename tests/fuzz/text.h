#pragma once

#include <string_view>
#include <vector>

#include "frontend/message.h"

namespace chancery::fuzz {

// Inputs are text with separators, so that a seed can be read and written by hand. Bytes that no separator splits are
// one part; nothing is refused.

// Cuts at the first `separator`, which is in neither part; without one the whole is `head`.
struct Cut {
  std::string_view head;
  std::string_view rest;
};
Cut CutAt(std::string_view text, std::string_view separator);

// All parts between the separators, at most `max`; the last has the rest.
std::vector<std::string_view> Split(std::string_view text, std::string_view separator, size_t max);

// METHOD SPACE TARGET, lines NAME COLON VALUE, an empty line, the body. Lines end with a line feed alone.
frontend::Request ReadRequest(std::string_view text);

}  // namespace chancery::fuzz
