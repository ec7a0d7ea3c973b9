#include "xds/response_cache.h"

#include "xds/wire.h"

namespace chancery::xds {

std::shared_ptr<const std::string> ResponseCache::Get(Type type, const ResourceSet& set,
                                                      const std::vector<std::string>& replacing) {
  std::string key(DescriptorOf(type).label);
  key += set.version();
  for (const std::string& name : replacing) key += '\0' + name;
  {
    const base::MutexLock lock(mutex_);
    const auto found = slots_.find(key);
    if (found != slots_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return found->second->body;
    }
  }
  // Two that miss at once both serialize; the one that is kept first serves the rest.
  auto body = std::make_shared<const std::string>(EncodeResponse(type, set, replacing));
  const base::MutexLock lock(mutex_);
  const auto found = slots_.find(key);
  if (found != slots_.end()) return found->second->body;
  if (body->size() > max_bytes_) return body;
  recent_.push_front({key, body});
  slots_.emplace(std::move(key), recent_.begin());
  bytes_ += body->size();
  EvictLocked();
  return body;
}

size_t ResponseCache::bytes() const {
  const base::MutexLock lock(mutex_);
  return bytes_;
}

void ResponseCache::EvictLocked() {
  while (bytes_ > max_bytes_) {
    bytes_ -= recent_.back().body->size();
    slots_.erase(recent_.back().key);
    recent_.pop_back();
  }
}

}  // namespace chancery::xds
