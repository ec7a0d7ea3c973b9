#include "xds/subscription.h"

#include <algorithm>

#include "xds/resource_sets.h"

namespace chancery::xds {

bool Subscription::Apply(const std::vector<std::string_view>& names) {
  std::vector<std::string_view> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  const auto star = can_wildcard_ ? std::find(sorted.begin(), sorted.end(), "*") : sorted.end();
  const bool has_star = star != sorted.end();
  if (has_star) sorted.erase(star);

  const State next = Next(has_star, !sorted.empty());
  if (next == state_ && std::equal(sorted.begin(), sorted.end(), names_.begin(), names_.end())) return false;
  state_ = next;
  names_.assign(sorted.begin(), sorted.end());
  return true;
}

Subscription::State Subscription::Next(bool star, bool names) const {
  if (star) return names ? State::kNamesOnWildcard : State::kWildcard;
  const bool never_named = state_ == State::kUnsubscribed || state_ == State::kLegacyWildcard;
  return !names && never_named && can_wildcard_ ? State::kLegacyWildcard : State::kNames;
}

bool Subscription::Covers(std::string_view name) const {
  return wildcard() || std::binary_search(names_.begin(), names_.end(), name);
}

ResourceSetPtr Subscription::Filter(const ResourceSetPtr& set) const {
  if (wildcard()) return set;
  std::vector<ResourcePtr> chosen;
  for (const std::string& name : names_) {
    if (const ResourcePtr* found = set->Find(name)) chosen.push_back(*found);
  }
  if (chosen.size() == set->resources().size()) return set;
  if (chosen.empty()) return EmptySet();
  return std::make_shared<const ResourceSet>(set->txn(), std::move(chosen));
}

}  // namespace chancery::xds
