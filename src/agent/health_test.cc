#include "agent/health.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace chancery::agent {
namespace {

using std::chrono::seconds;

constexpr ListenerCounts kNone{};

class HealthTest : public testing::Test {
 protected:
  HealthTest() { health_.Started(7, 0); }

  bool Healthy() const { return health_.Report().healthy; }

  base::FakeClock clock_;
  Health health_{clock_, seconds(3600)};
};

TEST_F(HealthTest, LiveIsHealthyAndNothingElse) {
  EXPECT_FALSE(Healthy());
  for (const char* state : {"PRE_INITIALIZING", "INITIALIZING", "DRAINING", "UNREACHABLE"}) {
    health_.Observed({state, true, kNone});
    EXPECT_FALSE(Healthy()) << state;
  }
  health_.Observed({"LIVE", true, kNone});
  EXPECT_TRUE(Healthy());
}

TEST_F(HealthTest, AListenerThatFailsWithoutLdsLastsUntilARestart) {
  for (int i = 0; i < 2; ++i) {
    health_.Observed({"LIVE", true, ListenerCounts{.create_failures = 1}});
    EXPECT_FALSE(Healthy());
    EXPECT_EQ(health_.Report().initial_update_failed, true);
  }
  health_.Started(8, 1);
  health_.Observed({"LIVE", true, kNone});
  EXPECT_TRUE(Healthy());
  EXPECT_EQ(health_.Report().restarts, 1U);
}

TEST_F(HealthTest, RefusedFirstListenersLastUntilSomeAreTaken) {
  // A port that is taken counts as both.
  health_.Observed({"LIVE", true, ListenerCounts{.create_failures = 1, .updates = 0, .rejections = 1}});
  EXPECT_FALSE(Healthy());
  EXPECT_TRUE(health_.Report().initialized);
  health_.Observed({"LIVE", true, ListenerCounts{.create_failures = 1, .updates = 1, .rejections = 1}});
  EXPECT_TRUE(Healthy());
  EXPECT_EQ(health_.Report().initial_update_failed, false);
}

TEST_F(HealthTest, LiveBeforeAnyListenersDecidesNothing) {
  health_.Observed({"LIVE", false, ListenerCounts{.updates = 0}});
  EXPECT_TRUE(Healthy());
  EXPECT_EQ(health_.Report().initial_update_failed, std::nullopt);
  health_.Observed({"LIVE", true, ListenerCounts{.updates = 0, .rejections = 1}});
  EXPECT_FALSE(Healthy());
}

TEST_F(HealthTest, WhatFailsLaterDoesNotMatter) {
  health_.Observed({"LIVE", true, kNone});
  health_.Observed({"LIVE", true, ListenerCounts{.create_failures = 3, .updates = 1, .rejections = 2}});
  EXPECT_TRUE(Healthy());
}

TEST_F(HealthTest, ALostControlPlaneIsHealthyForTheTimeout) {
  health_.Observed({"LIVE", true, kNone});
  health_.Observed({"LIVE", false, kNone});
  clock_.Advance(seconds(3599));
  health_.Observed({"LIVE", false, kNone});
  EXPECT_TRUE(Healthy());
  clock_.Advance(seconds(2));
  EXPECT_FALSE(Healthy());
  health_.Observed({"LIVE", true, kNone});
  EXPECT_TRUE(Healthy());
  EXPECT_EQ(health_.Report().disconnected_at, std::nullopt);
}

TEST_F(HealthTest, WhatIsSeenOfOneThatHasEndedIsNothing) {
  health_.Ended();
  health_.Observed({"LIVE", true, kNone});
  EXPECT_FALSE(Healthy());
  EXPECT_EQ(health_.Report().pid, -1);
}

TEST_F(HealthTest, TheReportHasTheMembersOfTheAppMeshAgent) {
  health_.Observed({"LIVE", false, kNone});
  clock_.Advance(seconds(5));
  EXPECT_EQ(boost::json::parse(ToJson(health_.Report())), boost::json::parse(R"({
    "healthStatus": "HEALTHY", "agentUptime": "5s", "envoyPid": "7", "envoyState": "LIVE", "envoyRestartCount": "0",
    "managementServerConnectionStatus": "NOT_CONNECTED",
    "managementServerDisconnectedTimestamp": "2024-10-04T00:00:01Z",
    "envoyReadinessState": "INITIALIZED", "initialConfigUpdateStatus": "UPDATE_SUCCESSFUL"})"));
}

TEST_F(HealthTest, WhatIsNotKnownYetIsNotSaid) {
  EXPECT_EQ(boost::json::parse(ToJson(health_.Report())), boost::json::parse(R"({
    "healthStatus": "UNHEALTHY", "agentUptime": "0s", "envoyPid": "7", "envoyState": "UNREACHABLE",
    "envoyRestartCount": "0", "envoyReadinessState": "NOT_INITIALIZED"})"));
}

}  // namespace
}  // namespace chancery::agent
