#include "iam/condition_value.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

namespace chancery::iam {
namespace {

// ::ffff:0:0/96, the IPv6 addresses that map IPv4.
constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr int kMappedBits = 96;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes exactly `digits` digits off the front.
std::optional<int> TakeDigits(std::string_view& text, size_t digits) {
  if (text.size() < digits || !std::all_of(text.begin(), text.begin() + digits, IsDigit)) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, digits)) value = value * 10 + (c - '0');
  text.remove_prefix(digits);
  return value;
}

bool Take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// "-05", "-05-17"; one that is not there is 1.
std::optional<int> TakeDatePart(std::string_view& text) {
  if (!text.starts_with('-')) return 1;
  text.remove_prefix(1);
  return TakeDigits(text, 2);
}

// Seconds since midnight: "10:00", "10:00:01", "10:00:01.25".
std::optional<double> TakeClock(std::string_view& text) {
  const auto hours = TakeDigits(text, 2);
  if (!hours || *hours > 23 || !Take(text, ':')) return std::nullopt;
  const auto minutes = TakeDigits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  double seconds = *hours * 3600 + *minutes * 60;
  if (!Take(text, ':')) return seconds;
  const auto whole = TakeDigits(text, 2);
  if (!whole || *whole > 59) return std::nullopt;
  seconds += *whole;
  if (!Take(text, '.')) return seconds;
  if (text.empty() || !IsDigit(text.front())) return std::nullopt;
  for (double unit = 0.1; !text.empty() && IsDigit(text.front()); unit /= 10) {
    seconds += (text.front() - '0') * unit;
    text.remove_prefix(1);
  }
  return seconds;
}

// Seconds east of Greenwich: "Z", "+02:00".
std::optional<double> TakeZone(std::string_view& text) {
  if (Take(text, 'Z')) return 0;
  const bool west = text.starts_with('-');
  if (!Take(text, '+') && !Take(text, '-')) return std::nullopt;
  const auto hours = TakeDigits(text, 2);
  if (!hours || *hours > 23 || !Take(text, ':')) return std::nullopt;
  const auto minutes = TakeDigits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const double offset = *hours * 3600 + *minutes * 60;
  return west ? -offset : offset;
}

std::optional<double> ParseCalendar(std::string_view text) {
  const auto year = TakeDigits(text, 4);
  if (!year || *year == 0) return std::nullopt;
  const auto month = TakeDatePart(text);
  const auto day = TakeDatePart(text);
  if (!month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month), std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  const double midnight = static_cast<double>(days.count()) * 86400.0;
  if (text.empty()) return midnight;
  if (!Take(text, 'T')) return std::nullopt;
  const auto clock = TakeClock(text);
  if (!clock) return std::nullopt;
  const auto east = TakeZone(text);
  if (!east || !text.empty()) return std::nullopt;
  return midnight + *clock - *east;
}

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (IsDigit(c)) return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

std::optional<double> ParseNumber(std::string_view text) {
  const auto is_part = [](char c) { return IsDigit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'; };
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), is_part) || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<double> ParseDate(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const bool is_year = digits.size() <= 4 && digits.size() == text.size();
  if (!is_year && !digits.empty() && digits.size() <= 12 && std::all_of(digits.begin(), digits.end(), IsDigit)) {
    return ParseNumber(text);
  }
  return ParseCalendar(text);
}

bool Network::is_v4() const {
  return bits >= kMappedBits && std::equal(kMapped.begin(), kMapped.end(), address.begin());
}

bool Network::Contains(const Network& host) const {
  const auto whole = static_cast<size_t>(bits / 8);
  if (host.bits != 128 || host.is_v4() != is_v4()) return false;
  if (!std::equal(address.begin(), address.begin() + whole, host.address.begin())) return false;
  if (bits % 8 == 0) return true;
  const int mask = 0xFF << (8 - bits % 8);
  return ((address[whole] ^ host.address[whole]) & mask) == 0;
}

std::optional<Network> ParseNetwork(std::string_view text) {
  const size_t slash = text.find('/');
  std::array<char, INET6_ADDRSTRLEN> host = {};  // inet_pton wants a terminated string
  if (text.substr(0, slash).size() >= host.size()) return std::nullopt;
  std::copy(text.begin(), text.begin() + std::min(slash, text.size()), host.begin());
  Network network;
  const bool is_v4 = inet_pton(AF_INET, host.data(), network.address.data() + kMapped.size()) == 1;
  if (is_v4) std::copy(kMapped.begin(), kMapped.end(), network.address.begin());
  if (!is_v4 && inet_pton(AF_INET6, host.data(), network.address.data()) != 1) return std::nullopt;
  if (slash == text.npos) return network;
  const std::string_view prefix = text.substr(slash + 1);
  int bits = 0;
  const auto [end, error] = std::from_chars(prefix.data(), prefix.data() + prefix.size(), bits);
  if (error != std::errc() || end != prefix.data() + prefix.size()) return std::nullopt;
  if (bits < 0 || bits > (is_v4 ? 32 : 128)) return std::nullopt;
  network.bits = bits + (is_v4 ? kMappedBits : 0);
  return network;
}

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string bytes;
  uint32_t bits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const int digit = i + padding >= text.size() ? 0 : Base64Digit(text[i]);
    if (digit < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<uint32_t>(digit);
    if (i % 4 != 3) continue;
    for (const int shift : {16, 8, 0}) bytes += static_cast<char>((bits >> shift) & 0xFF);
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace chancery::iam
