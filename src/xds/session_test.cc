#include "xds/session.h"

#include <gtest/gtest.h>

#include "xds/sotw_fixture.h"

// The protocol cases of contract/xds.md on one state-of-the-world stream: RowNN_ is the table's row NN.
// Row 25, what waits for what, is in session_hold_test.cc.
namespace chancery::xds {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(Sotw, Row02_TypesGoOutInTheirOrderWhateverOrderTheyAreAskedIn) {
  stream_.Ask(kRds, {"r"});
  stream_.Ask(kLds);
  stream_.Ask(kEds, {"e"});
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(7, {{kCds, {Cluster("a"), EdsCluster("e")}},
                                             {kEds, {Endpoints("e")}},
                                             {kLds, {Listener("l", {"r"})}},
                                             {kRds, {Route("r", {"a", "e"})}}}));
  const Response cds = stream_.Expect(kCds);
  EXPECT_EQ(Content(cds), "a=1 e=1");
  EXPECT_EQ(cds.version_info().substr(0, 2), "7-");
  stream_.Take(kEds, {"e"});
  stream_.Take(kLds);
  // The route names clusters that are not acknowledged yet.
  stream_.ExpectNothing();
  stream_.Ack(kCds, cds);
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=1");
  EXPECT_TRUE(stream_.observer().all_settled());
}

TEST_F(Sotw, Row02_AClusterGoesOnlyAfterWhatNamedItIsAcknowledgedGone) {
  Start();
  stream_.session().SetTarget(
      MakeConfig(2, {{kCds, {Cluster("b")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"b"}, "2")}}}));
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=1 b=1");
  stream_.ExpectNothing();
  stream_.transport().Advance(milliseconds(999));
  stream_.ExpectNothing();
  stream_.transport().Advance(milliseconds(1));
  const Response rds = stream_.Expect(kRds);
  EXPECT_EQ(Content(rds), "r=2");
  stream_.ExpectNothing();
  EXPECT_FALSE(stream_.observer().settled(kCds));
  stream_.Ack(kRds, rds, {"r"});
  EXPECT_EQ(Content(stream_.Take(kCds)), "b=1");
  EXPECT_TRUE(stream_.observer().all_settled());
}

TEST_F(Sotw, Row01_AChangedEdsClusterHasItsEndpointsAnsweredAgain) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {EdsCluster("e")}}, {kEds, {Endpoints("e")}}}));
  const Response cds = stream_.Expect(kCds);
  stream_.Ask(kEds, {"e"});
  const Response eds = stream_.Take(kEds, {"e"});
  stream_.Ack(kCds, cds);
  // Other cluster, same endpoints: they go out at once, not after the ACK that Envoy withholds until then.
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {EdsCluster("e", "2")}}, {kEds, {Endpoints("e")}}}));
  const Response changed = stream_.Expect(kCds);
  const Response again = stream_.Expect(kEds);
  EXPECT_EQ(Content(again), Content(eds));
  EXPECT_FALSE(stream_.observer().settled(kEds));
  // Envoy asks for the new cluster's endpoints in what looks like a duplicate ACK, in between.
  stream_.Ack(kEds, eds, {"e"});
  stream_.ExpectNothing();
  stream_.Ack(kEds, again, {"e"});
  stream_.Ack(kCds, changed);
  stream_.ExpectNothing();
  EXPECT_TRUE(stream_.observer().settled(kEds));
}

TEST_F(Sotw, Row01_EndpointsStaySilentWhenTheirClusterDidNotChange) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {EdsCluster("e")}}, {kEds, {Endpoints("e")}}}));
  const Response cds = stream_.Expect(kCds);
  stream_.Ask(kEds, {"e"});
  stream_.Take(kEds, {"e"});
  stream_.Ack(kCds, cds);
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("a"), EdsCluster("e")}}, {kEds, {Endpoints("e")}}}));
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=1 e=1");
  stream_.ExpectNothing();
}

