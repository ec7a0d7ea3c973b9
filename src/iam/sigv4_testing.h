#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "iam/sigv4.h"

// Signed requests for tests.

namespace chancery::iam::testing {

// A SignedRequest that owns what it names.
struct OwnedRequest {
  std::string method = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};

  SignedRequest View() const { return {method, target, headers, body}; }
  // The first header of exactly that name; added when there is none.
  std::string& Header(std::string_view name);
};

struct Signer {
  std::string access_key_id = "AKIDEXAMPLE";
  std::string secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  std::string region = "us-east-1";
  std::string service = "appmesh";
  std::chrono::sys_seconds time{};
};

// Adds X-Amz-Date and Authorization; signs every header that is there, `Host` among them. Equal names must not differ
// in case. A header X-Amz-Content-Sha256 stands for the hash of the body.
void SignSigV4(const Signer& signer, OwnedRequest& request);

// The presigned form: adds the X-Amz-* parameters to the query.
void PresignSigV4(const Signer& signer, std::chrono::seconds expires, OwnedRequest& request);

// A request and what must become of it.
struct SigV4Case {
  std::string name;
  OwnedRequest request;
  std::string secret;
  std::string region;
  std::string service;
  std::chrono::sys_seconds now{};
  SigV4Payload payload = SigV4Payload::kBody;
  // As Decide says it.
  std::string expected;
};

// Reads the blocks that tests/api/sigv4_cases.py writes: lines `key value`, an empty line behind each case; in values
// \xHH stands for a byte. Nothing for text of another form.
std::optional<std::vector<SigV4Case>> ReadSigV4Cases(std::string_view text);

// "Ok", or the name of the error's code.
std::string Decide(const SigV4Case& test);

}  // namespace chancery::iam::testing
