#include "frontend/aws_errors.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/utf8.h"

namespace chancery::frontend {

using base::Code;

AwsError AwsErrorOf(Code code) {
  switch (code) {
    case Code::kBadRequest:
      return {400, "BadRequestException"};
    case Code::kLimitExceeded:
      return {400, "LimitExceededException"};
    case Code::kTooManyTags:
      return {400, "TooManyTagsException"};
    case Code::kMissingAuthentication:
      return {403, "MissingAuthenticationTokenException"};
    case Code::kIncompleteSignature:
      return {403, "IncompleteSignatureException"};
    case Code::kUnrecognizedClient:
      return {403, "UnrecognizedClientException"};
    case Code::kInvalidSignature:
      return {403, "InvalidSignatureException"};
    case Code::kAccessDenied:
      return {403, "AccessDeniedException"};
    case Code::kForbidden:
      return {403, "ForbiddenException"};
    case Code::kNotFound:
      return {404, "NotFoundException"};
    case Code::kConflict:
      return {409, "ConflictException"};
    case Code::kResourceInUse:
      return {409, "ResourceInUseException"};
    case Code::kTooManyRequests:
      return {429, "TooManyRequestsException"};
    case Code::kUnavailable:
    case Code::kLostRace:
      return {503, "ServiceUnavailableException"};
    case Code::kInternal:
    case Code::kCompacted:
      break;
  }
  return {500, "InternalServerErrorException"};
}

Answer ToAnswer(const base::Error& error, std::string_view request_id) {
  const AwsError aws = AwsErrorOf(error.code);
  if (aws.status == 500) {
    return ToAnswer(aws, fmt::format("internal error; the log names request {}", request_id), request_id);
  }
  return ToAnswer(aws, base::ToString(error), request_id);
}

Answer ToAnswer(const AwsError& error, std::string_view message, std::string_view request_id) {
  // A message may quote what was sent; JSON must stay UTF-8.
  const std::string text = base::IsUtf8(message) ? std::string(message) : "the request is not UTF-8";
  const boost::json::object body = {{"message", text}, {"__type", error.name}, {"code", error.name}};
  return {error.status,
          {{"Content-Type", "application/json"},
           {"x-amzn-ErrorType", std::string(error.name)},
           {"x-amzn-RequestId", std::string(request_id)}},
          boost::json::serialize(body)};
}

}  // namespace chancery::frontend
