#include "relay/credentials.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>

namespace chancery::relay {
namespace {

constexpr std::streamsize kMaxTokenBytes = 64 << 10;

base::Result<std::string> ReadToken(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string token(kMaxTokenBytes, '\0');
  in.read(token.data(), kMaxTokenBytes);
  token.resize(static_cast<size_t>(in.gcount()));
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) token.pop_back();
  const bool printable = std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7f; });
  if (!token.empty() && printable) return token;
  return base::Error{base::Code::kUnavailable, file + ": holds no token", {}};
}

}  // namespace

base::Result<Headers> HeadersFor(const Credentials& credentials, std::string_view path, const std::string& host,
                                 std::chrono::system_clock::time_point now) {
  if (!credentials.token_file.empty()) {
    auto token = ReadToken(credentials.token_file);
    if (!token) return token.error();
    return Headers{{"authorization", "Bearer " + *token}};
  }
  if (credentials.key.access_key_id.empty()) return Headers{};
  const auto time = std::chrono::floor<std::chrono::seconds>(now);
  Headers headers = {{"x-amz-date", iam::ToTimestamp(time)}, {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}};
  if (!credentials.session_token.empty()) headers.emplace_back("x-amz-security-token", credentials.session_token);
  Headers as_signed = headers;
  as_signed.emplace_back("host", host);
  headers.emplace_back("authorization", iam::Authorization(credentials.key, {"POST", path, as_signed, {}}, time));
  return headers;
}

}  // namespace chancery::relay
