#include "model/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace chancery::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const MeshId kMesh{"111122223333", "m"};

ResourcePtr Make(Kind kind, std::string parent, std::string name, std::string uid = "") {
  Resource resource{{kMesh, kind, std::move(parent), std::move(name)}, {}};
  resource.record.set_uid(uid);
  return std::make_shared<const Resource>(std::move(resource));
}

std::vector<std::string> Names(const std::vector<const Resource*>& resources) {
  std::vector<std::string> names;
  for (const Resource* resource : resources) names.push_back(resource->key.parent + "/" + resource->key.name);
  return names;
}

Snapshot Example() {
  Snapshot snapshot(kMesh);
  snapshot.Put(Make(Kind::kRoute, "r2", "a"));
  snapshot.Put(Make(Kind::kRoute, "r1", "c"));
  snapshot.Put(Make(Kind::kRoute, "r1", "b"));
  snapshot.Put(Make(Kind::kRoute, "r10", "d"));
  snapshot.Put(Make(Kind::kVirtualNode, "", "n"));
  snapshot.Put(Make(Kind::kMesh, "", "m"));
  return snapshot;
}

TEST(Snapshot, FindsByKindParentAndName) {
  const Snapshot snapshot = Example();
  ASSERT_NE(snapshot.Find(Kind::kRoute, "r1", "b"), nullptr);
  EXPECT_EQ(snapshot.Find(Kind::kRoute, "r1", "b")->key.name, "b");
  EXPECT_NE(snapshot.Find(Kind::kMesh, "", "m"), nullptr);
  EXPECT_EQ(snapshot.Find(Kind::kRoute, "r2", "b"), nullptr);
  EXPECT_EQ(snapshot.Find(Kind::kRoute, "", "b"), nullptr);
  EXPECT_EQ(snapshot.Find(Kind::kVirtualRouter, "", "n"), nullptr);
}

TEST(Snapshot, ListsInOrder) {
  const Snapshot snapshot = Example();
  EXPECT_THAT(Names(snapshot.All(Kind::kRoute)), ElementsAre("r1/b", "r1/c", "r10/d", "r2/a"));
  EXPECT_THAT(Names(snapshot.Children(Kind::kRoute, "r1")), ElementsAre("r1/b", "r1/c"));
  EXPECT_THAT(snapshot.Children(Kind::kRoute, "r"), IsEmpty());
  EXPECT_THAT(snapshot.Children(Kind::kGatewayRoute, "r1"), IsEmpty());
  EXPECT_THAT(snapshot.All(Kind::kGatewayRoute), IsEmpty());
}

TEST(Snapshot, PutReplacesAndEraseRemoves) {
  Snapshot snapshot(kMesh);
  EXPECT_TRUE(snapshot.empty());
  snapshot.Put(Make(Kind::kVirtualNode, "", "n", "first"));
  snapshot.Put(Make(Kind::kVirtualNode, "", "n", "second"));
  EXPECT_EQ(snapshot.Find(Kind::kVirtualNode, "", "n")->record.uid(), "second");
  snapshot.Erase({kMesh, Kind::kVirtualService, "", "n"});
  EXPECT_FALSE(snapshot.empty());
  snapshot.Erase({kMesh, Kind::kVirtualNode, "", "n"});
  EXPECT_TRUE(snapshot.empty());
}

TEST(Snapshot, ACopyStaysAsItWas) {
  Snapshot snapshot = Example();
  const Snapshot copy = snapshot;
  snapshot.Erase({kMesh, Kind::kVirtualNode, "", "n"});
  EXPECT_EQ(snapshot.Find(Kind::kVirtualNode, "", "n"), nullptr);
  EXPECT_NE(copy.Find(Kind::kVirtualNode, "", "n"), nullptr);
}

TEST(SnapshotDeathTest, HoldsOneMeshOnly) {
  Snapshot snapshot(MeshId{"444455556666", "m"});
  EXPECT_DEATH(snapshot.Put(Make(Kind::kVirtualNode, "", "n")), "CHECK failed");
}

}  // namespace
}  // namespace chancery::model
