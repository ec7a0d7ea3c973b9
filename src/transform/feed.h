#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/mutex.h"
#include "compile/compile.h"
#include "store/store.h"

namespace chancery::transform {

// The fragments of one type of one proxy, sorted by name. Immutable; manifests share it while it
// does not change.
struct TypeSet {
  std::vector<compile::FragmentPtr> fragments;
  // The transaction of its last byte change.
  store::Txn txn = 0;
  // Of the list of (name, fragment hash).
  base::Hash hash;
};

// All that one proxy is to have. Immutable.
struct Manifest {
  compile::ProxyKey key;
  std::array<std::shared_ptr<const TypeSet>, compile::kFragmentTypes> types;
  std::vector<compile::Warning> warnings;
  uint32_t compiler_build = compile::kCompilerBuild;
};
using ManifestPtr = std::shared_ptr<const Manifest>;

// One step of one mesh: the manifests whose bytes changed, those that ended with their resource, and
// how far the mesh is compiled. A step that changes nobody only moves the watermark.
struct FeedUpdate {
  model::MeshId mesh;
  store::Txn compiled_through = 0;
  std::vector<ManifestPtr> changed;
  std::vector<compile::ProxyKey> removed;
  // The transactions behind this step, each with the proxies whose bytes changed since the step
  // before; a step of several coalesced transactions attributes a proxy to each that touched it.
  struct Touched {
    store::Txn txn = 0;
    // With the types whose bytes changed, by FragmentType.
    std::map<compile::ProxyKey, std::bitset<compile::kFragmentTypes>> proxies;
  };
  std::vector<Touched> touched;
  // What the compiler says of a proxy and did not say of it before, once however many proxies it concerns.
  std::set<compile::Warning> new_warnings = {};
};

// What has come into demand, and gone out of it.
struct DemandChanges {
  std::vector<compile::ProxyKey> began;
  std::vector<compile::ProxyKey> ended;
};

// Holds a key in demand while it lives; see MemoryFeed::Want. Copies are the same demand.
using Demand = std::shared_ptr<const void>;

// Between transformer and EMS, apart from the store: derived data that can be rebuilt at any time.
// Thread-safe.
class Feed {
 public:
  virtual ~Feed() = default;

  // In txn order per mesh. Returns when every subscriber was called.
  virtual void Publish(FeedUpdate update) = 0;
  // Everything that was in the store when the process started is published: from here on an absent
  // manifest of the stock profile means an absent resource.
  virtual void MarkComplete() = 0;

  // A manifest of the stock profile exists for every resource that may have a proxy; one of another profile only
  // for a key that is in demand. Which keys of `mesh` came into demand and which went out of it since the last call;
  // `from_scratch` gives all that are. A key may be in demand before its resource exists.
  virtual DemandChanges TakeDemand(const model::MeshId& mesh, bool from_scratch) = 0;
  // `notify` is called when a key of the mesh comes into demand, on the thread of who demands; null ends that. Not
  // while somebody may demand.
  virtual void OnDemand(std::function<void(const model::MeshId& mesh)> notify) = 0;
};

// The feed of `--role all`: one process, in memory. Keeps the newest manifests for readers.
class MemoryFeed : public Feed {
 public:
  // Called for each update, in order, on the publishing thread after the manifests below were
  // replaced; must return quickly. An update with an empty mesh name says that the feed is complete.
  using Subscriber = std::function<void(const FeedUpdate&)>;

  // Subscribe before the first Publish; a subscriber outlives the feed's last call.
  void Subscribe(Subscriber subscriber) EXCLUDES(mutex_);

  void Publish(FeedUpdate update) override EXCLUDES(mutex_);
  void MarkComplete() override EXCLUDES(mutex_);
  DemandChanges TakeDemand(const model::MeshId& mesh, bool from_scratch) override EXCLUDES(mutex_);
  void OnDemand(std::function<void(const model::MeshId& mesh)> notify) override EXCLUDES(mutex_);

  // Demands the manifest of `key`, whose profile is another than stock, while what is returned lives: it is published
  // soon after, or with its resource, and kept up to date. Never blocks on a compilation. The feed outlives it.
  Demand Want(const compile::ProxyKey& key) EXCLUDES(mutex_);

  // Null when there is none.
  ManifestPtr Find(const compile::ProxyKey& key) const EXCLUDES(mutex_);
  // Whether the resource of `key` exists, in the state that is published. REQUIRES: complete().
  bool Exists(const compile::ProxyKey& key) const EXCLUDES(mutex_);
  bool complete() const EXCLUDES(mutex_);
  // 0 for a mesh of which nothing was published.
  store::Txn CompiledThrough(const model::MeshId& mesh) const EXCLUDES(mutex_);
  // Every mesh published so far, with its watermark.
  std::map<model::MeshId, store::Txn> Watermarks() const EXCLUDES(mutex_);

 private:
  void Forget(const compile::ProxyKey& key) EXCLUDES(mutex_);
  void NoteDemandLocked(const compile::ProxyKey& key, bool began) REQUIRES(mutex_);

  mutable base::Mutex mutex_;
  std::vector<Subscriber> subscribers_ GUARDED_BY(mutex_);
  std::map<compile::ProxyKey, ManifestPtr> manifests_ GUARDED_BY(mutex_);
  std::map<model::MeshId, store::Txn> watermarks_ GUARDED_BY(mutex_);
  // Sorted by mesh first. One that expires removes itself.
  std::map<compile::ProxyKey, std::weak_ptr<const void>> demands_ GUARDED_BY(mutex_);
  // Not taken yet: true for what began. What began and ended in between is not here.
  std::map<compile::ProxyKey, bool> demand_changes_ GUARDED_BY(mutex_);
  std::function<void(const model::MeshId&)> notify_ GUARDED_BY(mutex_);
  bool complete_ GUARDED_BY(mutex_) = false;
};

}  // namespace chancery::transform
