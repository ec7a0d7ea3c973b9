#include "agent/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <vector>

namespace chancery::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class FakeEnvoy : public EnvoyControl {
 public:
  base::Status Start(uint32_t restarts) override {
    starts.push_back(restarts);
    if (can_start) return base::Status::Ok();
    return base::Error{base::Code::kUnavailable, "no program", {}};
  }
  void Signal(int number) override { signals.push_back(number); }
  base::Status Drain() override {
    ++drains;
    if (answers) return base::Status::Ok();
    return base::Error{base::Code::kUnavailable, "no answer", {}};
  }
  std::optional<uint64_t> RequestsInFlight() override { return in_flight; }

  bool can_start = true;
  bool answers = true;
  std::optional<uint64_t> in_flight = 0;
  std::vector<uint32_t> starts;
  std::vector<int> signals;
  int drains = 0;
};

class LifecycleTest : public testing::Test {
 protected:
  LifecycleTest() { EXPECT_TRUE(lifecycle_.Begin()); }

  void Pass(milliseconds time) {
    clock_.Advance(time);
    lifecycle_.Tick();
  }

  base::FakeClock clock_;
  FakeEnvoy envoy_;
  Lifecycle lifecycle_{clock_, envoy_, {2, seconds(20), seconds(15)}};
};

TEST_F(LifecycleTest, RestartsUpToTheCountThenEndsWithItsCode) {
  clock_.Advance(seconds(60));
  for (const uint32_t restart : {1U, 2U}) {
    lifecycle_.Exited(137);
    lifecycle_.Tick();
    EXPECT_EQ(envoy_.starts.back(), restart);
    clock_.Advance(seconds(60));
  }
  EXPECT_EQ(lifecycle_.exit_code(), std::nullopt);
  lifecycle_.Exited(139);
  EXPECT_EQ(lifecycle_.exit_code(), 139);
  lifecycle_.Tick();
  EXPECT_THAT(envoy_.starts, ElementsAre(0, 1, 2));
}

TEST_F(LifecycleTest, OneThatCannotLiveIsStartedASecondLater) {
  lifecycle_.Exited(1);
  Pass(milliseconds(900));
  EXPECT_THAT(envoy_.starts, ElementsAre(0));
  Pass(milliseconds(200));
  EXPECT_THAT(envoy_.starts, ElementsAre(0, 1));
}

TEST_F(LifecycleTest, OneThatCannotBeStartedAgainIsTheEnd) {
  envoy_.can_start = false;
  clock_.Advance(seconds(60));
  lifecycle_.Exited(1);
  lifecycle_.Tick();
  EXPECT_EQ(lifecycle_.exit_code(), 1);
}

TEST_F(LifecycleTest, AStopDrainsWaitsAndEnds) {
  lifecycle_.Stop();
  EXPECT_EQ(envoy_.drains, 1);
  Pass(milliseconds(19'900));
  EXPECT_THAT(envoy_.signals, IsEmpty());
  Pass(milliseconds(200));
  EXPECT_THAT(envoy_.signals, IsEmpty()) << "one look is not enough";
  Pass(milliseconds(200));
  EXPECT_THAT(envoy_.signals, ElementsAre(SIGTERM));
  lifecycle_.Exited(0);
  EXPECT_EQ(lifecycle_.exit_code(), 0);
  EXPECT_EQ(envoy_.drains, 1);
}

TEST_F(LifecycleTest, RequestsInFlightAreWaitedForNotLongerThanTheLimit) {
  envoy_.in_flight = 1;
  lifecycle_.Stop();
  lifecycle_.Stop();
  Pass(seconds(20));
  Pass(seconds(14));
  EXPECT_THAT(envoy_.signals, IsEmpty());
  Pass(seconds(1));
  EXPECT_THAT(envoy_.signals, ElementsAre(SIGTERM));
  EXPECT_EQ(envoy_.drains, 1);
}

TEST_F(LifecycleTest, TheWaitEndsWithTheLastRequest) {
  envoy_.in_flight = 1;
  lifecycle_.Stop();
  Pass(seconds(20));
  envoy_.in_flight = 0;
  Pass(milliseconds(200));
  envoy_.in_flight = 1;  // a connection that was between two requests
  Pass(milliseconds(200));
  envoy_.in_flight = 0;
  Pass(milliseconds(200));
  EXPECT_THAT(envoy_.signals, IsEmpty());
  Pass(milliseconds(200));
  EXPECT_THAT(envoy_.signals, ElementsAre(SIGTERM));
}

TEST_F(LifecycleTest, OneThatDoesNotEndIsKilled) {
  lifecycle_.StopNow();
  EXPECT_THAT(envoy_.signals, ElementsAre(SIGTERM));
  Pass(milliseconds(2'900));
  EXPECT_THAT(envoy_.signals, ElementsAre(SIGTERM));
  Pass(milliseconds(200));
  EXPECT_THAT(envoy_.signals, ElementsAre(SIGTERM, SIGKILL));
  lifecycle_.Exited(137);
  EXPECT_EQ(lifecycle_.exit_code(), 1);
}

TEST_F(LifecycleTest, OneThatCannotDrainIsEndedAtOnce) {
  envoy_.answers = false;
  lifecycle_.Stop();
  Pass(milliseconds(200));
  EXPECT_THAT(envoy_.signals, IsEmpty());
  Pass(milliseconds(200));
  EXPECT_EQ(envoy_.drains, 3);
  EXPECT_THAT(envoy_.signals, ElementsAre(SIGTERM));
}

TEST_F(LifecycleTest, OneThatEndsWhileItDrainsGivesItsCodeAndIsNotStartedAgain) {
  lifecycle_.Stop();
  Pass(seconds(1));
  lifecycle_.Exited(139);
  EXPECT_EQ(lifecycle_.exit_code(), 139);
  EXPECT_THAT(envoy_.starts, ElementsAre(0));
}

TEST_F(LifecycleTest, AStopBetweenTwoEnvoysIsTheEnd) {
  lifecycle_.Exited(1);
  lifecycle_.Stop();
  EXPECT_EQ(lifecycle_.exit_code(), 0);
}

}  // namespace
}  // namespace chancery::agent
