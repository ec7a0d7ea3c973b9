#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/resource.h"

namespace chancery::model {

// One mesh with everything in it, at one moment: all that the compiler may read. Confined to one
// thread while it changes; copies share the resources.
class Snapshot {
 public:
  explicit Snapshot(MeshId mesh) : mesh_(std::move(mesh)) {}

  const MeshId& mesh() const { return mesh_; }
  // Null when there is none. For Kind::kMesh pass the mesh's name.
  const Resource* Find(Kind kind, std::string_view parent, std::string_view name) const;
  // Sorted by (parent, name).
  std::vector<const Resource*> All(Kind kind) const;
  // Sorted by name.
  std::vector<const Resource*> Children(Kind kind, std::string_view parent) const;

  // Adds or replaces. REQUIRES: resource->key.mesh == mesh().
  void Put(ResourcePtr resource);
  void Erase(const ResourceKey& key);
  bool empty() const { return resources_.empty(); }

 private:
  struct LocalKey {
    Kind kind;
    std::string parent;
    std::string name;
    auto operator<=>(const LocalKey&) const = default;
  };
  MeshId mesh_;
  std::map<LocalKey, ResourcePtr> resources_;
};

}  // namespace chancery::model
