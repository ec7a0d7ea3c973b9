#include "store/group_committer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "store/conformance_suite.h"

namespace chancery::store {
namespace {

// Answers with rising numbers; the first group waits for the gate.
class Recorder {
 public:
  std::vector<base::Result<Txn>> Commit(const std::vector<Batch>& batches) {
    group_sizes.push_back(batches.size());
    if (group_sizes.size() == 1) gate.Pass();
    std::vector<base::Result<Txn>> answers;
    for (size_t i = 0; i < batches.size(); ++i) answers.emplace_back(++next);
    return answers;
  }

  Gate gate;
  Txn next = 0;
  std::vector<size_t> group_sizes;
};

TEST(GroupCommitter, TakesAllThatWaitAsOneGroupAndRefusesBeyondTheBound) {
  constexpr size_t kMax = 3;
  Recorder recorder;
  Gate refused;
  refused.Open();
  std::atomic<size_t> committed{0};
  {
    GroupCommitter committer(kMax, [&](std::vector<Batch> batches) { return recorder.Commit(batches); }, [] {});
    std::thread first([&] { EXPECT_TRUE(committer.Commit(BatchOf({}))); });
    recorder.gate.AwaitArrivals(1);
    std::vector<std::thread> others;
    for (size_t i = 0; i < kMax + 1; ++i) {
      others.emplace_back([&] {
        const auto txn = committer.Commit(BatchOf({}));
        if (txn) {
          ++committed;
        } else {
          EXPECT_EQ(txn.error().code, base::Code::kUnavailable);
          EXPECT_EQ(txn.error().message, "3 commits wait already: try again later");
          refused.Pass();
        }
      });
    }
    // Somebody was refused: the queue is full.
    refused.AwaitArrivals(1);
    recorder.gate.Open();
    first.join();
    for (std::thread& other : others) other.join();
  }
  EXPECT_EQ(recorder.group_sizes, (std::vector<size_t>{1, kMax}));
  EXPECT_EQ(committed, kMax);
}

TEST(GroupCommitter, RunsTasksBetweenGroupsAndServesThoseWhoWaitWhenItEnds) {
  Recorder recorder;
  recorder.gate.Open();
  int after_groups = 0;
  {
    GroupCommitter committer(
        10, [&](std::vector<Batch> batches) { return recorder.Commit(batches); }, [&] { ++after_groups; });
    EXPECT_EQ(*committer.Commit(BatchOf({})), 1u);
    EXPECT_TRUE(committer.Run([] { return base::Status::Ok(); }));
    const auto failed = committer.Run([]() -> base::Status { return base::Error{base::Code::kInternal, "no", {}}; });
    EXPECT_EQ(failed.error().message, "no");
    EXPECT_EQ(*committer.Commit(BatchOf({})), 2u);
  }
  EXPECT_EQ(after_groups, 4);
}

}  // namespace
}  // namespace chancery::store