TEST_F(Sotw, Row01_AChangedListenerHasItsRoutesAnsweredAgain) {
  Start();
  stream_.session().SetTarget(
      MakeConfig(2, {{kCds, {Cluster("a")}}, {kLds, {Listener("l", {"r"}, "2")}}, {kRds, {Route("r", {"a"})}}}));
  EXPECT_EQ(Content(stream_.Take(kLds)), "l=2");
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=1");
  stream_.ExpectNothing();
}

TEST_F(Sotw, Row01_SecretsAreAnsweredAgainWhenAUserChanged) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}, {kSds, {MakeResource("s", "s=1")}}}));
  stream_.Take(kCds);
  stream_.Ask(kSds, {"s"});
  stream_.Take(kSds, {"s"});
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("a", "2")}}, {kSds, {MakeResource("s", "s=1")}}}));
  stream_.Take(kCds);
  EXPECT_EQ(Content(stream_.Take(kSds, {"s"})), "s=1");
}

TEST_F(Sotw, Row01_AReconnectWithOtherClustersHasItsEndpointsAnsweredThoughTheyAreCurrent) {
  const ConfigPtr target = MakeConfig(1, {{kCds, {EdsCluster("e", "2")}}, {kEds, {Endpoints("e")}}});
  stream_.Ask(kCds, {}, "1-0123");
  stream_.session().SetTarget(target);
  stream_.Expect(kCds);
  stream_.Ask(kEds, {"e"}, target->set(kEds)->version());
  EXPECT_EQ(Content(stream_.Expect(kEds)), "e=1");
}

TEST_F(Sotw, Row03_WhatExistsIsAnsweredAndWhatIsMissingWhenItAppears) {
  stream_.Ask(kEds, {"x", "y"});
  stream_.session().SetTarget(MakeConfig(1, {{kEds, {Endpoints("x")}}}));
  EXPECT_EQ(Content(stream_.Take(kEds, {"x", "y"})), "x=1");
  stream_.ExpectNothing();
  stream_.session().SetTarget(MakeConfig(2, {{kEds, {Endpoints("x"), Endpoints("y")}}}));
  EXPECT_EQ(Content(stream_.Take(kEds, {"x", "y"})), "x=1 y=1");
}

TEST_F(Sotw, Row03_NothingThatExistsIsNotAnswered) {
  stream_.Ask(kRds, {"r"});
  stream_.session().SetTarget(MakeConfig(1, {{kRds, {Route("other", {})}}}));
  stream_.ExpectNothing();
  stream_.session().SetTarget(MakeConfig(2, {{kRds, {Route("other", {}), Route("r", {})}}}));
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=1");
}

TEST_F(Sotw, Row03_ANameAddedToTheListIsAnsweredAtOnce) {
  stream_.Ask(kEds, {"x"});
  stream_.session().SetTarget(MakeConfig(1, {{kEds, {Endpoints("x"), Endpoints("y")}}}));
  const Response first = stream_.Expect(kEds);
  EXPECT_EQ(Content(first), "x=1");
  stream_.Ack(kEds, first, {"x", "y"});
  EXPECT_EQ(Content(stream_.Take(kEds, {"x", "y"})), "x=1 y=1");
}

TEST_F(Sotw, Row04_NothingIsAnsweredBeforeATargetIsKnown) {
  for (const Type type : kAllTypes) stream_.Ask(type);
  stream_.transport().Advance(seconds(60));
  stream_.ExpectNothing();
  stream_.session().SetTarget(nullptr);
  stream_.ExpectNothing();
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}}));
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=1");
  // Known to be empty.
  EXPECT_EQ(Content(stream_.Take(kLds)), "");
}

TEST_F(Sotw, Row04_AnUnknownStateLeavesTheClientWhatItHas) {
  Start();
  stream_.session().SetTarget(nullptr);
  stream_.transport().Advance(seconds(60));
  stream_.ExpectNothing();
}

