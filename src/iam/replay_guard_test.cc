#include "iam/replay_guard.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace chancery::iam {
namespace {

using base::Code;
using std::chrono::minutes;
using std::chrono::seconds;

class ReplayGuardTest : public ::testing::Test {
 protected:
  std::chrono::sys_seconds In(seconds time) const { return std::chrono::floor<seconds>(clock_.WallNow()) + time; }

  // Signed now.
  base::Status FirstTime(ReplayGuard& guard, std::string_view signature, std::chrono::sys_seconds until) const {
    return guard.FirstTime(signature, In(seconds(0)), until);
  }

  base::FakeClock clock_;
};

TEST_F(ReplayGuardTest, KnowsASignatureUntilItIsInvalid) {
  ReplayGuard guard(clock_);
  const std::chrono::sys_seconds until = In(minutes(5));
  EXPECT_TRUE(FirstTime(guard, "a", until));
  EXPECT_TRUE(FirstTime(guard, "b", until));
  const base::Status again = FirstTime(guard, "a", until);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kInvalidSignature);
  clock_.Advance(minutes(5));
  EXPECT_FALSE(FirstTime(guard, "a", until));
}

TEST_F(ReplayGuardTest, ForgetsWhatHasExpired) {
  ReplayGuard guard(clock_);
  ASSERT_TRUE(FirstTime(guard, "a", In(minutes(5))));
  ASSERT_TRUE(FirstTime(guard, "b", In(minutes(10))));
  EXPECT_EQ(guard.size(), 2u);
  clock_.Advance(minutes(5) + seconds(1));
  EXPECT_TRUE(FirstTime(guard, "c", In(minutes(5))));
  EXPECT_EQ(guard.size(), 2u);
  EXPECT_FALSE(FirstTime(guard, "b", In(minutes(5))));
}

TEST_F(ReplayGuardTest, WhatWasTakenBackMayComeAgainOnce) {
  ReplayGuard guard(clock_, {.capacity = 3});
  const std::chrono::sys_seconds until = In(minutes(5));
  ASSERT_TRUE(FirstTime(guard, "a", until));
  guard.Forget("a");
  EXPECT_EQ(guard.size(), 0u);
  EXPECT_TRUE(FirstTime(guard, "a", until));
  EXPECT_FALSE(FirstTime(guard, "a", until));
  // Nor does it make room without bound.
  guard.Forget("a");
  ASSERT_TRUE(FirstTime(guard, "a", until));
  guard.Forget("a");
  const base::Status full = FirstTime(guard, "a", until);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::kTooManyRequests);
}

// It was verified before it expired and reaches the guard after it was forgotten.
TEST_F(ReplayGuardTest, RefusesWhatExpiredOnTheWay) {
  ReplayGuard guard(clock_);
  const std::chrono::sys_seconds until = In(seconds(1));
  ASSERT_TRUE(FirstTime(guard, "a", until));
  clock_.Advance(seconds(2));
  const base::Status late = FirstTime(guard, "a", until);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kInvalidSignature);
  EXPECT_EQ(FirstTime(guard, "never seen", until).error().code, Code::kInvalidSignature);
}

TEST_F(ReplayGuardTest, RefusesWhatHoldsTooLong) {
  ReplayGuard guard(clock_);
  EXPECT_TRUE(FirstTime(guard, "a", In(minutes(15))));
  const base::Status status = FirstTime(guard, "b", In(minutes(15) + seconds(1)));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kInvalidSignature);
  EXPECT_EQ(guard.size(), 1u);
}

// Another process may have seen it, and nobody remembers.
TEST_F(ReplayGuardTest, RefusesWhatWasSignedBeforeItBegan) {
  const std::chrono::sys_seconds before = In(seconds(0));
  clock_.Advance(seconds(1));
  ReplayGuard guard(clock_);
  EXPECT_EQ(guard.FirstTime("a", before, In(minutes(5))).error().code, Code::kUnavailable);
  EXPECT_EQ(guard.size(), 0u);
  EXPECT_TRUE(guard.FirstTime("b", In(seconds(0)), In(minutes(5))));
  clock_.Advance(minutes(1));
  EXPECT_FALSE(guard.FirstTime("a", before, In(minutes(4))));
}

TEST_F(ReplayGuardTest, RefusesRatherThanForgetsWhenFull) {
  ReplayGuard guard(clock_, {.capacity = 3});
  for (const char* signature : {"a", "b", "c"}) ASSERT_TRUE(FirstTime(guard, signature, In(minutes(5))));
  const base::Status full = FirstTime(guard, "d", In(minutes(5)));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::kTooManyRequests);
  // What it knows it still knows, and a refused one is not remembered.
  EXPECT_EQ(FirstTime(guard, "a", In(minutes(5))).error().code, Code::kInvalidSignature);
  EXPECT_EQ(guard.size(), 3u);
  clock_.Advance(minutes(6));
  EXPECT_TRUE(FirstTime(guard, "d", In(minutes(5))));
  EXPECT_EQ(guard.size(), 1u);
}

TEST_F(ReplayGuardTest, ShrinksCallByCall) {
  ReplayGuard guard(clock_, {.capacity = 100});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(FirstTime(guard, std::to_string(i), In(minutes(5))));
  clock_.Advance(minutes(6));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(FirstTime(guard, "new" + std::to_string(i), In(minutes(5))));
  EXPECT_EQ(guard.size(), 10u);
}

TEST_F(ReplayGuardTest, OneOfManyThreadsIsFirst) {
  ReplayGuard guard(clock_);
  const std::chrono::sys_seconds until = In(minutes(5));
  std::atomic<int> first = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 500; ++j) first += FirstTime(guard, std::to_string(j), until).has_value() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(first, 500);
  EXPECT_EQ(guard.size(), 500u);
}

}  // namespace
}  // namespace chancery::iam
