#pragma once

#include <string_view>

#include "base/result.h"

// What accounts, users, groups and policies may be called: IAM's rules
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). Pure.
namespace chancery::iam {

// 12 digits.
bool IsAccount(std::string_view text);

// Errors are kBadRequest naming `field`.
base::Status CheckAccount(std::string_view field, std::string_view account);
// 1 to 128 letters, digits and any of +=,.@_-
base::Status CheckName(std::string_view field, std::string_view name);

}  // namespace chancery::iam