TEST_F(Sotw, Row06_ANameThatIsGoneIsToleratedAndNotAnswered) {
  Start();
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("a")}}, {kLds, {}}, {kRds, {}}}));
  EXPECT_EQ(Content(stream_.Take(kLds)), "");
  stream_.ExpectNothing();
  // The client still asks for it, beside a new one.
  stream_.session().SetTarget(MakeConfig(3, {{kCds, {Cluster("a")}}, {kLds, {}}, {kRds, {Route("q", {"a"})}}}));
  stream_.ExpectNothing();
  WireRequest more = TestStream::MakeRequest(kRds, {"q", "r"});
  stream_.Send(more);
  EXPECT_EQ(Content(stream_.Take(kRds, {"q", "r"})), "q=1");
}

TEST_F(Sotw, Row09_ALegacyWildcardEndsWithTheFirstNamedRequest) {
  const ConfigPtr target = MakeConfig(1, {{kCds, {Cluster("a"), Cluster("b")}}});
  stream_.Ask(kCds);
  stream_.session().SetTarget(target);
  const Response all = stream_.Expect(kCds);
  EXPECT_EQ(Content(all), "a=1 b=1");
  stream_.Ack(kCds, all, {"a"});
  stream_.ExpectNothing();
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("a", "2"), Cluster("b", "2")}}}));
  const Response named = stream_.Expect(kCds);
  EXPECT_EQ(Content(named), "a=2");
  // An empty list is no wildcard any more.
  stream_.Ack(kCds, named, {});
  stream_.session().SetTarget(MakeConfig(3, {{kCds, {Cluster("a", "3"), Cluster("b", "3")}}}));
  stream_.ExpectNothing();
}

TEST_F(Sotw, Row09_AnExplicitWildcardWithNamesIsEverythingUntilTheStarGoes) {
  stream_.Ask(kCds, {"*", "a"});
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a"), Cluster("b")}}}));
  const Response all = stream_.Expect(kCds);
  EXPECT_EQ(Content(all), "a=1 b=1");
  stream_.Ack(kCds, all, {"a"});
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("a"), Cluster("b", "2")}}}));
  stream_.ExpectNothing();
  stream_.Ack(kCds, all, {"*"});
  EXPECT_EQ(Content(stream_.Take(kCds, {"*"})), "a=1 b=2");
}

TEST_F(Sotw, Row11_AStaleNonceIsNeitherAckNorNack) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}}));
  const Response first = stream_.Take(kCds);
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("a", "2")}}}));
  const Response second = stream_.Expect(kCds);
  stream_.observer().Take();
  stream_.Ack(kCds, first);
  stream_.Nack(kCds, first, "a is bad");
  stream_.Ack(kCds, first, {"a"});
  EXPECT_TRUE(stream_.observer().Take().empty());
  EXPECT_FALSE(stream_.observer().settled(kCds));
  // The request that supersedes is taken.
  stream_.Ack(kCds, second);
  EXPECT_TRUE(stream_.observer().settled(kCds));
}

