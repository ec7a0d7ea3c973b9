#pragma once

#include <vector>

#include "xds/resource.h"

// Small algebra over resource sets. Two resources are the same when their names and bytes (hashes) are;
// the transaction of a set plays no part in any comparison. Pure.
namespace chancery::xds {

// One shared set without resources.
const ResourceSetPtr& EmptySet();

bool SameResources(const std::vector<ResourcePtr>& a, const std::vector<ResourcePtr>& b);
bool Same(const ResourceSet& a, const ResourceSet& b);
// `set` holds `resource` with the same bytes.
bool Holds(const ResourceSet& set, const Resource& resource);
bool HoldsAll(const ResourceSet& set, const ResourceSet& some);
// What `top` has, and what `base` has under names that are not in `top`.
ResourceSetPtr Overlay(const ResourceSetPtr& base, const ResourceSetPtr& top);
// Ordered by name; REQUIRES: no name in both.
std::vector<ResourcePtr> MergeDisjoint(std::vector<ResourcePtr> a, std::vector<ResourcePtr> b);

}  // namespace chancery::xds
