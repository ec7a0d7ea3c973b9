#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "iam/sigv4.h"

namespace chancery::iam {

// The signing half of Signature Version 4, the counterpart of sigv4.h. Pure.
struct SigV4Key {
  std::string access_key_id;
  std::string secret;
  std::string region;
  std::string service;
};

// What a signature of `request` at `time` claims, all but the signature itself; every header that is there is signed.
SigV4Claim ClaimToSign(const SigV4Key& key, const SignedRequest& request, std::chrono::sys_seconds time);
// A header x-amz-content-sha256 stands for the hash of the body. REQUIRES: the request has a header `host`.
std::string SignatureFor(const SigV4Claim& claim, const SigV4Key& key, const SignedRequest& request);
// <access key>/<date>/<region>/<service>/aws4_request
std::string CredentialOf(const SigV4Claim& claim);

// The value of the Authorization header. REQUIRES: `request` has `host`, and x-amz-date with ToTimestamp(time).
std::string Authorization(const SigV4Key& key, const SignedRequest& request, std::chrono::sys_seconds time);
// 20261122T101112Z
std::string ToTimestamp(std::chrono::sys_seconds time);

}  // namespace chancery::iam