TEST_F(Sotw, Row11_ASecondAnswerToTheSameNonceIsOnlyASubscription) {
  Start();
  stream_.session().SetTarget(
      MakeConfig(2, {{kCds, {Cluster("a")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"}, "2")}}}));
  const Response rds = stream_.Take(kRds, {"r"});
  stream_.Nack(kRds, rds, "r is bad", {"r"});
  EXPECT_TRUE(stream_.observer().settled(kRds));
}

TEST_F(Sotw, Row12_ReconnectWithCurrentVersionStaysSilent) {
  const ConfigPtr target = MakeConfig(
      5, {{kCds, {Cluster("a")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("q", {"a"}), Route("r", {"a"})}}});
  stream_.Ask(kCds, {}, target->set(kCds)->version(), "nonce of another stream");
  stream_.session().SetTarget(target);
  stream_.Ask(kLds, {}, target->set(kLds)->version(), "nonce of another stream");
  // The version of the part that it asks for, not of the whole.
  stream_.Ask(kRds, {"r"}, MakeSet(5, {Route("r", {"a"})})->version(), "nonce of another stream");
  stream_.ExpectNothing();
  EXPECT_EQ(stream_.transport().bytes(), 0U);
  EXPECT_EQ(stream_.observer().Take(), (Names{"cds subscribed", "cds acknowledged [a]", "lds subscribed",
                                              "lds acknowledged [l]", "rds subscribed", "rds acknowledged [r]"}));
  EXPECT_TRUE(stream_.observer().settled(kCds));
  EXPECT_TRUE(stream_.observer().settled(kLds));
}

TEST_F(Sotw, Row12_ReconnectedClustersAreAcknowledgedAndSettled) {
  const ConfigPtr before =
      MakeConfig(5, {{kCds, {Cluster("a")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"})}}});
  stream_.Ask(kCds, {}, before->set(kCds)->version());
  stream_.Ask(kLds, {}, before->set(kLds)->version());
  stream_.Ask(kRds, {"r"}, before->set(kRds)->version());
  stream_.session().SetTarget(
      MakeConfig(6, {{kCds, {Cluster("a")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"}, "2")}}}));
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=2");
}

TEST_F(Sotw, Row12_ReconnectWithAnotherVersionGetsTheFullSet) {
  stream_.Ask(kCds, {}, MakeSet(4, {Cluster("a")})->version(), "nonce of another stream");
  stream_.session().SetTarget(MakeConfig(5, {{kCds, {Cluster("a"), Cluster("b")}}}));
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=1 b=1");
}

TEST_F(Sotw, Row12_TheSameContentUnderAnotherTransactionIsCurrent) {
  stream_.Ask(kCds, {}, MakeSet(4, {Cluster("a")})->version());
  stream_.session().SetTarget(MakeConfig(9, {{kCds, {Cluster("a")}}}));
  stream_.ExpectNothing();
  EXPECT_TRUE(stream_.observer().settled(kCds));
}

TEST_F(Sotw, Row12_TheVersionOfASubsetIsNotThatOfAnother) {
  stream_.Ask(kEds, {"x", "y"}, MakeSet(4, {Endpoints("x")})->version());
  stream_.session().SetTarget(MakeConfig(4, {{kEds, {Endpoints("x"), Endpoints("y")}}}));
  EXPECT_EQ(Content(stream_.Take(kEds, {"x", "y"})), "x=1 y=1");
}

TEST_F(Sotw, Row12_ARejectedVersionThatIsClaimedByAnyTextIsAnswered) {
  for (const char* version : {"", "x", "-", "4-"}) {
    TestStream stream(clock_);
    stream.Ask(kCds, {}, version);
    stream.session().SetTarget(MakeConfig(4, {{kCds, {Cluster("a")}}}));
    stream.Take(kCds);
  }
}

TEST_F(Sotw, Row12_AReconnectAfterChangesLosesNoListenerThatWaits) {
  // Its listeners name clusters that this stream has yet to acknowledge; one does not. None may be missing in the
  // answer.
  const ResourcePtr waits = MakeResource("waits", "waits=2", {.clusters = {"a"}});
  stream_.Ask(kCds, {}, "3-00");
  stream_.Ask(kLds, {}, "3-00");
  stream_.session().SetTarget(MakeConfig(4, {{kCds, {Cluster("a")}}, {kLds, {Listener("free"), waits}}}));
  const Response cds = stream_.Expect(kCds);
  stream_.ExpectNothing();
  stream_.Ack(kCds, cds);
  stream_.ExpectNothing();
  stream_.transport().Advance(seconds(1));
  EXPECT_EQ(Content(stream_.Take(kLds)), "free=1 waits=2");
}

TEST_F(Sotw, Row13_ANonceMismatchDoesNotEndTheWatch) {
  Start();
  WireRequest wrong = TestStream::MakeRequest(kRds, {"other"});
  wrong.set_response_nonce("never given");
  stream_.Send(wrong);
  stream_.session().SetTarget(
      MakeConfig(2, {{kCds, {Cluster("a")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"}, "2")}}}));
  const Response rds = stream_.Expect(kRds);
  stream_.Send(wrong);
  EXPECT_FALSE(stream_.observer().settled(kRds));
  stream_.Ack(kRds, rds, {"r"});
  EXPECT_TRUE(stream_.observer().settled(kRds));
}

TEST_F(Sotw, Row13_NamesUnderTheNonceOfAnEarlierStreamCountUntilTheFirstAnswer) {
  stream_.Ask(kRds, {"r"}, "", "old");
  WireRequest more = TestStream::MakeRequest(kRds, {"q", "r"});
  more.set_response_nonce("old");
  stream_.Send(more);
  stream_.session().SetTarget(MakeConfig(2, {{kRds, {Route("q", {}), Route("r", {})}}}));
  EXPECT_EQ(Content(stream_.Take(kRds, {"q", "r"})), "q=1 r=1");
}

TEST_F(Sotw, Row13_NoncesOfTwoStreamsDiffer) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}}));
  const Response first = stream_.Take(kCds);
  clock_.Advance(milliseconds(1));
  TestStream second(clock_);
  second.Ask(kCds);
  second.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}}));
  EXPECT_NE(second.Take(kCds).nonce(), first.nonce());
}

TEST_F(Sotw, Row14_TheNewestStateIsSentInTheEndAndNoneBetween) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}}));
  const Response first = stream_.Expect(kCds);
  for (uint64_t txn = 2; txn <= 9; ++txn) {
    stream_.session().SetTarget(MakeConfig(txn, {{kCds, {Cluster("a", std::to_string(txn))}}}));
  }
  stream_.ExpectNothing();
  stream_.Ack(kCds, first);
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=9");
  stream_.ExpectNothing();
}

TEST_F(Sotw, Row14_OneWriteIsInFlight) {
  stream_.Ask(kCds);
  stream_.Ask(kLds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}, {kLds, {Listener("l")}}}));
  ASSERT_TRUE(stream_.transport().Read());
  EXPECT_FALSE(stream_.transport().Read());
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("a")}}, {kLds, {Listener("l", {}, "2")}}}));
  EXPECT_FALSE(stream_.transport().Read());
  stream_.transport().FinishWrite();
  EXPECT_EQ(Content(stream_.Take(kLds)), "l=2");
}

