#include "iam/claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace chancery::iam {
namespace {

constexpr std::string_view kNobody = "000000000000";

// Without wildcards it must be the path of a proxy's resource; with them it must at least begin like one.
bool CanMatch(const std::string& pattern) {
  if (pattern.find_first_of("*?") != std::string::npos) return pattern == "*" || pattern.starts_with("mesh/");
  const auto key = model::ParseResourcePath(pattern, std::string(kNobody));
  return key && (key->kind == model::Kind::kVirtualNode || key->kind == model::Kind::kVirtualGateway);
}

}  // namespace

base::Result<Claims> Claims::Parse(const std::vector<std::string>& patterns) {
  Claims claims;
  for (const std::string& text : patterns) {
    auto pattern = Pattern::Parse(text, {.wildcards = true});
    if (!pattern || !CanMatch(text)) {
      return base::Error{base::Code::kBadRequest,
                         fmt::format("'{}' is not mesh/MESH/virtualNode/NAME or mesh/MESH/virtualGateway/NAME, with * "
                                     "for any characters",
                                     text),
                         {}};
    }
    claims.patterns_.push_back(*std::move(pattern));
  }
  return claims;
}

bool Claims::Allow(const model::ResourceKey& key, std::string_view account) const {
  const std::string_view kind = model::DescriptorOf(key.kind).segment;
  const std::string with_owner = fmt::format("mesh/{}@{}/{}/{}", key.mesh.name, key.mesh.owner, kind, key.name);
  const std::string bare = fmt::format("mesh/{}/{}/{}", key.mesh.name, kind, key.name);
  const ContextKeys none;
  return std::ranges::any_of(patterns_, [&](const Pattern& pattern) {
    return pattern.Matches(with_owner, none) || (key.mesh.owner == account && pattern.Matches(bare, none));
  });
}

}  // namespace chancery::iam
