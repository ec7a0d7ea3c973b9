#pragma once

#include <string_view>

// The bodies of the fuzz targets: each takes any bytes, and ends the process by CHANCERY_CHECK when a promise of the
// code under test does not hold. libfuzzer_main.cc makes a libFuzzer program of each; replay_test.cc runs them all on
// the inputs that are kept in corpus/ and regressions/. Stateless from one call to the next.

namespace chancery::fuzz {

// Line 1 names an operation; the rest is a body. What is read prints and reads as the same again.
void FuzzCodec(std::string_view input);

// HTTP requests as text, with lines of `---` between, to one API on an empty in-memory store: every answer is JSON with
// an id of its request, and none is a fault of ours (5xx).
void FuzzApi(std::string_view input);

// One HTTP request as text: without the secret no signature is accepted.
void FuzzSigV4(std::string_view input);

// A policy document, a line `---`, then the action, the resource and lines `key=value` of a request: a policy is read
// or refused with a path, and what is allowed is not when a policy that denies everything is added.
void FuzzPolicy(std::string_view input);

// An ARN, a node id or a resource's path: what is read names itself by an ARN that reads as the same.
void FuzzArn(std::string_view input);

// Line 1 says which list; the rest is a page token, base64url or percent-encoded text.
void FuzzToken(std::string_view input);

// A DiscoveryRequest's bytes: within the limits or refused.
void FuzzXds(std::string_view input);

}  // namespace chancery::fuzz
