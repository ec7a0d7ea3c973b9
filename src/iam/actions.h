#pragma once

#include <bitset>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chancery::iam {

// The actions that a policy can name for App Mesh (contract/api.md §5): the 38 operations, StreamAggregatedResources,
// and the three that exist for permissions only. Known by number, so that what a statement names is a set of bits.

inline constexpr size_t kActionCount = 42;
using ActionSet = std::bitset<kActionCount>;

// The number of "appmesh:CreateRoute", in any case; nothing for the action of another service or none.
std::optional<size_t> ActionNumber(std::string_view action);

// What an Action element's string names: "*", "appmesh:Describe*"; `*` and `?`, case ignored. Empty for other services.
ActionSet ActionsMatching(std::string_view pattern);

// Whether it is "*" or "service:name", the form of IAM's; wildcards in the name, and for a service only alone.
bool IsActionPattern(std::string_view pattern);

// "appmesh:CreateMesh", …: the name of a number. REQUIRES: number < kActionCount.
std::string ActionName(size_t number);

}  // namespace chancery::iam
