#include "agent/stats_snapshots.h"

#include <gtest/gtest.h>

namespace chancery::agent {
namespace {

std::string Counter(int value) { return "# TYPE c counter\nc{} " + std::to_string(value) + "\n"; }

TEST(StatsSnapshotsTest, TheFirstCountsFromZeroAndEachNextFromTheOneBefore) {
  StatsSnapshots snapshots;
  EXPECT_EQ(snapshots.Delta(), std::nullopt);
  snapshots.Take(Counter(5));
  EXPECT_EQ(WritePrometheus(*snapshots.Delta()), Counter(5));
  snapshots.Take(Counter(7));
  EXPECT_EQ(WritePrometheus(*snapshots.Delta()), Counter(2));
}

TEST(StatsSnapshotsTest, ANewEnvoyCountsFromZero) {
  StatsSnapshots snapshots;
  snapshots.Take(Counter(5));
  snapshots.Reset();
  EXPECT_EQ(WritePrometheus(*snapshots.Delta()), Counter(5));
  snapshots.Take(Counter(9));
  EXPECT_EQ(WritePrometheus(*snapshots.Delta()), Counter(9));
}

}  // namespace
}  // namespace chancery::agent