TEST_F(Sotw, Row15_TheLastResourceOfAWildcardTypeGoesByAnEmptyAnswer) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}}));
  stream_.Take(kCds);
  stream_.session().SetTarget(MakeConfig(2, {}));
  const Response empty = stream_.Take(kCds);
  EXPECT_EQ(empty.resources_size(), 0);
  EXPECT_FALSE(empty.version_info().empty());
  stream_.ExpectNothing();
  EXPECT_TRUE(stream_.observer().settled(kCds));
}

TEST_F(Sotw, Row16_WhatWaitsWhenTheClientUnsubscribesIsNotSent) {
  stream_.Ask(kCds);
  stream_.Ask(kEds, {"x", "y"});
  const auto target = [](const char* revision) {
    return MakeConfig(1, {{kCds, {Cluster("a", revision)}}, {kEds, {Endpoints("x", revision), Endpoints("y")}}});
  };
  stream_.session().SetTarget(target("1"));
  stream_.Take(kCds);
  const Response eds = stream_.Take(kEds, {"x", "y"});
  stream_.session().SetTarget(target("2"));
  ASSERT_TRUE(stream_.transport().Read());  // clusters; the write is not done
  stream_.Ack(kEds, eds, {"y"});
  stream_.transport().FinishWrite();
  stream_.ExpectNothing();
}

