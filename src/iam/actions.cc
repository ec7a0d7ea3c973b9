#include "iam/actions.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/check.h"
#include "iam/ascii.h"
#include "iam/pattern.h"

namespace chancery::iam {
namespace {

constexpr std::string_view kService = "appmesh:";

constexpr std::array<std::string_view, kActionCount> kActions = {
    "CreateGatewayRoute",
    "CreateMesh",
    "CreateRoute",
    "CreateVirtualGateway",
    "CreateVirtualNode",
    "CreateVirtualRouter",
    "CreateVirtualService",
    "DeleteGatewayRoute",
    "DeleteMesh",
    "DeleteMeshPolicy",
    "DeleteRoute",
    "DeleteVirtualGateway",
    "DeleteVirtualNode",
    "DeleteVirtualRouter",
    "DeleteVirtualService",
    "DescribeGatewayRoute",
    "DescribeMesh",
    "DescribeRoute",
    "DescribeVirtualGateway",
    "DescribeVirtualNode",
    "DescribeVirtualRouter",
    "DescribeVirtualService",
    "GetMeshPolicy",
    "ListGatewayRoutes",
    "ListMeshes",
    "ListRoutes",
    "ListTagsForResource",
    "ListVirtualGateways",
    "ListVirtualNodes",
    "ListVirtualRouters",
    "ListVirtualServices",
    "PutMeshPolicy",
    "StreamAggregatedResources",
    "TagResource",
    "UntagResource",
    "UpdateGatewayRoute",
    "UpdateMesh",
    "UpdateRoute",
    "UpdateVirtualGateway",
    "UpdateVirtualNode",
    "UpdateVirtualRouter",
    "UpdateVirtualService",
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), ToLower);
  return lower;
}

bool IsNameCharacter(char c) {
  return (c >= '0' && c <= '9') || (ToLower(c) >= 'a' && ToLower(c) <= 'z') || c == '-' || c == '_';
}

bool IsWildcard(char c) { return c == '*' || c == '?'; }

}  // namespace

std::optional<size_t> ActionNumber(std::string_view action) {
  if (!EqualsIgnoringCase(action.substr(0, kService.size()), kService)) return std::nullopt;
  action.remove_prefix(kService.size());
  for (size_t i = 0; i < kActionCount; ++i) {
    if (EqualsIgnoringCase(kActions[i], action)) return i;
  }
  return std::nullopt;
}

ActionSet ActionsMatching(std::string_view pattern) {
  const auto lower = Pattern::Parse(Lower(pattern), {.wildcards = true});
  CHANCERY_CHECK(lower.has_value());  // without variables nothing is malformed
  ActionSet actions;
  for (size_t i = 0; i < kActionCount; ++i) actions[i] = lower->Matches(Lower(ActionName(i)), {});
  return actions;
}

bool IsActionPattern(std::string_view pattern) {
  if (pattern == "*" || pattern == "*:*") return true;
  const size_t colon = pattern.find(':');
  if (colon == pattern.npos || colon == 0 || colon + 1 == pattern.size()) return false;
  const std::string_view name = pattern.substr(colon + 1);
  return std::all_of(pattern.begin(), pattern.begin() + colon, IsNameCharacter) &&
         std::all_of(name.begin(), name.end(), [](char c) { return IsNameCharacter(c) || IsWildcard(c); });
}

std::string ActionName(size_t number) { return std::string(kService) + std::string(kActions[number]); }

}  // namespace chancery::iam
