#include "iam/sigv4_sign.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <set>

#include "iam/ascii.h"
#include "iam/sigv4_canonical.h"

namespace chancery::iam {

std::string ToTimestamp(std::chrono::sys_seconds time) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(static_cast<std::time_t>(time.time_since_epoch().count())));
}

SigV4Claim ClaimToSign(const SigV4Key& key, const SignedRequest& request, std::chrono::sys_seconds time) {
  SigV4Claim claim;
  claim.access_key_id = key.access_key_id;
  claim.time = time;
  claim.timestamp = ToTimestamp(time);
  claim.date = claim.timestamp.substr(0, 8);
  claim.region = key.region;
  claim.service = key.service;
  claim.terminator = "aws4_request";
  std::set<std::string> names;
  for (const auto& [name, value] : request.headers) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), ToLower);
    names.insert(std::move(lower));
  }
  claim.signed_headers.assign(names.begin(), names.end());
  return claim;
}

std::string SignatureFor(const SigV4Claim& claim, const SigV4Key& key, const SignedRequest& request) {
  const auto hash = HeaderValues(request, "x-amz-content-sha256");
  const std::string payload = hash.empty() ? HexSha256(request.body) : std::string(hash.front());
  const std::string host = CanonicalValue(HeaderValues(request, "host").at(0));
  return SignatureOf(claim, CanonicalRequest(request, claim.signed_headers, host, payload), key.secret);
}

std::string CredentialOf(const SigV4Claim& claim) {
  return fmt::format("{}/{}/{}/{}/{}", claim.access_key_id, claim.date, claim.region, claim.service, claim.terminator);
}

std::string Authorization(const SigV4Key& key, const SignedRequest& request, std::chrono::sys_seconds time) {
  const SigV4Claim claim = ClaimToSign(key, request, time);
  return fmt::format("AWS4-HMAC-SHA256 Credential={}, SignedHeaders={}, Signature={}", CredentialOf(claim),
                     fmt::join(claim.signed_headers, ";"), SignatureFor(claim, key, request));
}

}  // namespace chancery::iam
