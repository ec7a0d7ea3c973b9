#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chancery::base {

// What went wrong, in the terms of the App Mesh API (contract/api.md §3.5) plus two of our own
// (kUnavailable also stands for what the caller may retry, kCompacted for a watch that is too old).
// Only the edges turn a code into HTTP or gRPC.
enum class Code {
  kBadRequest,
  kLimitExceeded,
  kTooManyTags,
  // Who asks could not be made out: nothing was sent to tell, it cannot be read, the key is not
  // known or no longer valid, or the signature is not what the key gives.
  kMissingAuthentication,
  kIncompleteSignature,
  kUnrecognizedClient,
  kInvalidSignature,
  // A policy does not allow it; kForbidden is a rule of the service itself.
  kAccessDenied,
  kForbidden,
  kNotFound,
  kConflict,
  kResourceInUse,
  kTooManyRequests,
  kUnavailable,
  kInternal,
  // A precondition of a commit did not hold; the caller reads again and retries.
  kLostRace,
  // The history asked for is no longer kept; the reader scans and starts anew.
  kCompacted,
};

std::string_view ToString(Code code);

// One broken rule: where (a path such as `spec.listeners[0].portMapping.port`) and what.
struct Violation {
  std::string path;
  std::string text;
  bool operator==(const Violation&) const = default;
};

// An error as a value. `message` is for the caller and names fields, never secrets.
struct Error {
  Code code = Code::kInternal;
  std::string message;
  std::vector<Violation> violations = {};
  bool operator==(const Error&) const = default;
};

// "message (path: text; path: text)": the one-line form for logs and answers.
std::string ToString(const Error& error);

}  // namespace chancery::base
