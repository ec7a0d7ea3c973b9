// Compiling what a change touches gives what compiling everything gives, over random sequences of
// operations (architecture.md §6). RC_PARAMS of the caller's own wins, such as "max_success=100000 seed=1".

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <map>
#include <set>
#include <vector>

#include "compile/compile.h"
#include "compile/testing/random_mesh.h"
#include "compile/testing/world.h"
#include "transform/mesh_compiler.h"

namespace chancery::transform {
namespace {

using compile::ProxyKey;
using compile::testing::Below;
using compile::testing::kMesh;
using compile::testing::OneIn;

model::ResourcePtr At(const model::ResourcePtr& resource, store::Txn txn) {
  auto copy = std::make_shared<model::Resource>(*resource);
  copy->txn = txn;
  return copy;
}

// What a manifest says, as a compilation would.
void ExpectSame(const Manifest& manifest, const compile::ProxyConfig& scratch) {
  std::vector<compile::FragmentPtr> fragments;
  for (const auto& type : manifest.types)
    fragments.insert(fragments.end(), type->fragments.begin(), type->fragments.end());
  RC_ASSERT(fragments.size() == scratch.fragments.size());
  for (size_t i = 0; i < fragments.size(); ++i) {
    RC_ASSERT(fragments[i]->name == scratch.fragments[i]->name);
    RC_ASSERT(fragments[i]->bytes == scratch.fragments[i]->bytes);
    RC_ASSERT(fragments[i]->clusters == scratch.fragments[i]->clusters);
  }
  RC_ASSERT(manifest.warnings == scratch.warnings);
}

// A follower of the published updates: all that an EMS ever sees.
struct Follower {
  std::map<ProxyKey, ManifestPtr> manifests;

  void Take(const FeedUpdate& update) {
    for (const ManifestPtr& manifest : update.changed) {
      const auto known = manifests.find(manifest->key);
      // An update that changes neither bytes nor warnings is none.
      if (known != manifests.end()) {
        RC_ASSERT(known->second->types != manifest->types || known->second->warnings != manifest->warnings);
      }
      manifests[manifest->key] = manifest;
    }
    for (const ProxyKey& key : update.removed) RC_ASSERT(manifests.erase(key) == 1U);
  }
};

// What else comes into demand and goes out of it; `demanded` is kept up to date.
DemandChanges RandomDemand(std::set<ProxyKey>& demanded) {
  DemandChanges changes;
  for (ProxyKey key : compile::testing::AllProxies()) {
    key.profile = compile::Profile::kOld;
    if (!OneIn(4)) continue;
    if (demanded.insert(key).second) {
      changes.began.push_back(key);
    } else {
      demanded.erase(key);
      changes.ended.push_back(key);
    }
  }
  return changes;
}

TEST(IncrementalProperty, EqualsFromScratch) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  setenv("RC_PARAMS", "max_success=500", 0);
#else
  setenv("RC_PARAMS", "max_success=10000", 0);
#endif
  EXPECT_TRUE(rc::check([] {
    MeshCompiler compiler(kMesh);
    Follower follower;
    store::Txn txn = 0;
    for (const auto& resource : compile::testing::RandomResources()) compiler.Load(At(resource, ++txn));
    follower.Take(compiler.CompileAll(txn));
    std::set<ProxyKey> demanded;
    for (int step = 1 + Below(12); step > 0; --step) {
      std::vector<MeshTransaction> transactions;
      for (int i = Below(3); i >= 0; --i) {
        MeshTransaction& transaction = transactions.emplace_back(MeshTransaction{++txn, {}});
        for (int j = OneIn(4) ? Below(3) : 0; j >= 0; --j) {
          const auto resource = compile::testing::RandomResource();
          transaction.changes.push_back({resource->key, OneIn(3) ? nullptr : At(resource, txn)});
        }
      }
      if (OneIn(5)) transactions.clear();
      follower.Take(compiler.Apply(transactions, RandomDemand(demanded)));
    }
    std::vector<ProxyKey> keys = compile::testing::AllProxies();
    keys.insert(keys.end(), demanded.begin(), demanded.end());
    for (const auto& [key, manifest] : follower.manifests) {
      RC_ASSERT(key.profile == compile::Profile::kStock || demanded.contains(key));
    }
    for (const ProxyKey& key : keys) {
      const auto published = follower.manifests.find(key);
      const bool exists = compiler.snapshot().Find(key.kind, "", key.name) != nullptr;
      RC_ASSERT(exists == (published != follower.manifests.end()));
      if (exists) ExpectSame(*published->second, compile::Compile(compiler.snapshot(), key));
    }
  }));
}

}  // namespace
}  // namespace chancery::transform
