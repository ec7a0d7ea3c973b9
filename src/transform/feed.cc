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

DemandChanges MemoryFeed::TakeDemand(const model::MeshId& mesh, bool from_scratch) {
  base::MutexLock lock(mutex_);
  DemandChanges taken;
  const compile::ProxyKey first{mesh, {}, "", {}};
  auto change = demand_changes_.lower_bound(first);
  while (change != demand_changes_.end() && change->first.mesh == mesh) {
    (change->second ? taken.began : taken.ended).push_back(change->first);
    change = demand_changes_.erase(change);
  }
  if (!from_scratch) return taken;
  taken = {};
  for (auto demand = demands_.lower_bound(first); demand != demands_.end() && demand->first.mesh == mesh; ++demand) {
    taken.began.push_back(demand->first);
  }
  return taken;
}

void MemoryFeed::OnDemand(std::function<void(const model::MeshId& mesh)> notify) {
  base::MutexLock lock(mutex_);
  notify_ = std::move(notify);
}

Demand MemoryFeed::Want(const compile::ProxyKey& key) {
  Demand demand;
  std::function<void(const model::MeshId&)> notify;
  {
    base::MutexLock lock(mutex_);
    std::weak_ptr<const void>& known = demands_[key];
    demand = known.lock();
    if (demand != nullptr) return demand;
    demand = Demand(this, [this, key](const void*) { Forget(key); });
    known = demand;
    NoteDemandLocked(key, true);
    notify = notify_;
  }
  if (notify) notify(key.mesh);
  return demand;
}

void MemoryFeed::Forget(const compile::ProxyKey& key) {
  base::MutexLock lock(mutex_);
  const auto found = demands_.find(key);
  // It may be in demand again.
  if (found == demands_.end() || !found->second.expired()) return;
  demands_.erase(found);
  NoteDemandLocked(key, false);
}

void MemoryFeed::NoteDemandLocked(const compile::ProxyKey& key, bool began) {
  const auto [change, first] = demand_changes_.try_emplace(key, began);
  if (!first && change->second != began) demand_changes_.erase(change);
}

ManifestPtr MemoryFeed::Find(const compile::ProxyKey& key) const {
  base::MutexLock lock(mutex_);
  const auto found = manifests_.find(key);
  return found == manifests_.end() ? nullptr : found->second;
}

bool MemoryFeed::Exists(const compile::ProxyKey& key) const {
  compile::ProxyKey stock = key;
  stock.profile = compile::Profile::kStock;
  return Find(stock) != nullptr;
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
