#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace chancery::base {

// The first 128 bits of SHA-256: content addresses of fragments and versions. Collision resistant,
// because what is hashed comes from users.
struct Hash {
  std::array<uint8_t, 16> bytes{};
  auto operator<=>(const Hash&) const = default;
  // 32 lower-case hexadecimal digits.
  std::string ToHex() const;
  std::string_view AsBytes() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

Hash HashOf(std::string_view content);

// For unordered containers; the bytes are uniform already.
struct HashHasher {
  size_t operator()(const Hash& hash) const;
};

}  // namespace chancery::base
