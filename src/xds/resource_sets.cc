#include "xds/resource_sets.h"

#include <algorithm>
#include <iterator>

namespace chancery::xds {
namespace {

bool SameBytes(const ResourcePtr& a, const ResourcePtr& b) {
  return a == b || (a->hash == b->hash && a->name == b->name);
}

bool NameLess(const ResourcePtr& a, const ResourcePtr& b) { return a->name < b->name; }

}  // namespace

const ResourceSetPtr& EmptySet() {
  static const ResourceSetPtr empty = std::make_shared<const ResourceSet>(0, std::vector<ResourcePtr>{});
  return empty;
}

bool SameResources(const std::vector<ResourcePtr>& a, const std::vector<ResourcePtr>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), SameBytes);
}

bool Same(const ResourceSet& a, const ResourceSet& b) {
  return &a == &b || SameResources(a.resources(), b.resources());
}

bool Holds(const ResourceSet& set, const Resource& resource) {
  const ResourcePtr* found = set.Find(resource.name);
  return found != nullptr && (*found)->hash == resource.hash;
}

bool HoldsAll(const ResourceSet& set, const ResourceSet& some) {
  if (&set == &some) return true;
  return std::all_of(some.resources().begin(), some.resources().end(),
                     [&](const ResourcePtr& resource) { return Holds(set, *resource); });
}

ResourceSetPtr Overlay(const ResourceSetPtr& base, const ResourceSetPtr& top) {
  std::vector<ResourcePtr> only_base;
  std::set_difference(base->resources().begin(), base->resources().end(), top->resources().begin(),
                      top->resources().end(), std::back_inserter(only_base), NameLess);
  if (only_base.empty()) return top;
  return std::make_shared<const ResourceSet>(top->txn(), MergeDisjoint(top->resources(), std::move(only_base)));
}

std::vector<ResourcePtr> MergeDisjoint(std::vector<ResourcePtr> a, std::vector<ResourcePtr> b) {
  if (b.empty()) return a;
  std::vector<ResourcePtr> merged;
  merged.reserve(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(merged), NameLess);
  return merged;
}

}  // namespace chancery::xds
