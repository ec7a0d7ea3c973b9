#include "frontend/message.h"

#include <algorithm>
#include <cctype>

namespace chancery::frontend {
namespace {

bool SameLetter(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

}  // namespace

std::string_view HeaderOf(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (std::equal(key.begin(), key.end(), name.begin(), name.end(), SameLetter)) return value;
  }
  return {};
}

}  // namespace chancery::frontend
