#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "iam/sigv4.h"

namespace chancery::iam {

// The arithmetic of Signature Version 4, as AWS documents it: https://docs.aws.amazon.com/IAM/latest/UserGuide/
// reference_sigv.html ("Create a signed AWS API request"). All of it pure and total: any bytes give some text.

// Path and query of a request target; the query without its '?'.
std::pair<std::string_view, std::string_view> SplitTarget(std::string_view target);

// Names and values of a query, decoded, in the order given. A broken escape stands for itself, '+' too (SDKs write
// %20); a parameter without '=' has an empty value; nothing between two '&' is no parameter.
std::vector<std::pair<std::string, std::string>> ReadQuery(std::string_view query);

// Without empty and dot segments, then encoded once more, '%' included.
std::string CanonicalPath(std::string_view path);

// Sorted and encoded anew; without X-Amz-Signature.
std::string CanonicalQuery(std::string_view query);

// Without white space at the ends, and with one space for each run of it.
std::string CanonicalValue(std::string_view value);

// All values of the header, lower-case `name`, in their order.
std::vector<std::string_view> HeaderValues(const SignedRequest& request, std::string_view name);

// `host` stands for the value of that header; `payload` is the last line: a hash, or UNSIGNED-PAYLOAD.
std::string CanonicalRequest(const SignedRequest& request, const std::vector<std::string>& signed_headers,
                             std::string_view host, std::string_view payload);

// 64 digits of lower-case hexadecimal.
std::string HexSha256(std::string_view content);

// The signature that the claim should have: scope and timestamp are taken from it.
std::string SignatureOf(const SigV4Claim& claim, std::string_view canonical_request, const SigningKey& key);
std::string SignatureOf(const SigV4Claim& claim, std::string_view canonical_request, std::string_view secret);

}  // namespace chancery::iam
