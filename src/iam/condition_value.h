#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chancery::iam {

// What the typed operators compare, read from text. Nothing for text that is none; nothing here throws or allocates
// but FromBase64.

// A decimal number, "10", "-1.5", "1e3"; not infinity, not hexadecimal.
std::optional<double> ParseNumber(std::string_view text);

// Seconds since 1970. UNIX time (digits alone, five or more, or a sign before them), or W3C's profile of ISO 8601:
// "2020", "2020-01", "2020-01-01", "2020-01-01T10:00Z", "2020-01-01T10:00:01+02:00", "2020-01-01T10:00:01.25Z". Years 1
// to 9999.
std::optional<double> ParseDate(std::string_view text);

// An address and how many bits of it count. IPv4 is kept as the IPv6 address that maps it, so that a client that came
// over a socket of both kinds is the IPv4 client that it is; ranges of IPv6 ("::/0") do not hold IPv4.
struct Network {
  std::array<uint8_t, 16> address = {};
  int bits = 128;
  bool is_v4() const;
  bool Contains(const Network& host) const;
};

// "203.0.113.0/24", "2001:db8::/32", or an address alone, which is a network of one.
std::optional<Network> ParseNetwork(std::string_view text);

// RFC 4648 §4, with padding.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace chancery::iam
