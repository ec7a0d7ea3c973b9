#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "store/conformance_suite.h"

// Many writers at once: what guard keys are for (architecture: a rule is checked on what was read,
// and its guards go into the preconditions).
namespace chancery::store {
namespace {

using base::Code;

constexpr size_t kThreads = 8;

void RunThreads(const std::function<void(size_t)>& body) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

TEST_P(StoreConformance, ConcurrentCommitsGetDistinctRisingNumbers) {
  constexpr size_t kEach = 40;
  std::vector<std::vector<Txn>> numbers(kThreads);
  RunThreads([&](size_t i) {
    for (size_t n = 0; n < kEach; ++n) {
      numbers[i].push_back(MustCommit(store(), {Put(fmt::format("res/{}", i), fmt::format("{}", n))}));
      // Reads and Newest() see what has returned.
      EXPECT_EQ(VersionOf(store(), fmt::format("res/{}", i)), numbers[i].back());
      EXPECT_GE(store().Newest(), numbers[i].back());
    }
  });
  std::map<Txn, size_t> owner;
  for (size_t i = 0; i < kThreads; ++i) {
    EXPECT_TRUE(std::is_sorted(numbers[i].begin(), numbers[i].end()));
    for (const Txn txn : numbers[i]) EXPECT_TRUE(owner.emplace(txn, i).second) << "twice: " << txn;
  }
  EXPECT_EQ(owner.begin()->first, 1u);
  EXPECT_EQ(owner.rbegin()->first, kThreads * kEach);
  for (const auto& [txn, i] : owner) {
    const auto transaction = store().ReadTransaction(txn);
    ASSERT_TRUE(transaction);
    EXPECT_EQ((*transaction)->record.changes(0).key(), fmt::format("res/{}", i));
  }
}

TEST_P(StoreConformance, NoUpdateIsLostBehindAGuard) {
  constexpr int kEach = 25;
  MustCommit(store(), {Put("guard", ""), Put("res/counter", "0")});
  std::vector<std::map<Txn, Txn>> won(kThreads);
  RunThreads([&](size_t i) {
    for (int done = 0; done < kEach;) {
      const Txn guard = VersionOf(store(), "guard");
      const int counter = std::stoi(MustRead(store(), "res/counter")->value());
      const auto txn = store().Commit(
          BatchOf({Put("guard", ""), Put("res/counter", fmt::format("{}", counter + 1))}, {{"guard", guard}}));
      if (!txn) {
        ASSERT_EQ(txn.error().code, Code::kLostRace);
        continue;
      }
      won[i][guard] = *txn;
      ++done;
    }
  });
  EXPECT_EQ(MustRead(store(), "res/counter")->value(), fmt::format("{}", kThreads * kEach));
  // One winner for each version of the guard, and each winner made the next version.
  std::map<Txn, Txn> next;
  for (const auto& wins : won) {
    for (const auto& [guard, txn] : wins) EXPECT_TRUE(next.emplace(guard, txn).second) << "two won version " << guard;
  }
  Txn version = 1;
  for (size_t i = 0; i < kThreads * kEach; ++i) version = next[version];
  EXPECT_EQ(version, VersionOf(store(), "guard"));
}

TEST_P(StoreConformance, OfManyCreatorsOneWins) {
  for (int round = 0; round < 20; ++round) {
    const std::string key = fmt::format("res/{}", round);
    std::vector<int> won(kThreads);
    RunThreads([&](size_t i) {
      const auto txn = store().Commit(BatchOf({Put(key, fmt::format("{}", i))}, {{key, 0}}));
      won[i] = txn ? 1 : 0;
      if (!txn) {
        EXPECT_EQ(txn.error().code, Code::kLostRace);
      }
    });
    size_t winners = 0;
    for (size_t i = 0; i < kThreads; ++i) {
      if (won[i] == 0) continue;
      ++winners;
      EXPECT_EQ(MustRead(store(), key)->value(), fmt::format("{}", i));
    }
    EXPECT_EQ(winners, 1u);
  }
  EXPECT_EQ(store().Newest(), 20u);
}

// A route may be added only while its router has a listener, and the listener may go only while there
// is no route. Each writer reads what the other one writes: without the guard both would pass.
TEST_P(StoreConformance, PhantomsCannotSlipThroughAGuard) {
  for (int round = 0; round < 50; ++round) {
    const std::string router = fmt::format("res/router/{}", round);
    const std::string route = fmt::format("res/route/{}/r", round);
    const std::string guard = fmt::format("guard/router/{}", round);
    const Txn created = MustCommit(store(), {Put(router, "with listener"), Put(guard, "")});
    Gate checked;
    base::Result<Txn> added = base::Error{};
    base::Result<Txn> removed = base::Error{};
    std::thread adds([&] {
      EXPECT_EQ(MustRead(store(), router)->value(), "with listener");
      const Txn seen = VersionOf(store(), guard);
      checked.Pass();
      added = store().Commit(BatchOf({Put(route, ""), Put(guard, "")}, {{guard, seen}}));
    });
    std::thread removes([&] {
      EXPECT_TRUE(store().Scan(fmt::format("res/route/{}/", round), "", 1)->entries.empty());
      const Txn seen = VersionOf(store(), guard);
      checked.Pass();
      removed = store().Commit(BatchOf({Put(router, "without"), Put(guard, "")}, {{guard, seen}}));
    });
    // Both have validated before either commits.
    checked.AwaitArrivals(2);
    checked.Open();
    adds.join();
    removes.join();
    ASSERT_NE(added.has_value(), removed.has_value());
    EXPECT_EQ((added ? removed : added).error().code, Code::kLostRace);
    EXPECT_EQ(MustRead(store(), route).has_value(), added.has_value());
    EXPECT_EQ(MustRead(store(), router)->value(), added ? "with listener" : "without");
    EXPECT_EQ(VersionOf(store(), guard), created + 1);
  }
}

// A reader sees a commit whole or not at all.
TEST_P(StoreConformance, ScansSeeWholeCommits) {
  MustCommit(store(), {Put("p/a", "0"), Put("p/b", "0")});
  std::thread writer([&] {
    for (int i = 1; i <= 100; ++i) {
      const std::string value = fmt::format("{}", i);
      MustCommit(store(), {Put("p/a", value), Put("p/b", value)});
    }
  });
  for (Txn seen = 0; seen <= 100;) {
    const auto page = store().Scan("p/", "", 10);
    ASSERT_TRUE(page);
    ASSERT_EQ(page->entries.size(), 2u);
    EXPECT_EQ(page->entries[0].value(), page->entries[1].value());
    EXPECT_GE(page->entries[0].version(), seen);
    seen = page->entries[0].version();
  }
  writer.join();
}

}  // namespace
}  // namespace chancery::store
