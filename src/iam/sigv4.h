#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace chancery::iam {

// AWS Signature Version 4 as a server checks it: the header form and the presigned form, for a service that encodes
// the path twice (all but S3). In two steps, so that the caller looks the key up between them:
//   claim = ReadSigV4(request);  secret = ...(claim->access_key_id);  VerifySigV4(*claim, request, secret, ...)
// Pure: no clock, no key store, no state; against replays see replay_guard.h. What comes in may be any bytes.
// Not here: the `Date` header instead of X-Amz-Date, chunked payloads (STREAMING-...), SigV4A; no client of App Mesh
// sends them.

// A request as it was received. Borrows all it names.
struct SignedRequest {
  std::string_view method;
  // As on the request line: path and query, still percent-encoded.
  std::string_view target;
  // In the order received, names in any case. Over HTTP/2 the caller puts `:authority` in as `host`; and what its
  // library keeps for itself (`te`, `content-type`), for Envoy signs that too.
  std::span<const std::pair<std::string, std::string>> headers;
  std::string_view body = {};
};

// What the request says about its signature. Nothing of it is proven before VerifySigV4.
struct SigV4Claim {
  std::string access_key_id;
  // The credential scope: yyyymmdd, region, service, "aws4_request".
  std::string date;
  std::string region;
  std::string service;
  std::string terminator;
  // X-Amz-Date as sent, and as a time.
  std::string timestamp;
  std::chrono::sys_seconds time;
  // Lower case, sorted, no two equal.
  std::vector<std::string> signed_headers;
  // 64 digits of lower-case hexadecimal, so that one signature has one spelling.
  std::string signature;
  // Empty when none was sent. Need not be signed (see VerifySigV4): compare it with what belongs to the key.
  std::string security_token;
  // For how long a presigned request holds, 1 s to 7 days; nothing for the header form.
  std::optional<std::chrono::seconds> expires;
};

// Reads the Authorization header or, without one, the X-Amz-* parameters of the query. Bounded: 256 headers, 64 KiB of
// target, 16 KiB of Authorization, 64 signed headers.
// Errors: kMissingAuthentication when neither is there; kIncompleteSignature names what is missing or broken.
base::Result<SigV4Claim> ReadSigV4(const SignedRequest& request);

enum class SigV4Payload {
  // The body is all there: its hash is signed. "UNSIGNED-PAYLOAD" holds for an empty body only, where it leaves
  // nothing unsigned; a body that somebody could exchange is never accepted.
  kBody,
  // A stream, whose messages come after its headers: `body` is not looked at. The signer wrote "UNSIGNED-PAYLOAD"
  // (Envoy's aws_request_signing) or the hash of nothing (aws_iam of App Mesh's images, up to Envoy 1.34). The messages
  // are as safe as the transport is.
  kStream,
};

struct SigV4Expectation {
  std::string_view region;
  std::string_view service;
  std::chrono::system_clock::time_point now;
  std::chrono::seconds skew = std::chrono::minutes(5);
  SigV4Payload payload = SigV4Payload::kBody;
};

// What can be said of the claim without a key: that it is for this region and service, and about now.
// kInvalidSignature.
base::Status CheckSigV4Claim(const SigV4Claim& claim, const SigV4Expectation& expectation);

// Whether `request`, the one that `claim` was read from, was signed with `secret`, for this region and service and
// about now; compares in constant time. `host` must be signed, and each x-amz-* header that is there, except
// x-amz-security-token: AWS's own test suite adds it before or after signing, and it proves nothing that the key does
// not. The host is also tried without :80 or :443, which SDKs leave out when they sign and some send nevertheless.
// Paths are normalised as AWS does, so /a//b and /a/./b have the signature of /a/b: the router must not take an empty
// or dot segment for a name. Error kInvalidSignature, which tells neither secret nor right signature.
base::Status VerifySigV4(const SigV4Claim& claim, const SignedRequest& request, std::string_view secret,
                         const SigV4Expectation& expectation);

// A secret bound to a day (yyyymmdd), a region and a service: signs for that scope alone. As secret as the secret.
using SigningKey = std::array<unsigned char, 32>;
SigningKey DeriveSigningKey(std::string_view secret, std::string_view date, std::string_view region,
                            std::string_view service);

// The same with a key that was derived for the claim's date, region and service. REQUIRES: its secret was not empty.
base::Status VerifySigV4(const SigV4Claim& claim, const SignedRequest& request, const SigningKey& key,
                         const SigV4Expectation& expectation);

// The last moment at which VerifySigV4 can accept the claim: how long a replay would have to be remembered.
std::chrono::sys_seconds ValidUntil(const SigV4Claim& claim, std::chrono::seconds skew);

}  // namespace chancery::iam
