#include <gtest/gtest.h>

#include "xds/session.h"
#include "xds/sotw_fixture.h"

// Row 25 of contract/xds.md on one state-of-the-world stream: the order of what depends on each other, and how long
// it is held.
namespace chancery::xds {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(Sotw, Row25_EndpointsGoOutRightAfterClustersAndAMissingAckIsShownAsWarming) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {EdsCluster("e")}}, {kEds, {Endpoints("e")}}}));
  const Response cds = stream_.Expect(kCds);
  stream_.Ask(kEds, {"e"});
  stream_.Take(kEds, {"e"});
  EXPECT_FALSE(stream_.observer().warming(kCds));
  stream_.transport().Advance(seconds(1));
  EXPECT_TRUE(stream_.observer().warming(kCds));
  stream_.Ack(kCds, cds);
  EXPECT_FALSE(stream_.observer().warming(kCds));
}

TEST_F(Sotw, Row25_NewerStateDoesNotWaitForAWarmingClusterForEver) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}}));
  const Response first = stream_.Expect(kCds);
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("a", "2")}}}));
  stream_.transport().Advance(milliseconds(999));
  stream_.ExpectNothing();
  stream_.transport().Advance(milliseconds(1));
  const Response second = stream_.Expect(kCds);
  EXPECT_EQ(Content(second), "a=2");
  stream_.Ack(kCds, first);
  EXPECT_FALSE(stream_.observer().settled(kCds));
  stream_.Ack(kCds, second);
  EXPECT_TRUE(stream_.observer().settled(kCds));
}

TEST_F(Sotw, Row25_ARouteToANewClusterWaitsForTheAckAndTheSettleTime) {
  Start();
  stream_.session().SetTarget(MakeConfig(
      2, {{kCds, {Cluster("a"), Cluster("b")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"b"}, "2")}}}));
  const Response cds = stream_.Expect(kCds);
  stream_.transport().Advance(seconds(5));
  stream_.ExpectNothing();
  stream_.Ack(kCds, cds);
  stream_.transport().Advance(milliseconds(999));
  stream_.ExpectNothing();
  stream_.transport().Advance(milliseconds(1));
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=2");
}

TEST_F(Sotw, Row25_ARouteToANewClusterOfAnotherKindWaitsForTheAckAlone) {
  Start();
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("a"), MakeResource("b", "b=1")}},
                                             {kLds, {Listener("l", {"r"})}},
                                             {kRds, {Route("r", {"b"}, "2")}}}));
  stream_.Take(kCds);
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=2");
}

ResourcePtr StrictCluster(const std::string& name, uint8_t strictness) {
  return MakeResource(name, name + "=strict" + std::to_string(strictness), {.strictness = strictness});
}

// Cluster a is strict for the route that leaves it, and not for the one that comes to it.
TEST_F(Sotw, AWeakerClusterWaitsForTheRoutesThatLeaveIt) {
  const auto target = [](uint64_t txn, const ResourcePtr& a, const ResourcePtr& route) {
    return MakeConfig(txn, {{kCds, {a, StrictCluster("b", 2), StrictCluster("weak", 0)}},
                            {kLds, {Listener("l", {"r"})}},
                            {kRds, {route}}});
  };
  Start();
  stream_.session().SetTarget(target(2, StrictCluster("a", 2), Route("r", {"a", "weak"}, "2")));
  stream_.Take(kCds);
  stream_.Take(kRds, {"r"});
  stream_.session().SetTarget(target(3, StrictCluster("a", 0), Route("r", {"a", "b"}, "3")));
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=3");
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=strict0 b=strict2 weak=strict0");
  EXPECT_TRUE(stream_.observer().all_settled());
}

