#include "frontend/unit_of_work.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "store/memory_store.h"

namespace chancery::frontend {
namespace {

using std::chrono::microseconds;

class RunMutationTest : public ::testing::Test {
 protected:
  base::Result<Outcome> Run() {
    const auto attempt = [](UnitOfWork& work) -> base::Result<Outcome> {
      if (const auto read = work.ReadEntry("k"); !read) return read.error();
      work.Write("k", "v");
      return Outcome{"done"};
    };
    return RunMutation(store_, 1, {}, attempt, [this](microseconds time) { pauses_.push_back(time); });
  }

  store::MemoryStore store_;
  std::vector<microseconds> pauses_;
};

TEST_F(RunMutationTest, WithoutARaceItDoesNotPause) {
  ASSERT_TRUE(Run());
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(RunMutationTest, EachLostRaceIsFollowedByARandomPause) {
  for (int round = 0; round < 100; ++round) {
    pauses_.clear();
    store_.LoseNextRaces(19);
    ASSERT_TRUE(Run());
    ASSERT_EQ(pauses_.size(), 19u);
    for (size_t i = 0; i < pauses_.size(); ++i) {
      EXPECT_GE(pauses_[i], microseconds(0));
      EXPECT_LT(pauses_[i], microseconds(i < 5 ? 1000 << i : 32000)) << i;
    }
    EXPECT_GT(std::set<microseconds>(pauses_.begin(), pauses_.end()).size(), 10u);
  }
}

TEST_F(RunMutationTest, AfterTwentyLostRacesItGivesUpWithoutAPause) {
  store_.LoseNextRaces(20);
  const auto outcome = Run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, base::Code::kUnavailable);
  EXPECT_EQ(pauses_.size(), 19u);
}

}  // namespace
}  // namespace chancery::frontend
