// Properties of Compile over random meshes, dangling and contradictory ones included.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>

#include "compile/compile.h"
#include "compile/testing/invariants.h"
#include "compile/testing/random_mesh.h"

namespace chancery::compile {
namespace {

using testing::AllProxies;
using testing::Below;
using testing::Contents;
using testing::OneIn;
using testing::RandomResource;
using testing::RandomResources;
using testing::ToSnapshot;

bool IsRead(const ProxyConfig& config, const model::ResourceKey& key) {
  return config.reads.contains({key.kind, key.parent, key.name}) || config.reads.contains({key.kind, key.parent, ""});
}

// RC_PARAMS of the caller's own wins, such as "max_success=100000 seed=1".
bool Holds(const std::function<void()>& property) {
  setenv("RC_PARAMS", "max_success=500", 0);
  return rc::check(property);
}

TEST(CompilePropertyTest, EveryMeshGivesConfigurationsThatEnvoyTakes) {
  EXPECT_TRUE(Holds([] {
    const model::Snapshot snapshot = ToSnapshot(RandomResources());
    for (const ProxyKey& key : AllProxies()) {
      for (const Profile profile : kAllProfiles) {
        const auto broken =
            testing::BrokenInvariants(Compile(snapshot, ProxyKey{key.mesh, key.kind, key.name, profile}));
        if (!broken.empty()) RC_FAIL(key.name + ": " + broken.front());
      }
    }
  }));
}

TEST(CompilePropertyTest, TheOrderOfTheInputDoesNotShow) {
  EXPECT_TRUE(Holds([] {
    std::vector<model::ResourcePtr> resources = RandomResources();
    const model::Snapshot snapshot = ToSnapshot(resources);
    std::shuffle(resources.begin(), resources.end(), std::mt19937(static_cast<unsigned>(Below(1000))));
    const model::Snapshot shuffled = ToSnapshot(resources);
    for (const ProxyKey& key : AllProxies()) {
      RC_ASSERT(Contents(Compile(snapshot, key)) == Contents(Compile(shuffled, key)));
    }
  }));
}

TEST(CompilePropertyTest, WhatWasNotReadDoesNotMatter) {
  int untouched = 0;
  EXPECT_TRUE(Holds([&untouched] {
    model::Snapshot snapshot = ToSnapshot(RandomResources());
    std::vector<ProxyConfig> before;
    for (const ProxyKey& key : AllProxies()) before.push_back(Compile(snapshot, key));
    const auto changed = RandomResource();
    if (OneIn(2)) {
      snapshot.Put(changed);
    } else {
      snapshot.Erase(changed->key);
    }
    const std::vector<ProxyKey> keys = AllProxies();
    for (size_t i = 0; i < keys.size(); ++i) {
      if (IsRead(before[i], changed->key)) continue;
      ++untouched;
      const ProxyConfig after = Compile(snapshot, keys[i]);
      RC_ASSERT(Contents(after) == Contents(before[i]));
      RC_ASSERT(after.reads == before[i].reads);
    }
  }));
  EXPECT_GT(untouched, 0) << "the property never said anything";
}

}  // namespace
}  // namespace chancery::compile
