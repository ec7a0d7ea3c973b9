#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/hash.h"
#include "base/mutex.h"
#include "ems/customize.h"
#include "transform/feed.h"
#include "xds/resource.h"

namespace chancery::ems {

// Manifests as the protocol core takes them. A resource is made once for each fragment and
// combination of slot values, a set once for each type set and combination, and both are shared by
// every stream that is given the same. The metadata that chooses combinations comes from outside, so
// what is kept is bounded; what streams hold lives on with them. Thread-safe.
class ConfigCache {
 public:
  explicit ConfigCache(size_t max_sets) : max_sets_(max_sets) {}

  xds::ConfigPtr Get(const transform::Manifest& manifest, const SlotValues& values) EXCLUDES(mutex_);

  size_t size() const EXCLUDES(mutex_);

 private:
  using Key = std::pair<const transform::TypeSet*, SlotValues>;
  struct Entry {
    Key key;
    // Keeps the address in the key from being used again.
    std::shared_ptr<const transform::TypeSet> source;
    xds::ResourceSetPtr set;
  };

  xds::ResourceSetPtr SetOf(const std::shared_ptr<const transform::TypeSet>& source, size_t type,
                            const SlotValues& values);
  xds::ResourcePtr ResourceOf(const compile::FragmentPtr& fragment, const SlotValues& values) EXCLUDES(mutex_);

  // Drops the sets that no manifest has any more: they will not be asked for again.
  void ForgetSupersededLocked() REQUIRES(mutex_);

  const size_t max_sets_;
  mutable base::Mutex mutex_;
  std::list<Entry> recent_ GUARDED_BY(mutex_);
  std::map<Key, std::list<Entry>::iterator> sets_ GUARDED_BY(mutex_);
  size_t inserted_ GUARDED_BY(mutex_) = 0;
  // By fragment and values; dead ones are swept when there are many.
  std::map<std::pair<base::Hash, SlotValues>, std::weak_ptr<const xds::Resource>> resources_ GUARDED_BY(mutex_);
  size_t sweep_at_ GUARDED_BY(mutex_) = 4096;
};

}  // namespace chancery::ems
