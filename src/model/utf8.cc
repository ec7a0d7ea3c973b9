#include "model/utf8.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace chancery::model {
namespace {

constexpr size_t kQuotedBytes = 64;

bool IsContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

// 0 for a byte that starts no character.
size_t LengthOf(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

// The character at the start of `bytes`, all of which belong to it; false when there is none.
bool IsCharacter(std::string_view bytes) {
  constexpr std::array<uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (bytes.size() == 1) return true;
  uint32_t point = static_cast<uint8_t>(bytes[0]) & (0x7FU >> bytes.size());
  for (const char byte : bytes.substr(1)) {
    if (!IsContinuation(byte)) return false;
    point = (point << 6) | (static_cast<uint8_t>(byte) & 0x3FU);
  }
  const bool surrogate = point >= 0xD800 && point < 0xE000;
  return point >= kLeast[bytes.size()] && point <= 0x10FFFF && !surrogate;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = LengthOf(static_cast<uint8_t>(text[0]));
    if (length == 0 || length > text.size() || !IsCharacter(text.substr(0, length))) return false;
    text.remove_prefix(length);
  }
  return true;
}

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char byte) { return !IsContinuation(byte); }));
}

std::string Quoted(std::string_view text) {
  size_t end = std::min(text.size(), kQuotedBytes);
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
