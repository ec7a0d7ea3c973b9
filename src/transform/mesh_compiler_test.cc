#include "transform/mesh_compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chancery::transform {
namespace {

using compile::FragmentType;
using compile::ProxyConfig;
using compile::ProxyKey;
using compile::ReadKey;
using model::Kind;
using model::MeshId;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

using Types = std::bitset<compile::kFragmentTypes>;

const MeshId kMesh{"000000000000", "m"};

ProxyKey Proxy(std::string name) { return {kMesh, Kind::kVirtualNode, std::move(name), compile::Profile::kStock}; }
model::ResourceKey Node(std::string name) { return {kMesh, Kind::kVirtualNode, "", std::move(name)}; }
model::ResourceKey Service(std::string name) { return {kMesh, Kind::kVirtualService, "", std::move(name)}; }

model::ResourcePtr At(model::ResourceKey key, store::Txn txn, std::string uid = "u") {
  auto resource = std::make_shared<model::Resource>();
  resource->key = std::move(key);
  resource->record.set_uid(std::move(uid));
  resource->txn = txn;
  return resource;
}

// A compiler with a meaning that fits in a line: each node has one cluster that spells the uid of the
// service named like the node, and one constant listener.
// For an old Envoy the listener is another one. A service "s" is not there for anybody.
ProxyConfig ToyCompile(const model::Snapshot& snapshot, const ProxyKey& key) {
  ProxyConfig config;
  config.reads = {ReadKey{Kind::kVirtualNode, "", key.name}, ReadKey{Kind::kVirtualService, "", key.name},
                  ReadKey{Kind::kVirtualService, "", "s"}};
  if (snapshot.Find(Kind::kVirtualService, "", "s") == nullptr) {
    config.warnings = {{Kind::kVirtualService, "", "s", "is missing"}};
  }
  if (const auto* service = snapshot.Find(Kind::kVirtualService, "", key.name)) {
    config.fragments.push_back(compile::MakeFragment(FragmentType::kCluster, "c", service->record.uid()));
  }
  const bool old = key.profile == compile::Profile::kOld;
  config.fragments.push_back(compile::MakeFragment(FragmentType::kListener, "l", old ? "old" : "listener"));
  return config;
}

class MeshCompilerTest : public testing::Test {
 protected:
  FeedUpdate Apply(store::Txn txn, model::ResourceKey key, model::ResourcePtr resource) {
    const MeshTransaction transaction{txn, {{std::move(key), std::move(resource)}}};
    return compiler_.Apply(std::span(&transaction, 1));
  }
  MeshCompiler compiler_{kMesh, ToyCompile};
};

TEST_F(MeshCompilerTest, AWarningIsNewOnceForAllProxiesAndAgainWhenItComesBack) {
  const compile::Warning missing{Kind::kVirtualService, "", "s", "is missing"};
  compiler_.Load(At(Node("a"), 1));
  compiler_.Load(At(Node("b"), 1));
  EXPECT_THAT(compiler_.CompileAll(1).new_warnings, ElementsAre(missing));
  EXPECT_THAT(Apply(2, Node("a"), At(Node("a"), 2)).new_warnings, IsEmpty());
  EXPECT_THAT(Apply(3, Service("s"), At(Service("s"), 3)).new_warnings, IsEmpty());
  EXPECT_THAT(Apply(4, Service("s"), nullptr).new_warnings, ElementsAre(missing));
}

TEST_F(MeshCompilerTest, ANewNodeGetsAManifest) {
  const FeedUpdate update = Apply(3, Node("a"), At(Node("a"), 3));
  ASSERT_THAT(update.changed, SizeIs(1));
  EXPECT_EQ(update.compiled_through, 3U);
  EXPECT_EQ(update.changed[0]->types[2]->txn, 3U);
  ASSERT_THAT(update.touched, SizeIs(1));
  EXPECT_THAT(update.touched[0].proxies, ElementsAre(Pair(Proxy("a"), Types().set())));
}

TEST_F(MeshCompilerTest, WhatWasAbsentIsADependencyToo) {
  Apply(1, Node("a"), At(Node("a"), 1));
  Apply(2, Node("b"), At(Node("b"), 2));
  const FeedUpdate update = Apply(3, Service("a"), At(Service("a"), 3));
  ASSERT_THAT(update.changed, SizeIs(1));
  EXPECT_EQ(update.changed[0]->key, Proxy("a"));
  EXPECT_EQ(update.changed[0]->types[0]->txn, 3U) << "the clusters changed";
  EXPECT_EQ(update.changed[0]->types[2]->txn, 1U) << "the listeners did not";
  ASSERT_THAT(update.touched, SizeIs(1));
  EXPECT_THAT(update.touched[0].proxies, ElementsAre(Pair(Proxy("a"), Types("00001")))) << "clusters alone";
}

TEST_F(MeshCompilerTest, AChangeThatAltersNobodysBytesWritesNoManifest) {
  Apply(1, Node("a"), At(Node("a"), 1));
  Apply(2, Service("a"), At(Service("a"), 2, "same"));
  const FeedUpdate update = Apply(3, Service("a"), At(Service("a"), 3, "same"));
  EXPECT_THAT(update.changed, IsEmpty());
  EXPECT_THAT(update.touched, IsEmpty());
  EXPECT_EQ(update.compiled_through, 3U);
}

TEST_F(MeshCompilerTest, ADeletedNodeIsRemoved) {
  Apply(1, Node("a"), At(Node("a"), 1));
  const FeedUpdate update = Apply(2, Node("a"), nullptr);
  EXPECT_THAT(update.removed, ElementsAre(Proxy("a")));
  EXPECT_EQ(compiler_.Find(Proxy("a")), nullptr);
  EXPECT_TRUE(compiler_.empty());
}

TEST_F(MeshCompilerTest, CoalescedTransactionsAreEachAttributed) {
  const std::vector<MeshTransaction> transactions = {{1, {{Node("a"), At(Node("a"), 1)}}},
                                                     {2, {{Node("b"), At(Node("b"), 2)}}},
                                                     {3, {{Service("a"), At(Service("a"), 3)}}}};
  const FeedUpdate update = compiler_.Apply(transactions);
  ASSERT_THAT(update.touched, SizeIs(3));
  EXPECT_THAT(update.touched[0].proxies, ElementsAre(Pair(Proxy("a"), testing::_)));
  EXPECT_THAT(update.touched[1].proxies, ElementsAre(Pair(Proxy("b"), testing::_)));
  EXPECT_THAT(update.touched[2].proxies, ElementsAre(Pair(Proxy("a"), testing::_)));
}

TEST_F(MeshCompilerTest, SkipsWhatWasLoadedAlready) {
  compiler_.Load(At(Node("a"), 5));
  compiler_.Load(At(Service("a"), 7, "new"));
  const FeedUpdate all = compiler_.CompileAll(7);
  ASSERT_THAT(all.changed, SizeIs(1));
  EXPECT_EQ(all.changed[0]->types[0]->txn, 7U) << "the newest that it reads";
  const FeedUpdate update = Apply(6, Service("a"), At(Service("a"), 6, "old"));
  EXPECT_THAT(update.changed, IsEmpty());
}

TEST_F(MeshCompilerTest, EqualFragmentsAreOneObject) {
  Apply(1, Node("a"), At(Node("a"), 1));
  Apply(2, Node("b"), At(Node("b"), 2));
  EXPECT_EQ(compiler_.Find(Proxy("a"))->types[2]->fragments[0], compiler_.Find(Proxy("b"))->types[2]->fragments[0]);
}

ProxyKey OldProxy(std::string name) { return {kMesh, Kind::kVirtualNode, std::move(name), compile::Profile::kOld}; }

TEST_F(MeshCompilerTest, AProfileIsCompiledWhenItComesIntoDemandAndEndsWithIt) {
  Apply(1, Node("n"), At(Node("n"), 1));
  Apply(2, Service("n"), At(Service("n"), 2, "two"));
  EXPECT_EQ(compiler_.Find(OldProxy("n")), nullptr);

  const FeedUpdate begun = compiler_.Apply({}, {{OldProxy("n")}, {}});
  ASSERT_THAT(begun.changed, SizeIs(1));
  EXPECT_EQ(begun.changed[0]->key, OldProxy("n"));
  EXPECT_EQ(begun.compiled_through, 2U);
  EXPECT_THAT(begun.touched, IsEmpty()) << "no transaction is behind it";
  EXPECT_THAT(compiler_.Apply({}, {{OldProxy("n")}, {}}).changed, IsEmpty());

  const FeedUpdate ended = compiler_.Apply({}, {{}, {OldProxy("n")}});
  EXPECT_THAT(ended.removed, ElementsAre(OldProxy("n")));
  EXPECT_THAT(Apply(3, Service("n"), At(Service("n"), 3, "three")).changed, SizeIs(1)) << "it costs nothing any more";
}

TEST_F(MeshCompilerTest, AProfileInDemandFollowsEveryChange) {
  compiler_.Apply({}, {{OldProxy("n")}, {}});
  const FeedUpdate made = Apply(1, Node("n"), At(Node("n"), 1));
  ASSERT_THAT(made.changed, SizeIs(2)) << "demanded before it was made";
  EXPECT_THAT(made.touched.at(0).proxies, SizeIs(2));
  const FeedUpdate changed = Apply(2, Service("n"), At(Service("n"), 2, "two"));
  EXPECT_THAT(changed.changed, SizeIs(2));
  const FeedUpdate gone = Apply(3, Node("n"), nullptr);
  EXPECT_THAT(gone.removed, ElementsAre(Proxy("n"), OldProxy("n")));
}

TEST_F(MeshCompilerTest, WhatIsTheSameInTwoProfilesIsOneObject) {
  Apply(1, Node("n"), At(Node("n"), 1));
  Apply(2, Service("n"), At(Service("n"), 2, "two"));
  compiler_.Apply({}, {{OldProxy("n")}, {}});
  const ManifestPtr stock = compiler_.Find(Proxy("n"));
  const ManifestPtr old = compiler_.Find(OldProxy("n"));
  EXPECT_EQ(stock->types[0], old->types[0]);
  EXPECT_NE(stock->types[2], old->types[2]);
  Apply(3, Service("n"), At(Service("n"), 3, "three"));
  EXPECT_EQ(compiler_.Find(Proxy("n"))->types[0], compiler_.Find(OldProxy("n"))->types[0]);
}

}  // namespace
}  // namespace chancery::transform
