#include "xds/replacements.h"

#include <algorithm>

namespace chancery::xds {

std::vector<std::string> Replacements::Choose(const TypeState& clusters, const ResourceSet& set, bool traffic) {
  std::vector<std::string> names;
  if (std::exchange(first_, false)) Recall(clusters);
  for (const ResourcePtr& cluster : set.resources()) {
    if (cluster->when_replacing.empty() || !Replaces(clusters, *cluster, traffic)) continue;
    names.push_back(cluster->name);
    sent_.emplace(cluster->name, cluster->hash);
  }
  Forget(clusters, set);
  return names;
}

bool Replacements::Replaces(const TypeState& clusters, const Resource& cluster, bool traffic) const {
  if (sent_.count({cluster.name, cluster.hash}) != 0) return true;
  // Nothing is known of what it came back with.
  if (clusters.resumed() && !clusters.accepted()) return true;
  if (!traffic) return false;
  const std::vector<const ResourceSet*> held = clusters.Held();
  return std::any_of(held.begin(), held.end(), [&](const ResourceSet* one) {
    const ResourcePtr* found = one->Find(cluster.name);
    return found != nullptr && (*found)->hash != cluster.hash;
  });
}

// Who came back does not say which ones it has in this form; if that is not the one it has, it makes the cluster anew,
// once, and loses nothing.
void Replacements::Recall(const TypeState& clusters) {
  if (!clusters.resumed_replacing()) return;
  for (const ResourcePtr& cluster : clusters.in_force()->resources()) {
    if (!cluster->when_replacing.empty()) sent_.emplace(cluster->name, cluster->hash);
  }
}

void Replacements::Forget(const TypeState& clusters, const ResourceSet& set) {
  std::vector<const ResourceSet*> held = clusters.Held();
  held.push_back(&set);
  std::erase_if(sent_, [&](const auto& sent) {
    return std::none_of(held.begin(), held.end(), [&](const ResourceSet* one) {
      const ResourcePtr* found = one->Find(sent.first);
      return found != nullptr && (*found)->hash == sent.second;
    });
  });
}

}  // namespace chancery::xds
