#pragma once

#include <chrono>

namespace chancery::base {

// The two clocks of the process behind one seam. Thread-safe.
class Clock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using WallTime = std::chrono::system_clock::time_point;

  virtual ~Clock() = default;
  // For intervals and deadlines; never goes back.
  virtual TimePoint Now() const = 0;
  // For records and people; may jump.
  virtual WallTime WallNow() const = 0;

  // The machine's clocks; lives as long as the process.
  static const Clock& System();
};

// A clock that stands still until a test moves it. Confined to the test's thread.
class FakeClock : public Clock {
 public:
  TimePoint Now() const override { return TimePoint(elapsed_); }
  WallTime WallNow() const override { return WallTime(std::chrono::hours(24 * 20000) + elapsed_); }
  void Advance(std::chrono::nanoseconds by) { elapsed_ += std::chrono::duration_cast<TimePoint::duration>(by); }

 private:
  TimePoint::duration elapsed_{std::chrono::seconds(1)};
};

}  // namespace chancery::base
