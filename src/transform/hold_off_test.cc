#include "transform/hold_off.h"

#include <gtest/gtest.h>

namespace chancery::transform {
namespace {

using std::chrono::milliseconds;

TEST(HoldOff, TheFirstChangeGoesAtOnce) {
  base::FakeClock clock;
  HoldOff hold_off;
  EXPECT_EQ(hold_off.ReadyAt(clock.Now()), clock.Now());
}

TEST(HoldOff, AChangeAfterQuietGoesAtOnce) {
  base::FakeClock clock;
  HoldOff hold_off;
  hold_off.Compiled(clock.Now());
  clock.Advance(milliseconds(500));
  EXPECT_EQ(hold_off.ReadyAt(clock.Now()), clock.Now());
  hold_off.Compiled(clock.Now());
  EXPECT_EQ(hold_off.hold(), milliseconds(0));
}

TEST(HoldOff, GrowsUnderChurnUpToAMaximumAndEndsWithIt) {
  base::FakeClock clock;
  HoldOff hold_off;
  auto last = milliseconds(0);
  for (int i = 0; i < 20; ++i) {
    hold_off.Compiled(clock.Now());
    EXPECT_GE(hold_off.hold(), last);
    EXPECT_LE(hold_off.hold(), HoldOff::kMost);
    last = hold_off.hold();
    const auto ready = hold_off.ReadyAt(clock.Now());
    EXPECT_EQ(ready, clock.Now() + hold_off.hold());
    clock.Advance(ready - clock.Now());
  }
  EXPECT_EQ(last, HoldOff::kMost);
  clock.Advance(std::chrono::seconds(1));
  hold_off.Compiled(clock.Now());
  EXPECT_EQ(hold_off.hold(), milliseconds(0));
}

}  // namespace
}  // namespace chancery::transform
