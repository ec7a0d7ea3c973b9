#include "model/snapshot.h"

#include "base/check.h"

namespace chancery::model {

const Resource* Snapshot::Find(Kind kind, std::string_view parent, std::string_view name) const {
  const auto found = resources_.find(LocalKey{kind, std::string(parent), std::string(name)});
  return found == resources_.end() ? nullptr : found->second.get();
}

std::vector<const Resource*> Snapshot::All(Kind kind) const {
  std::vector<const Resource*> all;
  for (auto it = resources_.lower_bound(LocalKey{kind, "", ""}); it != resources_.end() && it->first.kind == kind;
       ++it) {
    all.push_back(it->second.get());
  }
  return all;
}

std::vector<const Resource*> Snapshot::Children(Kind kind, std::string_view parent) const {
  std::vector<const Resource*> children;
  for (auto it = resources_.lower_bound(LocalKey{kind, std::string(parent), ""});
       it != resources_.end() && it->first.kind == kind && it->first.parent == parent; ++it) {
    children.push_back(it->second.get());
  }
  return children;
}

void Snapshot::Put(ResourcePtr resource) {
  CHANCERY_CHECK(resource->key.mesh == mesh_);
  LocalKey key{resource->key.kind, resource->key.parent, resource->key.name};
  resources_.insert_or_assign(std::move(key), std::move(resource));
}

void Snapshot::Erase(const ResourceKey& key) { resources_.erase(LocalKey{key.kind, key.parent, key.name}); }

}  // namespace chancery::model
