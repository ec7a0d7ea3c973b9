#include "transform/feed.h"

#include <utility>

namespace chancery::transform {

void MemoryFeed::Subscribe(Subscriber subscriber) {
  base::MutexLock lock(mutex_);
  subscribers_.push_back(std::move(subscriber));
}

void MemoryFeed::Publish(FeedUpdate update) {
  std::vector<Subscriber> subscribers;
  {
    base::MutexLock lock(mutex_);
    for (const ManifestPtr& manifest : update.changed) manifests_[manifest->key] = manifest;
    for (const compile::ProxyKey& key : update.removed) manifests_.erase(key);
    watermarks_[update.mesh] = update.compiled_through;
    subscribers = subscribers_;
  }
  for (const Subscriber& subscriber : subscribers) subscriber(update);
}

void MemoryFeed::MarkComplete() {
  std::vector<Subscriber> subscribers;
  {
    base::MutexLock lock(mutex_);
    complete_ = true;
    subscribers = subscribers_;
  }
  for (const Subscriber& subscriber : subscribers) subscriber(FeedUpdate{});
}

ManifestPtr MemoryFeed::Find(const compile::ProxyKey& key) const {
  base::MutexLock lock(mutex_);
  const auto found = manifests_.find(key);
  return found == manifests_.end() ? nullptr : found->second;
}

bool MemoryFeed::complete() const {
  base::MutexLock lock(mutex_);
  return complete_;
}

store::Txn MemoryFeed::CompiledThrough(const model::MeshId& mesh) const {
  base::MutexLock lock(mutex_);
  const auto found = watermarks_.find(mesh);
  return found == watermarks_.end() ? 0 : found->second;
}

std::map<model::MeshId, store::Txn> MemoryFeed::Watermarks() const {
  base::MutexLock lock(mutex_);
  return watermarks_;
}

}  // namespace chancery::transform
