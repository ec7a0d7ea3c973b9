#include "base/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace chancery::base {
namespace {

bool IsName(std::string_view text) {
  const auto wrong = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7F ||
           std::string_view("[]:/").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::none_of(text.begin(), text.end(), wrong);
}

// Without the brackets of an IPv6 address; empty when it is no host.
std::string HostOf(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    std::string inner(text.substr(1, text.size() - 2));
    return inner.find(':') != std::string::npos && IsIpAddress(inner) ? inner : "";
  }
  return IsName(text) ? std::string(text) : "";
}

std::optional<uint16_t> PortOf(std::string_view text) {
  uint16_t port = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, port);
  if (error != std::errc() || stop != end || text.size() > 5) return std::nullopt;
  return port;
}

}  // namespace

bool IsIpAddress(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  if (text.find('\0') != std::string::npos) return false;  // inet_pton would read up to there
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

std::optional<HostPort> SplitHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string host = HostOf(text.substr(0, colon));
  const std::optional<uint16_t> port = PortOf(text.substr(colon + 1));
  if (host.empty() || !port) return std::nullopt;
  return HostPort{std::move(host), *port};
}

std::string JoinHostPort(std::string_view host, uint16_t port) {
  return host.find(':') != std::string_view::npos ? fmt::format("[{}]:{}", host, port)
                                                  : fmt::format("{}:{}", host, port);
}

}  // namespace chancery::base
