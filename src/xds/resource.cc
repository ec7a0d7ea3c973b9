#include "xds/resource.h"

#include <algorithm>

#include "base/check.h"

namespace chancery::xds {
namespace {

// In the order of Type.
constexpr std::array<TypeDescriptor, kTypes> kDescriptors = {{
    {Type::kCluster, "type.googleapis.com/envoy.config.cluster.v3.Cluster", "cds", true, Type::kEndpoint},
    {Type::kEndpoint, "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment", "eds", false, std::nullopt},
    {Type::kListener, "type.googleapis.com/envoy.config.listener.v3.Listener", "lds", true, Type::kRoute},
    {Type::kRoute, "type.googleapis.com/envoy.config.route.v3.RouteConfiguration", "rds", false, std::nullopt},
    {Type::kSecret, "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret", "sds", false, std::nullopt},
}};

bool NameLess(const ResourcePtr& a, const ResourcePtr& b) { return a->name < b->name; }

// The length stands before each name: no two lists give the same text.
std::string VersionOf(uint64_t txn, const std::vector<ResourcePtr>& resources) {
  std::string list;
  for (const ResourcePtr& resource : resources) {
    list += std::to_string(resource->name.size());
    list += ':';
    list += resource->name;
    list += resource->hash.AsBytes();
  }
  return std::to_string(txn) + "-" + base::HashOf(list).ToHex();
}

}  // namespace

const TypeDescriptor& DescriptorOf(Type type) { return kDescriptors[static_cast<size_t>(type)]; }

std::optional<Type> TypeOfUrl(std::string_view url) {
  for (const TypeDescriptor& descriptor : kDescriptors) {
    if (descriptor.url == url) return descriptor.type;
  }
  return std::nullopt;
}

ResourceSet::ResourceSet(uint64_t txn, std::vector<ResourcePtr> resources)
    : txn_(txn), resources_(std::move(resources)), version_(VersionOf(txn_, resources_)) {
  const auto not_ascending = [](const ResourcePtr& a, const ResourcePtr& b) { return !NameLess(a, b); };
  CHANCERY_CHECK(std::adjacent_find(resources_.begin(), resources_.end(), not_ascending) == resources_.end());
}

const ResourcePtr* ResourceSet::Find(std::string_view name) const {
  const auto found = std::lower_bound(resources_.begin(), resources_.end(), name,
                                      [](const ResourcePtr& a, std::string_view b) { return a->name < b; });
  return found != resources_.end() && (*found)->name == name ? &*found : nullptr;
}

}  // namespace chancery::xds
