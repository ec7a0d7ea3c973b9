#include "iam/sigv4.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <ctime>

#include "iam/sigv4_canonical.h"

namespace chancery::iam {
namespace {

using base::Code;
using base::Error;
using base::Result;
using base::Status;

constexpr std::string_view kTerminator = "aws4_request";
constexpr std::string_view kUnsigned = "UNSIGNED-PAYLOAD";
constexpr std::string_view kToken = "x-amz-security-token";
constexpr std::string_view kPayloadHash = "x-amz-content-sha256";

// Messages are as AWS words them, where it has one.
Error Invalid(std::string message) { return {Code::kInvalidSignature, std::move(message)}; }

std::string ToText(std::chrono::sys_seconds time) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(static_cast<std::time_t>(time.time_since_epoch().count())));
}

Status CheckScope(const SigV4Claim& claim, const SigV4Expectation& expected) {
  if (claim.terminator != kTerminator) {
    return Invalid("Credential should be scoped with a valid terminator: 'aws4_request'.");
  }
  if (claim.region != expected.region) {
    return Invalid(fmt::format("Credential should be scoped to a valid region, not '{}'.", claim.region));
  }
  if (claim.service != expected.service) {
    return Invalid(fmt::format("Credential should be scoped to correct service: '{}'.", expected.service));
  }
  const std::string_view day = std::string_view(claim.timestamp).substr(0, 8);
  if (claim.date != day) {
    return Invalid(
        fmt::format("Date in Credential scope does not match the date of X-Amz-Date: '{}' != '{}'.", claim.date, day));
  }
  return Status::Ok();
}

Status CheckTime(const SigV4Claim& claim, const SigV4Expectation& expected) {
  // In whole seconds: a claim may name a year that nanoseconds do not reach.
  const auto now = std::chrono::floor<std::chrono::seconds>(expected.now);
  if (claim.time > now + expected.skew) {
    return Invalid(fmt::format("Signature not yet current: {} is still later than {} ({} + {} s.)", claim.timestamp,
                               ToText(now + expected.skew), ToText(now), expected.skew.count()));
  }
  const std::chrono::sys_seconds last = ValidUntil(claim, expected.skew);
  if (now > last) {
    return Invalid(
        fmt::format("Signature expired: {} held until {}, it is now {}.", claim.timestamp, ToText(last), ToText(now)));
  }
  return Status::Ok();
}

bool IsSigned(const SigV4Claim& claim, std::string_view name) {
  return std::ranges::binary_search(claim.signed_headers, name, std::ranges::less());
}

Status CheckSignedHeaders(const SigV4Claim& claim, const SignedRequest& request) {
  if (!IsSigned(claim, "host")) return Invalid("'host' must be among the SignedHeaders.");
  for (const std::string& name : claim.signed_headers) {
    const size_t count = HeaderValues(request, name).size();
    if (count == 0) return Invalid(fmt::format("The request does not have the signed header '{}'.", name));
    if (count > 1 && name == "host") return Invalid("The request has the header 'host' twice.");
  }
  for (const auto& [header, value] : request.headers) {
    std::string name = header;
    std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    if (name.starts_with("x-amz-") && name != kToken && !IsSigned(claim, name)) {
      return Invalid("There is an x-amz-* header in the request that is not among the SignedHeaders.");
    }
  }
  return Status::Ok();
}

// What stands for the payload in the canonical request.
Result<std::string> PayloadOf(const SignedRequest& request, SigV4Payload kind) {
  const bool replaceable = kind == SigV4Payload::kStream || request.body.empty();
  std::string hash = HexSha256(kind == SigV4Payload::kStream ? std::string_view() : request.body);
  const std::vector<std::string_view> sent = HeaderValues(request, kPayloadHash);
  if (sent.empty()) return hash;
  if (sent.size() > 1) return Invalid("The request has the header 'x-amz-content-sha256' twice.");
  std::string value = CanonicalValue(sent.front());
  if (value == hash || (value == kUnsigned && replaceable)) return value;
  if (value == kUnsigned) return Invalid("UNSIGNED-PAYLOAD is not accepted for a request with a body.");
  return Invalid("'x-amz-content-sha256' is not the hash of the body.");
}

// The host as sent and, where it ends with the port of a scheme, without that.
std::vector<std::string> HostsOf(const SignedRequest& request) {
  std::vector<std::string> hosts = {CanonicalValue(HeaderValues(request, "host").front())};
  for (const std::string_view port : {":443", ":80"}) {
    const std::string_view host = hosts.front();
    if (!host.ends_with(port)) continue;
    hosts.emplace_back(host.substr(0, host.size() - port.size()));
    break;
  }
  return hosts;
}

Status Mismatch() {
  return Invalid(
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
      "Key and signing method.");
}

bool IsEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::chrono::sys_seconds ValidUntil(const SigV4Claim& claim, std::chrono::seconds skew) {
  return claim.time + claim.expires.value_or(skew);
}

Status CheckSigV4Claim(const SigV4Claim& claim, const SigV4Expectation& expectation) {
  CHANCERY_RETURN_IF_ERROR(CheckScope(claim, expectation));
  return CheckTime(claim, expectation);
}

Status VerifySigV4(const SigV4Claim& claim, const SignedRequest& request, std::string_view secret,
                   const SigV4Expectation& expectation) {
  SigningKey key = DeriveSigningKey(secret, claim.date, claim.region, claim.service);
  Status status = VerifySigV4(claim, request, key, expectation);
  OPENSSL_cleanse(key.data(), key.size());
  // An empty secret is a key that was not found: anybody could sign with it.
  return status && secret.empty() ? Mismatch() : status;
}

Status VerifySigV4(const SigV4Claim& claim, const SignedRequest& request, const SigningKey& key,
                   const SigV4Expectation& expectation) {
  CHANCERY_RETURN_IF_ERROR(CheckSigV4Claim(claim, expectation));
  CHANCERY_RETURN_IF_ERROR(CheckSignedHeaders(claim, request));
  const Result<std::string> payload = PayloadOf(request, expectation.payload);
  if (!payload) return payload.error();
  bool matches = false;
  for (const std::string& host : HostsOf(request)) {
    const std::string canonical = CanonicalRequest(request, claim.signed_headers, host, *payload);
    matches |= IsEqual(SignatureOf(claim, canonical, key), claim.signature);
  }
  return matches ? Status::Ok() : Mismatch();
}

}  // namespace chancery::iam