TEST_F(Sotw, AWeakerClusterOfRoutesThatStayGoesAtOnce) {
  const auto target = [](uint64_t txn, uint8_t strictness) {
    return MakeConfig(
        txn, {{kCds, {StrictCluster("a", strictness)}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"})}}});
  };
  Start();
  stream_.session().SetTarget(target(2, 2));
  stream_.Take(kCds);
  stream_.session().SetTarget(target(3, 0));
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=strict0");
  EXPECT_TRUE(stream_.observer().all_settled());
}

TEST_F(Sotw, ARouteThatWantsAStricterClusterNeverTakesTheWeakerOneThatStays) {
  Start();
  stream_.session().SetTarget(MakeConfig(
      2, {{kCds, {StrictCluster("a", 2)}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"}, "2")}}}));
  const Response cds = stream_.Expect(kCds);
  stream_.Nack(kCds, cds, "a: no such file");
  stream_.transport().Advance(std::chrono::hours(1));
  stream_.ExpectNothing();
}

TEST_F(Sotw, Row25_OnlyTheRoutesThatNeedTheClusterAreHeld) {
  Start();
  const auto target = [](uint64_t txn, const char* revision, const char* cluster) {
    return MakeConfig(txn, {{kCds, {Cluster("a"), Cluster(cluster)}},
                            {kLds, {Listener("l", {"q", "r"}, "2")}},
                            {kRds, {Route("q", {"a"}, revision), Route("r", {cluster}, revision)}}});
  };
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("a")}},
                                             {kLds, {Listener("l", {"q", "r"}, "2")}},
                                             {kRds, {Route("q", {"a"}), Route("r", {"a"})}}}));
  stream_.Take(kLds);
  stream_.Take(kRds, {"q", "r"});  // of the changed listener
  EXPECT_EQ(Content(stream_.Take(kRds, {"q", "r"})), "q=1 r=1");
  stream_.session().SetTarget(target(3, "2", "b"));
  stream_.Take(kCds);
  EXPECT_EQ(Content(stream_.Take(kRds, {"q", "r"})), "q=2 r=1");
  stream_.transport().Advance(seconds(1));
  EXPECT_EQ(Content(stream_.Take(kRds, {"q", "r"})), "q=2 r=2");
}

TEST_F(Sotw, Row25_AHoldEndsAtItsDeadline) {
  Start();
  stream_.session().SetTarget(MakeConfig(
      2, {{kCds, {Cluster("a"), Cluster("b")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"b"}, "2")}}}));
  stream_.Expect(kCds);
  stream_.transport().Advance(milliseconds(14'999));
  stream_.ExpectNothing();
  stream_.transport().Advance(milliseconds(1));
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=2");
}

TEST_F(Sotw, Row25_ARouteToARejectedClusterIsNeverSent) {
  Start();
  stream_.session().SetTarget(MakeConfig(
      2, {{kCds, {Cluster("a"), Cluster("b")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"b"}, "2")}}}));
  stream_.Nack(kCds, stream_.Expect(kCds), "b is bad");
  stream_.transport().Advance(std::chrono::hours(1));
  stream_.ExpectNothing();
  stream_.session().SetTarget(MakeConfig(
      3,
      {{kCds, {Cluster("a"), Cluster("b", "2")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"b"}, "2")}}}));
  stream_.Take(kCds);
  stream_.transport().Advance(seconds(1));
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=2");
}

TEST_F(Sotw, Row25_AClusterThatIsOnItsWayOutIsWaitedForLikeANewOne) {
  const auto target = [](uint64_t txn, const Names& clusters, const Names& routed) {
    std::vector<ResourcePtr> list;
    for (const std::string& name : clusters) list.push_back(MakeResource(name, name + "=1"));
    return MakeConfig(txn, {{kCds, list}, {kRds, {Route("r", routed, std::to_string(txn))}}});
  };
  stream_.Ask(kCds);
  stream_.Ask(kRds, {"r"});
  stream_.session().SetTarget(target(1, {"a", "b"}, {"a"}));
  stream_.Take(kCds);
  stream_.Take(kRds, {"r"});
  stream_.session().SetTarget(target(2, {"a"}, {"a"}));
  const Response without = stream_.Expect(kCds);
  EXPECT_EQ(Content(without), "a=1");
  stream_.Take(kRds, {"r"});
  // b is in force as long as nothing else is said, and will be gone in a moment.
  stream_.session().SetTarget(target(3, {"a", "b"}, {"b"}));
  stream_.ExpectNothing();
  stream_.Ack(kCds, without);
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=1 b=1");
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=3");
}

TEST_F(Sotw, Row25_AClusterRejectedInANewFormServesInTheOldOne) {
  Start();
  stream_.session().SetTarget(
      MakeConfig(2, {{kCds, {Cluster("a", "bad")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"}, "2")}}}));
  const Response cds = stream_.Expect(kCds);
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=2");
  stream_.Nack(kCds, cds, "a is bad");
  stream_.ExpectNothing();
}

TEST_F(Sotw, Row25_AStartIsNotDelayed) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(
      MakeConfig(1, {{kCds, {Cluster("a")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"})}}}));
  stream_.Take(kCds);
  stream_.Ask(kLds);
  stream_.Take(kLds);
  stream_.Ask(kRds, {"r"});
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=1");
}

TEST_F(Sotw, Row25_WhatAListenerReplacesServesUntilItsRoutesAreThere) {
  Start();
  stream_.session().SetTarget(
      MakeConfig(2, {{kCds, {Cluster("b")}}, {kLds, {Listener("l", {"q"}, "2")}}, {kRds, {Route("q", {"b"})}}}));
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=1 b=1");
  // Acknowledged at once; the old one serves with its route to a, until q is there.
  EXPECT_EQ(Content(stream_.Take(kLds)), "l=2");
  stream_.ExpectNothing();
  stream_.transport().Advance(seconds(1));
  stream_.Send(TestStream::MakeRequest(kRds, {"q", "r"}));
  const Response rds = stream_.Expect(kRds);
  EXPECT_EQ(Content(rds), "q=1 r=1");
  stream_.ExpectNothing();
  stream_.Ack(kRds, rds, {"q"});
  EXPECT_EQ(Content(stream_.Take(kCds)), "b=1");
  EXPECT_TRUE(stream_.observer().all_settled());
}

}  // namespace
}  // namespace chancery::xds
