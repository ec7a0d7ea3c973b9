#include "base/random.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "base/check.h"

namespace chancery::base {

namespace {

constexpr size_t kUuidBytes = 16;

// The next random bytes of this thread. Every API call takes a UUID, and most of a question to the generator is the
// asking: it is asked for 64 at once. UUIDs are names, not secrets, so that bytes may lie here before they are used.
std::array<uint8_t, kUuidBytes> NextUuidBytes() {
  thread_local std::array<uint8_t, 64 * kUuidBytes> stock;
  thread_local size_t used = stock.size();
  if (used == stock.size()) {
    CHANCERY_CHECK(RAND_bytes(stock.data(), static_cast<int>(stock.size())) == 1);
    used = 0;
  }
  std::array<uint8_t, kUuidBytes> bytes;
  std::copy_n(stock.data() + used, kUuidBytes, bytes.data());
  used += kUuidBytes;
  return bytes;
}

}  // namespace

std::string NewUuid() {
  std::array<uint8_t, kUuidBytes> bytes = NextUuidBytes();
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3F) | 0x80);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (size_t i = 0; i < kUuidBytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 0x0F];
  }
  return text;
}

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  CHANCERY_CHECK(RAND_bytes(reinterpret_cast<uint8_t*>(bytes.data()), static_cast<int>(size)) == 1);
  return bytes;
}

}  // namespace chancery::base
