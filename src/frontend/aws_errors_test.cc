#include "frontend/aws_errors.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace chancery::frontend {
namespace {

using base::Code;

TEST(AwsErrors, EveryCodeHasItsStatusAndName) {
  const std::tuple<Code, int, std::string_view> cases[] = {
      {Code::kBadRequest, 400, "BadRequestException"},
      {Code::kLimitExceeded, 400, "LimitExceededException"},
      {Code::kTooManyTags, 400, "TooManyTagsException"},
      {Code::kMissingAuthentication, 403, "MissingAuthenticationTokenException"},
      {Code::kIncompleteSignature, 403, "IncompleteSignatureException"},
      {Code::kUnrecognizedClient, 403, "UnrecognizedClientException"},
      {Code::kInvalidSignature, 403, "InvalidSignatureException"},
      {Code::kAccessDenied, 403, "AccessDeniedException"},
      {Code::kForbidden, 403, "ForbiddenException"},
      {Code::kNotFound, 404, "NotFoundException"},
      {Code::kConflict, 409, "ConflictException"},
      {Code::kResourceInUse, 409, "ResourceInUseException"},
      {Code::kTooManyRequests, 429, "TooManyRequestsException"},
      {Code::kUnavailable, 503, "ServiceUnavailableException"},
      {Code::kLostRace, 503, "ServiceUnavailableException"},
      {Code::kInternal, 500, "InternalServerErrorException"},
      {Code::kCompacted, 500, "InternalServerErrorException"},
  };
  for (const auto& [code, status, name] : cases) {
    const Answer answer = ToAnswer(base::Error{code, "why", {}}, "id-1");
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(HeaderOf(answer.headers, "X-AMZN-ERRORTYPE"), name);
    EXPECT_EQ(HeaderOf(answer.headers, "x-amzn-RequestId"), "id-1");
    const auto body = boost::json::parse(answer.body);
    EXPECT_EQ(std::string(body.at("__type").as_string()), name);
    EXPECT_EQ(std::string(body.at("code").as_string()), name);
    const std::string hidden = "internal error; the log names request id-1";
    EXPECT_EQ(std::string(body.at("message").as_string()), status == 500 ? hidden : "why");
  }
}

TEST(AwsErrors, ViolationsAreInTheMessage) {
  const Answer answer = ToAnswer(base::Error{Code::kBadRequest, "invalid request", {{"a.b", "is \"required\""}}}, "id");
  EXPECT_EQ(boost::json::parse(answer.body).at("message").as_string(), "invalid request: a.b is \"required\"");
}

TEST(AwsErrors, TheBodyIsUtf8WhateverWasSent) {
  const Answer answer = ToAnswer(AwsError{404, "UnknownOperationException"}, "no path \xFF", "id");
  EXPECT_EQ(boost::json::parse(answer.body).at("message").as_string(), "the request is not UTF-8");
}

}  // namespace
}  // namespace chancery::frontend
