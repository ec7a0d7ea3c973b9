#include <gtest/gtest.h>

#include "xds/session.h"
#include "xds/sotw_fixture.h"

// A cluster that takes the place of another in a client that serves is sent so that the one before serves until it can
// (docs/adr/0009); here that form ends with "!".
namespace chancery::xds {
namespace {

ResourcePtr Dns(const std::string& name, const std::string& revision = "1") {
  return MakeResource(name, name + "=" + revision, {.settles = true, .when_replacing = "!"});
}

ConfigPtr Serving(uint64_t txn, std::vector<ResourcePtr> clusters) {
  return MakeConfig(txn, {{kCds, std::move(clusters)}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"})}}});
}

class Replacing : public Sotw {
 protected:
  // A client that serves with the clusters a and b.
  void Start() {
    stream_.Ask(kCds);
    stream_.session().SetTarget(Serving(1, {Dns("a"), Dns("b")}));
    EXPECT_EQ(Content(stream_.Take(kCds)), "a=1 b=1") << "a start waits for nobody";
    stream_.Ask(kLds);
    stream_.Take(kLds);
    stream_.Ask(kRds, {"r"});
    stream_.Take(kRds, {"r"});
  }
  std::string Change(uint64_t txn, std::vector<ResourcePtr> clusters) {
    stream_.session().SetTarget(Serving(txn, std::move(clusters)));
    return Content(stream_.Take(kCds));
  }
};

TEST_F(Replacing, AChangedClusterWaitsUntilItCanServe) {
  Start();
  EXPECT_EQ(Change(2, {Dns("a", "2"), Dns("b")}), "a=2! b=1");
  EXPECT_TRUE(stream_.observer().all_settled());
}

TEST_F(Replacing, WhatWasSentStaysAsItWas) {
  Start();
  Change(2, {Dns("a", "2"), Dns("b")});
  EXPECT_EQ(Change(3, {Dns("a", "2"), Dns("b"), Dns("c")}), "a=2! b=1 c=1") << "a new one replaces nothing";
  EXPECT_EQ(Change(4, {Dns("b", "2"), Dns("c")}), "a=2! b=2! c=1") << "a is still named";
}

TEST_F(Replacing, AProxyThatOnlyStartsHasNothingToKeep) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Dns("a")}}}));
  stream_.Take(kCds);
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Dns("a", "2")}}}));
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=2");
}

TEST_F(Replacing, OneThatGoesBackBeforeItsAckWaitsToo) {
  Start();
  stream_.session().SetTarget(Serving(2, {Dns("a", "2"), Dns("b")}));
  stream_.Expect(kCds);
  stream_.transport().Advance(std::chrono::seconds(1));
  EXPECT_EQ(Change(3, {Dns("a"), Dns("b")}), "a=1! b=1");
}

TEST_F(Replacing, ARejectedChangeLeavesTheFormOfTheOneBefore) {
  Start();
  Change(2, {Dns("a", "2"), Dns("b")});
  stream_.session().SetTarget(Serving(3, {Dns("a", "3"), Dns("b")}));
  stream_.Nack(kCds, stream_.Expect(kCds), "Error adding/updating cluster(s) a: no");
  EXPECT_EQ(Change(4, {Dns("a", "3"), Dns("b"), Dns("c")}), "a=2! b=1 c=1");
}

TEST_F(Replacing, WhoComesBackWithAnotherVersionMayServeWithAnything) {
  stream_.Ask(kCds, {}, "1-00000000000000000000000000000000");
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Dns("a"), Dns("b")}}}));
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=1! b=1!");
}

// What a client says of its clusters when it comes back, and what it is then sent when a changes.
std::string AfterReconnect(base::FakeClock& clock, const std::string& version) {
  TestStream again(clock);
  again.Ask(kCds, {}, version);
  again.session().SetTarget(Serving(3, {Dns("a", "2"), Dns("b")}));
  again.ExpectNothing();
  again.session().SetTarget(Serving(4, {Dns("a", "3"), Dns("b")}));
  return Content(again.Take(kCds));
}

TEST_F(Replacing, WhoComesBackWithoutReplacedClustersKeepsThemAll) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(Serving(1, {Dns("a", "2"), Dns("b")}));
  EXPECT_EQ(AfterReconnect(clock_, stream_.Take(kCds).version_info()), "a=3! b=1");
}

TEST_F(Replacing, WhoComesBackWithReplacedClustersMayHaveAnyOfThemSo) {
  Start();
  stream_.session().SetTarget(Serving(2, {Dns("a", "2"), Dns("b")}));
  const std::string version = stream_.Take(kCds).version_info();
  EXPECT_EQ(version.back(), '+');
  EXPECT_EQ(AfterReconnect(clock_, version), "a=3! b=1!");
}

}  // namespace
}  // namespace chancery::xds
