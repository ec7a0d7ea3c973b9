#include "base/error.h"

namespace chancery::base {

std::string_view ToString(Code code) {
  switch (code) {
    case Code::kBadRequest:
      return "BadRequest";
    case Code::kLimitExceeded:
      return "LimitExceeded";
    case Code::kTooManyTags:
      return "TooManyTags";
    case Code::kMissingAuthentication:
      return "MissingAuthentication";
    case Code::kIncompleteSignature:
      return "IncompleteSignature";
    case Code::kUnrecognizedClient:
      return "UnrecognizedClient";
    case Code::kInvalidSignature:
      return "InvalidSignature";
    case Code::kAccessDenied:
      return "AccessDenied";
    case Code::kForbidden:
      return "Forbidden";
    case Code::kNotFound:
      return "NotFound";
    case Code::kConflict:
      return "Conflict";
    case Code::kResourceInUse:
      return "ResourceInUse";
    case Code::kTooManyRequests:
      return "TooManyRequests";
    case Code::kUnavailable:
      return "ServiceUnavailable";
    case Code::kInternal:
      return "InternalServerError";
    case Code::kLostRace:
      return "LostRace";
    case Code::kCompacted:
      return "Compacted";
  }
  return "InternalServerError";
}

std::string ToString(const Error& error) {
  std::string text = error.message;
  std::string_view separator = text.empty() ? "" : ": ";
  for (const Violation& violation : error.violations) {
    text.append(separator).append(violation.path).append(" ").append(violation.text);
    separator = "; ";
  }
  return text;
}

}  // namespace chancery::base
