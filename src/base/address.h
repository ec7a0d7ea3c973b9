#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chancery::base {

// Addresses as text; nothing here asks a resolver.

// Whether `text` is an IPv4 address in four parts or an IPv6 address, without brackets or zone.
bool IsIpAddress(const std::string& text);

struct HostPort {
  std::string host;  // without brackets
  uint16_t port = 0;
};

// "127.0.0.1:80", "[::1]:80", "name:80"; nothing for other text. The host is not empty, an IPv6 address is in
// brackets, and a name has no slash, space or control character; the port has 1 to 5 digits.
std::optional<HostPort> SplitHostPort(std::string_view text);

// The other way: an IPv6 address comes into brackets. What `host` is, is not checked.
std::string JoinHostPort(std::string_view host, uint16_t port);

}  // namespace chancery::base
