#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace chancery::xds {

// The resource types of the protocol core, in the order in which additions go out on a stream.
enum class Type : uint8_t { kCluster = 0, kEndpoint = 1, kListener = 2, kRoute = 3, kSecret = 4 };
inline constexpr size_t kTypes = 5;
inline constexpr std::array<Type, kTypes> kAllTypes = {Type::kCluster, Type::kEndpoint, Type::kListener, Type::kRoute,
                                                       Type::kSecret};

// What differs between types, in one table. Immutable.
struct TypeDescriptor {
  Type type;
  std::string_view url;
  // "cds", "eds", …: in metrics and status.
  std::string_view label;
  // An empty list of names asks for all (clusters and listeners).
  bool wildcard;
  // Resources of this type wait in the client until one of `child` is answered: clusters for
  // endpoints, listeners for route configurations.
  std::optional<Type> child;
};
const TypeDescriptor& DescriptorOf(Type type);
std::optional<Type> TypeOfUrl(std::string_view url);

// One resource to be sent. Immutable and shared.
struct Resource {
  std::string name;
  // The serialized resource message; an Any is put around it when it is sent.
  std::shared_ptr<const std::string> body;
  base::Hash hash;
  // Names of the clusters that it sends traffic to (listeners, route configurations). Sorted.
  std::vector<std::string> clusters;
  // Names of the resources of the type's `child` that it needs in order to warm (EDS clusters,
  // listeners with RDS). Sorted.
  std::vector<std::string> children;
  // A new cluster of this kind is given the settle time before a route to it is sent (DNS).
  bool settles = false;
  // The client may live without asking for it: who does not is complete.
  bool optional = false;
  // Of a cluster: one that is less strict about who answers waits until no traffic that was to have the stricter one
  // under its name can use it.
  uint8_t strictness = 0;
  // Stands behind `body` in a client that serves with other bytes under this name: it goes on with those until these
  // can serve (docs/adr/0009). Empty: `body` alone says so. Lives for ever.
  std::string_view when_replacing = {};
};
using ResourcePtr = std::shared_ptr<const Resource>;

// The resources of one type, sorted by name, and the transaction of their last byte change. Immutable.
class ResourceSet {
 public:
  // REQUIRES: `resources` sorted by name, names unique.
  ResourceSet(uint64_t txn, std::vector<ResourcePtr> resources);

  uint64_t txn() const { return txn_; }
  const std::vector<ResourcePtr>& resources() const { return resources_; }
  // Null when there is none.
  const ResourcePtr* Find(std::string_view name) const;
  // `<txn>-<hash of the list of (name, resource hash)>`: read as a transaction, compared as a whole
  // (architecture.md §3).
  const std::string& version() const { return version_; }

 private:
  uint64_t txn_;
  std::vector<ResourcePtr> resources_;
  std::string version_;
};
using ResourceSetPtr = std::shared_ptr<const ResourceSet>;

// Everything one client is to have. A null set is an empty one. Immutable, shared by the clients
// that are given the same.
struct Config {
  std::array<ResourceSetPtr, kTypes> sets;
  const ResourceSetPtr& set(Type type) const { return sets[static_cast<size_t>(type)]; }
};
using ConfigPtr = std::shared_ptr<const Config>;

}  // namespace chancery::xds
