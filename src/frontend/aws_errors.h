#pragma once

#include <string_view>

#include "base/error.h"
#include "frontend/message.h"

namespace chancery::frontend {

// The only place that turns an Error into HTTP (contract/api.md §3.5): status, x-amzn-ErrorType, and
// a body that every SDK reads: {"message", "__type", "code"}. Pure.

struct AwsError {
  int status;
  std::string_view name;
};

AwsError AwsErrorOf(base::Code code);

// Violations are listed in the message with their paths. The text of an internal error is for the
// log alone: the caller gets the request's id.
Answer ToAnswer(const base::Error& error, std::string_view request_id);

// An answer whose name is none of the modelled errors, for what no operation was found for.
Answer ToAnswer(const AwsError& error, std::string_view message, std::string_view request_id);

}  // namespace chancery::frontend
