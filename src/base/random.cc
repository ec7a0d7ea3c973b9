#include "base/random.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>
#include <cstdint>

#include "base/check.h"

namespace chancery::base {

std::string NewUuid() {
  std::array<uint8_t, 16> b{};
  CHANCERY_CHECK(RAND_bytes(b.data(), static_cast<int>(b.size())) == 1);
  b[6] = static_cast<uint8_t>((b[6] & 0x0F) | 0x40);
  b[8] = static_cast<uint8_t>((b[8] & 0x3F) | 0x80);
  return fmt::format(
      "{:02x}{:02x}{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}{:02x}{:02x}{:02x}{:02x}", b[0],
      b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  CHANCERY_CHECK(RAND_bytes(reinterpret_cast<uint8_t*>(bytes.data()), static_cast<int>(size)) == 1);
  return bytes;
}

}  // namespace chancery::base
