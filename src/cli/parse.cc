#include "cli/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/address.h"

namespace chancery::cli {
namespace {

using base::Code;
using base::Error;

Error Expected(std::string_view what, std::string_view got) {
  return {Code::kBadRequest, fmt::format("expected {}, not '{}'", what, got.substr(0, 200)), {}};
}

bool HasControlOrSpace(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7F) return true;
  }
  return false;
}

constexpr std::array<std::pair<std::string_view, double>, 6> kGoUnits = {
    {{"ns", 1e-6}, {"us", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}}};

}  // namespace

base::Result<std::string> ParseIpAddress(const std::string& text) {
  if (!base::IsIpAddress(text)) return Expected("an IP address", text);
  return text;
}

base::Result<uint32_t> ParseNumber(const std::string& text, uint32_t max) {
  uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value > max) {
    return Expected(fmt::format("a whole number up to {}", max), text);
  }
  return value;
}

base::Result<uint32_t> ParseNumberBetween(const std::string& text, uint32_t min, uint32_t max) {
  auto number = ParseNumber(text, max);
  if (!number || *number < min) return Expected(fmt::format("a whole number from {} to {}", min, max), text);
  return number;
}

base::Result<std::chrono::seconds> ParseSeconds(const std::string& text, uint32_t min, uint32_t max) {
  auto number = ParseNumberBetween(text, min, max);
  if (!number) return Expected(fmt::format("whole seconds from {} to {}", min, max), text);
  return std::chrono::seconds(*number);
}

base::Result<std::chrono::milliseconds> ParseMillis(const std::string& text, uint32_t min, uint32_t max) {
  auto number = ParseNumberBetween(text, min, max);
  if (!number) return Expected(fmt::format("whole milliseconds from {} to {}", min, max), text);
  return std::chrono::milliseconds(*number);
}

base::Result<double> ParseDecimal(const std::string& text, double min, double max) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (error != std::errc() || stop != end || !(value >= min && value <= max)) {
    return Expected(fmt::format("a decimal number from {} to {}", min, max), text);
  }
  return value;
}

base::Result<std::string> ParseWord(const std::string& text, std::initializer_list<std::string_view> words) {
  std::string lower = text;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  std::string all;
  for (const std::string_view word : words) {
    if (lower == word) return lower;
    all += (all.empty() ? "" : ", ") + std::string(word);
  }
  return Expected("one of " + all, text);
}

base::Result<Endpoint> ParseHostPort(const std::string& text) {
  std::optional<base::HostPort> parts = base::SplitHostPort(text);
  if (!parts || parts->port == 0) return Expected("HOST:PORT", text);
  return Endpoint{std::move(parts->host), parts->port, ""};
}

base::Result<Endpoint> ParseXdsEndpoint(const std::string& text) {
  if (!text.starts_with("unix:")) return ParseHostPort(text);
  std::string path = text.substr(5);
  if (path.starts_with("//")) path.erase(0, 2);
  if (!path.starts_with('/') || HasControlOrSpace(path)) return Expected("HOST:PORT or unix:///PATH", text);
  return Endpoint{"", 0, std::move(path)};
}

base::Result<Endpoint> ParseAddressPort(const std::string& text) {
  auto endpoint = ParseHostPort(text);
  if (!endpoint || !base::IsIpAddress(endpoint->host)) return Expected("ADDRESS:PORT with an IP address", text);
  return endpoint;
}

base::Result<bool> ParseBool(const std::string& text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return Expected("1, true, 0 or false", text);
}

base::Result<std::chrono::milliseconds> ParseGoDuration(std::string_view text) {
  constexpr double kMaxMillis = 86'400e3;
  const Error error = Expected("a duration from 1ms to 24h such as 5s or 1m30s", text);
  double millis = 0;
  while (!text.empty()) {
    double number = 0;
    const auto [stop, failed] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (failed != std::errc() || number < 0) return error;
    text.remove_prefix(static_cast<size_t>(stop - text.data()));
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789."));
    const auto* known = std::find_if(kGoUnits.begin(), kGoUnits.end(), [&](auto& pair) { return pair.first == unit; });
    if (known == kGoUnits.end()) return error;
    millis += number * known->second;
    text.remove_prefix(unit.size());
  }
  if (!(millis >= 1 && millis <= kMaxMillis)) return error;
  return std::chrono::milliseconds(static_cast<int64_t>(millis));
}

}  // namespace chancery::cli
