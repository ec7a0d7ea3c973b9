#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "store/conformance_suite.h"

// Watches: whole transactions, in order, once, resumable at any point.
namespace chancery::store {
namespace {

using base::Code;

std::unique_ptr<Watcher> MustWatch(Store& store, Txn from, std::function<void(const TransactionPtr&)> callback) {
  auto watcher = store.Watch(from, std::move(callback));
  EXPECT_TRUE(watcher) << base::ToString(watcher.error());
  return watcher ? *std::move(watcher) : nullptr;
}

// What a reader that dies after `count` events has seen. Events that come before its end are lost to
// it, as they are to a process that is killed.
std::vector<TransactionPtr> WatchAndDie(Store& store, Txn from, size_t count) {
  base::Mutex mutex;
  base::CondVar changed;
  std::vector<TransactionPtr> seen;
  const auto watcher = MustWatch(store, from, [&](const TransactionPtr& transaction) {
    base::MutexLock lock(mutex);
    if (seen.size() < count) seen.push_back(transaction);
    changed.NotifyAll();
  });
  base::MutexLock lock(mutex);
  while (seen.size() < count) changed.Wait(mutex);
  return seen;
}

TEST_P(StoreConformance, AWatchGivesThePastThenThePresent) {
  CommitMany(store(), 5);
  Collector from_start;
  Collector from_middle;
  Collector from_now;
  const auto first = MustWatch(store(), 0, from_start.Callback());
  const auto second = MustWatch(store(), 3, from_middle.Callback());
  const auto third = MustWatch(store(), 5, from_now.Callback());
  CommitMany(store(), 5);
  ExpectSame(from_start.WaitFor(10), ReadHistory(store(), 1));
  ExpectSame(from_middle.WaitFor(7), ReadHistory(store(), 4));
  ExpectSame(from_now.WaitFor(5), ReadHistory(store(), 6));
}

TEST_P(StoreConformance, AWatchGivesTransactionsWithoutChangesToo) {
  Collector collector;
  const auto watcher = MustWatch(store(), 0, collector.Callback());
  MustCommit(store(), {Put("guard/a", "")});
  MustCommit(store(), {});
  const auto seen = collector.WaitFor(2);
  EXPECT_EQ(seen[0]->record.changes_size(), 0);
  EXPECT_EQ(seen[1]->txn, 2u);
}

TEST_P(StoreConformance, AFailedCommitIsNotSeen) {
  Collector collector;
  const auto watcher = MustWatch(store(), 0, collector.Callback());
  EXPECT_FALSE(store().Commit(BatchOf({Put("res/a", "1")}, {{"res/a", 1}})));
  MustCommit(store(), {Put("res/b", "1")});
  EXPECT_EQ(collector.WaitFor(1)[0]->record.changes(0).key(), "res/b");
}

TEST_P(StoreConformance, AWatchCutAtEveryEventResumesWithoutGapOrDuplicate) {
  constexpr size_t kTransactions = 10;
  CommitMany(store(), kTransactions);
  for (Txn from = 0; from <= kTransactions; ++from) {
    const std::vector<TransactionPtr> expected = ReadHistory(store(), from + 1);
    for (size_t cut = 0; cut <= expected.size(); ++cut) {
      std::vector<TransactionPtr> seen = WatchAndDie(store(), from, cut);
      const Txn last = seen.empty() ? from : seen.back()->txn;
      for (TransactionPtr& transaction : WatchAndDie(store(), last, expected.size() - cut)) {
        seen.push_back(std::move(transaction));
      }
      ExpectSame(seen, expected);
    }
  }
}

TEST_P(StoreConformance, AWatchCutWhileCommitsFlowResumesWithoutGapOrDuplicate) {
  constexpr size_t kTransactions = 200;
  std::thread writer([&] { CommitMany(store(), kTransactions); });
  std::vector<TransactionPtr> seen;
  while (seen.size() < kTransactions) {
    const size_t step = std::min(1 + seen.size() % 5, kTransactions - seen.size());
    for (TransactionPtr& transaction : WatchAndDie(store(), seen.empty() ? 0 : seen.back()->txn, step)) {
      seen.push_back(std::move(transaction));
    }
  }
  writer.join();
  ExpectSame(seen, ReadHistory(store(), 1));
}

TEST_P(StoreConformance, WatchesStartedDuringConcurrentCommitsSeeAll) {
  constexpr size_t kThreads = 4;
  constexpr size_t kEach = 50;
  std::vector<std::thread> writers;
  for (size_t i = 0; i < kThreads; ++i) {
    writers.emplace_back([this, i] {
      for (size_t n = 0; n < kEach; ++n) MustCommit(store(), {Put(fmt::format("res/{}", i), fmt::format("{}", n))});
    });
  }
  std::vector<Collector> collectors(5);
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (Collector& collector : collectors) watchers.push_back(MustWatch(store(), 0, collector.Callback()));
  for (std::thread& writer : writers) writer.join();
  const std::vector<TransactionPtr> history = ReadHistory(store(), 1);
  ASSERT_EQ(history.size(), kThreads * kEach);
  for (Collector& collector : collectors) ExpectSame(collector.WaitFor(history.size()), history);
}

TEST_P(StoreConformance, ASlowWatcherDelaysNeitherCommitsNorOtherWatchers) {
  Gate gate;
  Collector slow;
  const auto collect = slow.Callback();
  const auto slow_watcher = MustWatch(store(), 0, [&](const TransactionPtr& transaction) {
    gate.Pass();
    collect(transaction);
  });
  Collector fast;
  const auto fast_watcher = MustWatch(store(), 0, fast.Callback());
  CommitMany(store(), 100);
  ExpectSame(fast.WaitFor(100), ReadHistory(store(), 1));
  EXPECT_EQ(slow.Count(), 0u);
  gate.Open();
  ExpectSame(slow.WaitFor(100), ReadHistory(store(), 1));
}

TEST_P(StoreConformance, AWatchEndsWhileEventsFlow) {
  std::thread writer([&] { CommitMany(store(), 100); });
  for (int i = 0; i < 50; ++i) {
    bool is_alive = true;
    // Only the watcher's thread reads it before the watch has ended, and nobody after.
    auto watcher = MustWatch(store(), 0, [&is_alive](const TransactionPtr&) { EXPECT_TRUE(is_alive); });
    watcher.reset();
    is_alive = false;
  }
  writer.join();
}

TEST_P(StoreConformance, AWatchMayReadTheStore) {
  Collector versions;
  const auto collect = versions.Callback();
  const auto watcher = MustWatch(store(), 0, [&](const TransactionPtr& transaction) {
    EXPECT_GE(VersionOf(store(), transaction->record.changes(0).key()), transaction->txn);
    EXPECT_GE(store().Newest(), transaction->txn);
    collect(transaction);
  });
  CommitMany(store(), 20);
  versions.WaitFor(20);
}

TEST_P(StoreConformance, AWatchFromWhatIsCompactedIsRefused) {
  CommitMany(store(), 10);
  ASSERT_TRUE(store().Compact(5));
  const auto refused = store().Watch(4, [](const TransactionPtr&) {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kCompacted);
  Collector collector;
  const auto watcher = MustWatch(store(), 5, collector.Callback());
  ExpectSame(collector.WaitFor(5), ReadHistory(store(), 6));
}

TEST_P(StoreConformance, CompactionWaitsForARunningWatch) {
  Gate gate;
  Collector collector;
  const auto collect = collector.Callback();
  CommitMany(store(), 10);
  auto watcher = MustWatch(store(), 2, [&](const TransactionPtr& transaction) {
    gate.Pass();
    collect(transaction);
  });
  gate.AwaitArrivals(1);
  ASSERT_TRUE(store().Compact(8));
  EXPECT_EQ(store().ReadTransaction(2).error().code, Code::kCompacted);
  const std::vector<TransactionPtr> expected = ReadHistory(store(), 3);
  gate.Open();
  ExpectSame(collector.WaitFor(8), expected);
  watcher.reset();
  ASSERT_TRUE(store().Compact(8));
  EXPECT_EQ(store().ReadTransaction(8).error().code, Code::kCompacted);
}

}  // namespace
}  // namespace chancery::store