TEST_F(Sotw, Row16_ANameAskedForAgainIsAnsweredAgain) {
  stream_.Ask(kEds, {"x", "y"});
  stream_.session().SetTarget(MakeConfig(1, {{kEds, {Endpoints("x"), Endpoints("y")}}}));
  const Response eds = stream_.Take(kEds, {"x", "y"});
  stream_.Ack(kEds, eds, {"x"});
  stream_.ExpectNothing();
  stream_.Ack(kEds, eds, {"x", "y"});
  EXPECT_EQ(Content(stream_.Take(kEds, {"x", "y"})), "x=1 y=1");
}

TEST_F(Sotw, Row17_ARejectedSetIsNotSentAgain) {
  Start();
  stream_.session().SetTarget(
      MakeConfig(2, {{kCds, {Cluster("a")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"}, "bad")}}}));
  const Response rds = stream_.Expect(kRds);
  for (int i = 0; i < 100; ++i) {
    stream_.Nack(kRds, rds, "r: no", {"r"});
    stream_.transport().Advance(seconds(1));
    stream_.ExpectNothing();
  }
  EXPECT_FALSE(stream_.observer().settled(kRds));
}

TEST_F(Sotw, Row17_InTheNextSetARejectedResourceIsReplacedByItsLastAcceptedBytes) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a"), Cluster("b")}}}));
  stream_.Take(kCds);
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("a", "bad"), Cluster("b"), Cluster("new", "bad")}}}));
  stream_.Nack(kCds, stream_.Expect(kCds), "a and new are bad");
  stream_.ExpectNothing();
  stream_.session().SetTarget(MakeConfig(3, {{kCds, {Cluster("a", "bad"), Cluster("b", "2"), Cluster("new", "bad")}}}));
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=1 b=2");
  stream_.ExpectNothing();
  EXPECT_FALSE(stream_.observer().settled(kCds));
  // Other bytes are a new attempt.
  stream_.session().SetTarget(MakeConfig(4, {{kCds, {Cluster("a", "3"), Cluster("b", "2"), Cluster("new", "3")}}}));
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=3 b=2 new=3");
  EXPECT_TRUE(stream_.observer().settled(kCds));
}

