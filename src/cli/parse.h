#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/endpoint.h"

// Values of flags and variables, from text to type. Errors are kBadRequest and say what is expected.
namespace chancery::cli {

// "127.0.0.1:80", "[::1]:80", "name:80".
base::Result<Endpoint> ParseHostPort(const std::string& text);
// The same, or "unix:///path" or "unix:/path".
base::Result<Endpoint> ParseXdsEndpoint(const std::string& text);
// HOST:PORT whose host is an IP address: what a socket is bound to or a resolver is asked at.
base::Result<Endpoint> ParseAddressPort(const std::string& text);
base::Result<std::string> ParseIpAddress(const std::string& text);
// 1, true, 0, false and what Go's strconv.ParseBool takes besides, as the App Mesh agent does.
base::Result<bool> ParseBool(const std::string& text);
base::Result<uint32_t> ParseNumber(const std::string& text, uint32_t max);
// A whole number from `min` to `max`, both taken.
base::Result<uint32_t> ParseNumberBetween(const std::string& text, uint32_t min, uint32_t max);
base::Result<std::chrono::seconds> ParseSeconds(const std::string& text, uint32_t min, uint32_t max);
base::Result<std::chrono::milliseconds> ParseMillis(const std::string& text, uint32_t min, uint32_t max);
// A decimal fraction such as 0.25 from `min` to `max`, both taken.
base::Result<double> ParseDecimal(const std::string& text, double min, double max);
// One of `words`, whatever its case; gives it in lower case.
base::Result<std::string> ParseWord(const std::string& text, std::initializer_list<std::string_view> words);
// A Go duration: "5s", "1m30s", "250ms". At least a millisecond, at most a day.
base::Result<std::chrono::milliseconds> ParseGoDuration(std::string_view text);

}  // namespace chancery::cli
