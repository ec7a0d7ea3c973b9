#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "iam/policy.h"

namespace chancery::iam {

// Policies that every account has without putting them, under the names that App Mesh's users know
// (contract/api.md §5).
struct ManagedPolicy {
  std::string_view name;
  std::string_view document;
};
std::span<const ManagedPolicy> ManagedPolicies();

// Null when there is none of that name.
std::shared_ptr<const PolicyDocument> FindManagedPolicy(std::string_view name);

}  // namespace chancery::iam
