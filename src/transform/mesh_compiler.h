#pragma once

#include <bitset>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "compile/compile.h"
#include "model/snapshot.h"
#include "store/store.h"
#include "transform/dependency_index.h"
#include "transform/feed.h"

namespace chancery::transform {

// What happened to one resource: its new state, or none when it went.
struct ResourceChange {
  model::ResourceKey key;
  model::ResourcePtr resource;
};

// The changes of one transaction in one mesh.
struct MeshTransaction {
  store::Txn txn = 0;
  std::vector<ResourceChange> changes;
};

// One mesh kept compiled: takes transactions, gives what changed for whom. The result is the same as
// compiling everything from scratch, at the cost of what the changes touch. Every proxy has a manifest of the
// stock profile; those of other profiles exist while they are in demand. Confined.
class MeshCompiler {
 public:
  using CompileFunction = std::function<compile::ProxyConfig(const model::Snapshot&, const compile::ProxyKey&)>;

  explicit MeshCompiler(model::MeshId mesh, CompileFunction compile = compile::Compile);

  // Loads one resource before the first Apply.
  void Load(model::ResourcePtr resource) { snapshot_.Put(std::move(resource)); }
  // Compiles everything that was loaded. `through` is the transaction up to which it was read.
  FeedUpdate CompileAll(store::Txn through);

  // Takes transactions in txn order, all at once, or none. A change that is older than what was loaded is
  // already in it and skipped. Keys of other profiles than stock that came into demand have a manifest from here
  // on whenever their resource exists; those whose demand ended have none.
  FeedUpdate Apply(std::span<const MeshTransaction> transactions, const DemandChanges& demand = {});

  const model::Snapshot& snapshot() const { return snapshot_; }
  // Null when there is none.
  ManifestPtr Find(const compile::ProxyKey& key) const;
  bool empty() const { return snapshot_.empty(); }

 private:
  // One transaction of a step: what it changed, and who had read that.
  struct Affected {
    store::Txn txn = 0;
    std::vector<compile::ReadKey> changed;
    std::set<compile::ProxyKey> proxies;
  };

  void TakeChange(const ResourceChange& change, Affected& step);
  using Types = std::bitset<compile::kFragmentTypes>;

  // Ends the manifests of other profiles that nobody demands any more.
  void Release(std::span<const compile::ProxyKey> ended, FeedUpdate& update);
  // Compiles `proxies`, or ends those whose resource has gone. Which types of which changed.
  std::map<compile::ProxyKey, Types> CompileAffected(const std::set<compile::ProxyKey>& proxies,
                                                     std::span<const Affected> steps, FeedUpdate& update);
  // Compiles what came into demand and has no manifest yet.
  void CompileDemanded(std::span<const compile::ProxyKey> began, std::map<compile::ProxyKey, Types>& changed,
                       FeedUpdate& update);
  // Says for each of `steps` which of the `changed` proxies it touched.
  void Attribute(std::vector<Affected> steps, const std::map<compile::ProxyKey, Types>& changed, FeedUpdate& update);

  // Compiles `key` into its manifest; which types' bytes changed. `steps` is empty for a first load.
  Types CompileOne(const compile::ProxyKey& key, std::span<const Affected> steps, FeedUpdate& update);
  // The newest of `steps` that touched what `key` reads or read.
  static store::Txn NewestStep(std::span<const Affected> steps, const compile::ProxyKey& key,
                               const std::set<compile::ReadKey>& reads);
  // The set before, or the stock profile's, if it has the same content: `before` and `stock` may be null.
  static std::shared_ptr<const TypeSet> MakeSet(std::span<const compile::FragmentPtr> fragments, store::Txn txn,
                                                const std::shared_ptr<const TypeSet>& before,
                                                const std::shared_ptr<const TypeSet>& stock);
  compile::FragmentPtr Shared(const compile::FragmentPtr& fragment);
  // After a load: the history says when bytes changed last; without folding it, the newest thing that
  // a proxy reads is the nearest answer.
  store::Txn NewestRead(const std::set<compile::ReadKey>& reads) const;
  void ForgetUnused();

  CompileFunction compile_;
  model::Snapshot snapshot_;
  DependencyIndex index_;
  std::map<compile::ProxyKey, ManifestPtr> manifests_;
  // The newest transaction taken.
  store::Txn through_ = 0;
  std::set<compile::ProxyKey> demanded_;
  // One copy of each fragment for all proxies of the mesh.
  std::unordered_map<base::Hash, std::weak_ptr<const compile::Fragment>, base::HashHasher> fragments_;
  size_t forget_at_ = 1024;
};

}  // namespace chancery::transform