TEST_F(Sotw, Row17_OtherTypesGoOn) {
  Start();
  stream_.session().SetTarget(
      MakeConfig(2, {{kCds, {Cluster("a", "bad")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"}, "2")}}}));
  stream_.Nack(kCds, stream_.Expect(kCds), "no");
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=2");
}

TEST_F(Sotw, Row18_ARejectionIsReportedWithItsMessage) {
  Start();
  stream_.session().SetTarget(MakeConfig(
      2,
      {{kCds, {Cluster("a", "2"), Cluster("a_b", "2")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"})}}}));
  const Response cds = stream_.Expect(kCds);
  stream_.observer().Take();
  stream_.Nack(kCds, cds, "cluster a_b: \x01 bad\xff");
  EXPECT_EQ(stream_.observer().Take(), Names{"cds rejected a_b of [a,a_b]: cluster a_b: ? bad?"});
}

TEST_F(Sotw, Row18_AMessageWithoutNamesBlamesWhatChanged) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a"), Cluster("b")}}}));
  stream_.Take(kCds);
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("a"), Cluster("b", "2"), Cluster("c")}}}));
  const Response cds = stream_.Expect(kCds);
  stream_.observer().Take();
  stream_.Nack(kCds, cds, "proto constraint validation failed");
  EXPECT_EQ(stream_.observer().Take(), Names{"cds rejected b,c of [a,b,c]: proto constraint validation failed"});
}

TEST_F(Sotw, Row19_TypesWithoutChangeAreNotPushed) {
  Start();
  // All is new but the bytes.
  stream_.session().SetTarget(
      MakeConfig(2, {{kCds, {Cluster("a")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"})}}}));
  stream_.ExpectNothing();
  stream_.session().SetTarget(
      MakeConfig(3, {{kCds, {Cluster("a")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"}, "2")}}}));
  stream_.Take(kRds, {"r"});
  stream_.ExpectNothing();
}

TEST_F(Sotw, Row21_AStreamWithoutNodeIsEnded) {
  stream_.Send(TestStream::MakeRequest(kCds, {}));
  ASSERT_TRUE(stream_.transport().closed());
  EXPECT_EQ(stream_.transport().closed()->first, StatusCode::kInvalidArgument);
  EXPECT_EQ(stream_.transport().closed()->second, "the first request of a stream must carry a node with an id");
  EXPECT_EQ(stream_.observer().nodes(), 0);
}

TEST_F(Sotw, Row21_TheNodeIsRememberedAndStreamsAreIndependent) {
  TestStream other(clock_);
  stream_.Ask(kCds);
  stream_.Send(TestStream::MakeRequest(kLds, {}));
  other.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}, {kLds, {Listener("l")}}}));
  other.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("b")}}}));
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=1");
  EXPECT_EQ(Content(stream_.Take(kLds)), "l=1");
  EXPECT_EQ(Content(other.Take(kCds)), "b=1");
  EXPECT_EQ(stream_.observer().nodes(), 1);
}

TEST_F(Sotw, Row21_WhoIsNotAdmittedGetsTheReason) {
  stream_.observer().Refuse({StatusCode::kPermissionDenied, "not yours"});
  stream_.Ask(kCds);
  EXPECT_EQ(stream_.transport().closed(), std::pair(StatusCode::kPermissionDenied, std::string("not yours")));
  // What was under way is ignored.
  stream_.Ask(kLds);
  EXPECT_EQ(stream_.observer().nodes(), 1);
}

TEST_F(Sotw, Row23_AnUnknownTypeIsCountedAndTheStreamLives) {
  WireRequest request;
  request.mutable_node()->set_id("n");
  request.set_type_url("type.googleapis.com/envoy.service.runtime.v3.Runtime");
  stream_.Send(request);
  EXPECT_EQ(stream_.observer().Take(), Names{"unknown type.googleapis.com/envoy.service.runtime.v3.Runtime"});
  stream_.Send(TestStream::MakeRequest(kCds, {}));
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}}));
  stream_.Take(kCds);
  stream_.ExpectNothing();
}

TEST_F(Sotw, Row24_NothingIsSentWhenNothingChanges) {
  Start();
  stream_.transport().Advance(seconds(60));
  const size_t bytes = stream_.transport().bytes();
  stream_.transport().Advance(std::chrono::hours(24));
  EXPECT_EQ(stream_.transport().bytes(), bytes);
  EXPECT_EQ(stream_.observer().bytes(), bytes);
  EXPECT_FALSE(stream_.transport().has_timer()) << "a quiet stream wakes nobody";
}

TEST_F(Sotw, Row26_ARepeatedNodeIsNotReadAgain) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}}));
  const Response cds = stream_.Expect(kCds);
  WireRequest ack = TestStream::MakeRequest(kCds, {});
  ack.set_response_nonce(cds.nonce());
  // A node field of 60 KB that is no node: nobody looks.
  std::string bytes = ack.SerializeAsString();
  bytes += std::string("\x12\xe0\xd4\x03", 4) + std::string(60'000, '\xff');
  stream_.session().OnMessage(bytes);
  EXPECT_FALSE(stream_.transport().closed());
  EXPECT_TRUE(stream_.observer().settled(kCds));
  EXPECT_EQ(stream_.observer().nodes(), 1);
}

TEST_F(Sotw, Row27_TheGoodResourcesOfARejectedAnswerAreInForce) {
  Start();
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("a"), Cluster("bad"), Cluster("good")}},
                                             {kLds, {Listener("l", {"r"})}},
                                             {kRds, {Route("r", {"good"}, "2")}}}));
  stream_.Nack(kCds, stream_.Expect(kCds), "bad is bad");
  stream_.ExpectNothing();
  stream_.transport().Advance(seconds(1));
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=2");
  EXPECT_FALSE(stream_.observer().settled(kCds));
}

