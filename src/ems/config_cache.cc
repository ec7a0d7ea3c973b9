#include "ems/config_cache.h"

#include <algorithm>
#include <vector>

#include "ems/local_cluster.h"

namespace chancery::ems {
namespace {

static_assert(xds::kTypes == compile::kFragmentTypes);
static_assert(static_cast<int>(xds::Type::kCluster) == static_cast<int>(compile::FragmentType::kCluster) &&
              static_cast<int>(xds::Type::kEndpoint) == static_cast<int>(compile::FragmentType::kEndpoint) &&
              static_cast<int>(xds::Type::kListener) == static_cast<int>(compile::FragmentType::kListener) &&
              static_cast<int>(xds::Type::kRoute) == static_cast<int>(compile::FragmentType::kRoute) &&
              static_cast<int>(xds::Type::kSecret) == static_cast<int>(compile::FragmentType::kSecret));

// Insertions between two sweeps for sets of which no manifest is left.
constexpr size_t kSweepEvery = 256;
constexpr auto kEndpoints = static_cast<size_t>(xds::Type::kEndpoint);

// Only the values that the set's slots ask for choose a copy: all others share one.
SlotValues Relevant(const transform::TypeSet& source, const SlotValues& values) {
  SlotValues relevant;
  for (const compile::FragmentPtr& fragment : source.fragments) {
    for (const compile::Slot slot : fragment->slots) {
      if (slot == compile::Slot::kBindIngress) relevant.bind_ingress = values.bind_ingress;
      if (slot == compile::Slot::kBindEgress) relevant.bind_egress = values.bind_egress;
      if (slot == compile::Slot::kBindApplication) relevant.bind_application = values.bind_application;
    }
  }
  return relevant;
}

}  // namespace

xds::ConfigPtr ConfigCache::Get(const transform::Manifest& manifest, const SlotValues& values) {
  auto config = std::make_shared<xds::Config>();
  for (size_t type = 0; type < compile::kFragmentTypes; ++type) {
    if (manifest.types[type] != nullptr) config->sets[type] = SetOf(manifest.types[type], type, values);
  }
  xds::ResourceSetPtr& endpoints = config->sets[kEndpoints];
  static const auto local = std::make_shared<const xds::ResourceSet>(0, std::vector<xds::ResourcePtr>{LocalCluster()});
  if (endpoints == nullptr) endpoints = local;
  return config;
}

size_t ConfigCache::size() const {
  base::MutexLock lock(mutex_);
  return recent_.size();
}

xds::ResourceSetPtr ConfigCache::SetOf(const std::shared_ptr<const transform::TypeSet>& source, size_t type,
                                       const SlotValues& values) {
  const Key key{source.get(), values.all_default() ? SlotValues{} : Relevant(*source, values)};
  {
    base::MutexLock lock(mutex_);
    const auto found = sets_.find(key);
    if (found != sets_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return found->second->set;
    }
  }
  std::vector<xds::ResourcePtr> resources;
  resources.reserve(source->fragments.size());
  for (const compile::FragmentPtr& fragment : source->fragments) resources.push_back(ResourceOf(fragment, key.second));
  if (type == kEndpoints) {
    const auto place =
        std::ranges::lower_bound(resources, kLocalCluster, {}, [](const auto& r) { return std::string_view(r->name); });
    resources.insert(place, LocalCluster());
  }
  auto set = std::make_shared<const xds::ResourceSet>(source->txn, std::move(resources));

  base::MutexLock lock(mutex_);
  const auto [slot, inserted] = sets_.try_emplace(key);
  if (!inserted) return slot->second->set;  // another thread was faster
  recent_.push_front({key, source, set});
  slot->second = recent_.begin();
  if (++inserted_ % kSweepEvery == 0) ForgetSupersededLocked();
  if (recent_.size() > max_sets_) {
    sets_.erase(recent_.back().key);
    recent_.pop_back();
  }
  return set;
}

void ConfigCache::ForgetSupersededLocked() {
  for (auto entry = recent_.begin(); entry != recent_.end();) {
    if (entry->source.use_count() > 1) {
      ++entry;
      continue;
    }
    sets_.erase(entry->key);
    entry = recent_.erase(entry);
  }
}

xds::ResourcePtr ConfigCache::ResourceOf(const compile::FragmentPtr& fragment, const SlotValues& values) {
  const bool altered = Alters(*fragment, values);
  const std::pair<base::Hash, SlotValues> key{fragment->hash, altered ? values : SlotValues{}};
  {
    base::MutexLock lock(mutex_);
    const auto found = resources_.find(key);
    if (found != resources_.end()) {
      if (xds::ResourcePtr known = found->second.lock()) return known;
    }
  }
  auto resource = std::make_shared<xds::Resource>();
  resource->name = fragment->name;
  if (altered) {
    auto body = std::make_shared<const std::string>(Customize(*fragment, values));
    resource->hash = base::HashOf(fragment->name + '\0' + *body);
    resource->body = std::move(body);
  } else {
    resource->hash = fragment->hash;
    resource->body = std::shared_ptr<const std::string>(fragment, &fragment->bytes);
  }
  resource->clusters = fragment->clusters;
  resource->children = fragment->routes;
  resource->settles = fragment->dns;
  resource->strictness = static_cast<uint8_t>(fragment->strictness);
  if (fragment->dns) resource->when_replacing = kWaitForWarm;

  base::MutexLock lock(mutex_);
  resources_[key] = resource;
  if (resources_.size() > sweep_at_) {
    std::erase_if(resources_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<size_t>(4096, resources_.size() * 2);
  }
  return resource;
}

}  // namespace chancery::ems
