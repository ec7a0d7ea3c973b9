#include "model/utf8.h"

#include <algorithm>
#include <cstdint>

namespace chancery::model {
namespace {

bool IsContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

}  // namespace

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char byte) { return !IsContinuation(byte); }));
}

std::string Quoted(std::string_view text, size_t most_bytes) {
  size_t end = std::min(text.size(), most_bytes);
  while (end > 0 && end < text.size() && IsContinuation(text[end])) --end;
  std::string quoted = "'";
  for (const char byte : text.substr(0, end)) {
    const auto code = static_cast<uint8_t>(byte);
    quoted += code < 0x20 || code == 0x7F ? '?' : byte;
  }
  quoted += end < text.size() ? "...'" : "'";
  return quoted;
}

}  // namespace chancery::model
