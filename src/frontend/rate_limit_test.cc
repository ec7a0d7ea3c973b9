#include "frontend/rate_limit.h"

#include <gtest/gtest.h>

namespace chancery::frontend {
namespace {

using std::chrono::milliseconds;

TEST(RateLimiter, TakesABurstAndThenWhatComesIn) {
  base::FakeClock clock;
  RateLimiter limiter(clock, {10, 3});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.Take("a"));
  EXPECT_EQ(limiter.Take("a").error().code, base::Code::kTooManyRequests);
  clock.Advance(milliseconds(99));
  EXPECT_FALSE(limiter.Take("a"));
  clock.Advance(milliseconds(2));
  EXPECT_TRUE(limiter.Take("a"));
  EXPECT_FALSE(limiter.Take("a"));
}

TEST(RateLimiter, AnIdleAccountHasNoMoreThanItsBurst) {
  base::FakeClock clock;
  RateLimiter limiter(clock, {10, 2});
  clock.Advance(std::chrono::hours(1));
  EXPECT_TRUE(limiter.Take("a"));
  EXPECT_TRUE(limiter.Take("a"));
  EXPECT_FALSE(limiter.Take("a"));
}

TEST(RateLimiter, AccountsDoNotTakeFromEachOther) {
  base::FakeClock clock;
  RateLimiter limiter(clock, {1, 1});
  EXPECT_TRUE(limiter.Take("a"));
  EXPECT_FALSE(limiter.Take("a"));
  EXPECT_TRUE(limiter.Take("b"));
  // A crowd of others neither grows without bound nor gives "a" a new bucket.
  for (int i = 0; i < 5000; ++i) EXPECT_TRUE(limiter.Take(std::to_string(i)));
  EXPECT_FALSE(limiter.Take("a"));
}

TEST(RateLimiter, ZeroIsNoLimit) {
  base::FakeClock clock;
  RateLimiter limiter(clock, {});
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(limiter.Take("a"));
}

}  // namespace
}  // namespace chancery::frontend