TEST_F(Sotw, Row27_TheGoodRestOfRejectedRoutesIsSentOnceMore) {
  stream_.Ask(kRds, {"q", "r"});
  stream_.session().SetTarget(MakeConfig(1, {{kRds, {Route("q", {}), Route("r", {})}}}));
  stream_.Take(kRds, {"q", "r"});
  stream_.session().SetTarget(MakeConfig(2, {{kRds, {Route("q", {}, "2"), Route("r", {}, "bad")}}}));
  stream_.Nack(kRds, stream_.Expect(kRds), "r is bad", {"q", "r"});
  // Envoy stops at the first bad one: whether it took q is not known.
  EXPECT_EQ(Content(stream_.Take(kRds, {"q", "r"})), "q=2 r=1");
  stream_.ExpectNothing();
}

TEST_F(Sotw, AMalformedRequestEndsTheStreamWithItsReason) {
  stream_.session().OnMessage("\x0a\xff");
  EXPECT_EQ(stream_.transport().closed(),
            std::pair(StatusCode::kInvalidArgument, std::string("DiscoveryRequest is not a valid protobuf message")));
}

TEST_F(Sotw, TooManyNamesEndTheStream) {
  TestStream stream(clock_, {.max_names = 2});
  stream.Ask(kEds, {"a", "b", "c"});
  EXPECT_EQ(stream.transport().closed()->first, StatusCode::kResourceExhausted);
}

TEST_F(Sotw, AClientThatEndsItsSideIsAnsweredWithOk) {
  Start();
  stream_.session().OnHalfClosed();
  EXPECT_EQ(stream_.transport().closed()->first, StatusCode::kOk);
  stream_.session().SetTarget(MakeConfig(2, {{kCds, {Cluster("z")}}}));
  stream_.session().OnClosed();
  stream_.session().SetTarget(MakeConfig(3, {{kCds, {Cluster("y")}}}));
}

// The App Mesh agent's bootstrap: a static EDS cluster makes its Envoy ask for endpoints first (contract/envoy.md
// §7.6).
ResourcePtr LocalCluster() {
  auto local = std::make_shared<Resource>(*MakeResource("local_cluster", "local_cluster=empty"));
  local->optional = true;
  return local;
}

TEST_F(Sotw, EndpointsOfALocalClusterThatAreAskedForFirstDelayNoCluster) {
  stream_.Ask(kEds, {"local_cluster"});
  stream_.ExpectNothing();
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(
      1,
      {{kCds, {Cluster("a")}}, {kEds, {LocalCluster()}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"})}}}));
  stream_.Take(kCds);
  EXPECT_EQ(Content(stream_.Take(kEds, {"local_cluster"})), "local_cluster=empty");
  stream_.Ask(kLds);
  stream_.Take(kLds);
  stream_.Ask(kRds, {"r"});
  stream_.Take(kRds, {"r"});
  EXPECT_TRUE(stream_.observer().all_settled());
}

TEST_F(Sotw, ClustersDoNotWaitForTheAcknowledgementOfTheLocalCluster) {
  stream_.Ask(kEds, {"local_cluster"});
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}, {kEds, {LocalCluster()}}}));
  const Response endpoints = stream_.Expect(kEds);
  stream_.Ask(kCds);
  stream_.Take(kCds);
  stream_.Ack(kEds, endpoints, {"local_cluster"});
  stream_.Ask(kLds);
  stream_.Take(kLds);
  EXPECT_TRUE(stream_.observer().all_settled());
  stream_.ExpectNothing();
}

TEST_F(Sotw, ALocalClusterThatNobodyAsksForIsNotMissed) {
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(1, {{kCds, {Cluster("a")}}, {kEds, {LocalCluster()}}}));
  stream_.Take(kCds);
  stream_.Ask(kLds);
  stream_.Take(kLds);
  EXPECT_TRUE(stream_.observer().all_settled());
  stream_.ExpectNothing();
}

}  // namespace
}  // namespace chancery::xds
