#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "xds/resource.h"

namespace chancery::xds {

// Serialized DiscoveryResponses without their nonce, built once per (type, version, what replaces) and shared by
// every stream that is sent the same. Bounded in bytes, least recently used out first; what streams
// still hold lives on with them. Thread-safe.
class ResponseCache {
 public:
  explicit ResponseCache(size_t max_bytes) : max_bytes_(max_bytes) {}

  // The message for `set`: version_info, resources, type_url. The nonce field may be appended.
  // `replacing`: as EncodeResponse takes it.
  std::shared_ptr<const std::string> Get(Type type, const ResourceSet& set,
                                         const std::vector<std::string>& replacing = {}) EXCLUDES(mutex_);

  size_t bytes() const EXCLUDES(mutex_);

 private:
  struct Slot {
    std::string key;
    std::shared_ptr<const std::string> body;
  };
  void EvictLocked() REQUIRES(mutex_);

  const size_t max_bytes_;
  mutable base::Mutex mutex_;
  std::list<Slot> recent_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::list<Slot>::iterator> slots_ GUARDED_BY(mutex_);  // by its key
  size_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace chancery::xds
