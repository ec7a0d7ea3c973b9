#include "iam/sigv4_testing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iomanip>
#include <sstream>

#include "iam/sigv4_sign.h"

namespace chancery::iam::testing {
namespace {

std::chrono::sys_seconds FromTimestamp(const std::string& text) {
  std::tm parts{};
  std::istringstream(text) >> std::get_time(&parts, "%Y%m%dT%H%M%SZ");
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&parts)));
}

SigV4Key KeyOf(const Signer& signer) { return {signer.access_key_id, signer.secret, signer.region, signer.service}; }

std::optional<std::string> Unescape(std::string_view text) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(1)) {
    if (!text.starts_with("\\x")) {
      out.push_back(text.front());
      continue;
    }
    unsigned byte = 0;
    if (text.size() < 4 || std::from_chars(text.data() + 2, text.data() + 4, byte, 16).ptr != text.data() + 4)
      return {};
    out.push_back(static_cast<char>(byte));
    text.remove_prefix(3);
  }
  return out;
}

bool Take(std::string_view key, std::string value, SigV4Case& test) {
  if (key == "case") return test.name = std::move(value), true;
  if (key == "method") return test.request.method = std::move(value), true;
  if (key == "target") return test.request.target = std::move(value), true;
  if (key == "body") return test.request.body = std::move(value), true;
  if (key == "secret") return test.secret = std::move(value), true;
  if (key == "region") return test.region = std::move(value), true;
  if (key == "service") return test.service = std::move(value), true;
  if (key == "now") return test.now = FromTimestamp(value), true;
  if (key == "payload") return test.payload = value == "stream" ? SigV4Payload::kStream : SigV4Payload::kBody, true;
  if (key == "expect") return test.expected = std::move(value), true;
  const size_t colon = value.find(':');
  if (key != "header" || colon == std::string::npos) return false;
  test.request.headers.emplace_back(value.substr(0, colon), value.substr(colon + 1));
  return true;
}

}  // namespace

std::string& OwnedRequest::Header(std::string_view name) {
  const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found != headers.end() ? found->second : headers.emplace_back(name, "").second;
}

void SignSigV4(const Signer& signer, OwnedRequest& request) {
  request.Header("X-Amz-Date") = ToTimestamp(signer.time);
  request.Header("Authorization") = Authorization(KeyOf(signer), request.View(), signer.time);
}

void PresignSigV4(const Signer& signer, std::chrono::seconds expires, OwnedRequest& request) {
  const SigV4Claim claim = ClaimToSign(KeyOf(signer), request.View(), signer.time);
  std::string credential = CredentialOf(claim);
  for (size_t at = 0; (at = credential.find('/', at)) != std::string::npos;) credential.replace(at, 1, "%2F");
  request.target += fmt::format(
      "{}X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}&X-Amz-SignedHeaders={}",
      request.target.find('?') == std::string::npos ? "?" : "&", credential, claim.timestamp, expires.count(),
      fmt::join(claim.signed_headers, "%3B"));
  request.target += "&X-Amz-Signature=" + SignatureFor(claim, KeyOf(signer), request.View());
}

std::optional<std::vector<SigV4Case>> ReadSigV4Cases(std::string_view text) {
  std::vector<SigV4Case> cases;
  SigV4Case test;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) {
      cases.push_back(std::exchange(test, {}));
      continue;
    }
    const size_t space = line.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    std::optional<std::string> value = Unescape(line.substr(space + 1));
    if (!value || !Take(line.substr(0, space), *std::move(value), test)) return std::nullopt;
  }
  return cases;
}

std::string Decide(const SigV4Case& test) {
  const SignedRequest request = test.request.View();
  const base::Result<SigV4Claim> claim = ReadSigV4(request);
  if (!claim) return std::string(base::ToString(claim.error().code));
  const SigV4Expectation expectation{test.region, test.service, test.now, std::chrono::minutes(5), test.payload};
  const base::Status status = VerifySigV4(*claim, request, test.secret, expectation);
  return status ? "Ok" : std::string(base::ToString(status.error().code));
}

}  // namespace chancery::iam::testing
