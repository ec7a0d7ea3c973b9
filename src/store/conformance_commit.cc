#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "store/batch.h"
#include "store/conformance_suite.h"

// Commits, reads, scans and the history.
namespace chancery::store {
namespace {

using base::Code;

TEST_P(StoreConformance, AnEmptyStoreHasNothing) {
  EXPECT_EQ(store().Newest(), 0u);
  EXPECT_EQ(store().Epoch(), 1u);
  EXPECT_EQ(MustRead(store(), "res/a"), std::nullopt);
  const auto page = store().Scan("", "", 10);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->entries.empty());
  EXPECT_FALSE(page->more);
  EXPECT_EQ(store().ReadTransaction(0).error().code, Code::kNotFound);
  EXPECT_EQ(store().ReadTransaction(1).error().code, Code::kNotFound);
}

TEST_P(StoreConformance, ReadsWhatWasCommittedWithItsTransactionAsVersion) {
  const std::string bytes("\0\xff/\n", 4);
  EXPECT_EQ(MustCommit(store(), {Put("a", bytes), Put("b", "")}), 1u);
  EXPECT_EQ(MustRead(store(), "a"), (Entry{"a", bytes, 1}));
  EXPECT_EQ(MustRead(store(), "b"), (Entry{"b", "", 1}));
  EXPECT_EQ(MustCommit(store(), {Put("a", "new")}), 2u);
  EXPECT_EQ(MustRead(store(), "a"), (Entry{"a", "new", 2}));
  EXPECT_EQ(VersionOf(store(), "b"), 1u);
  EXPECT_EQ(MustCommit(store(), {Erase("a")}), 3u);
  EXPECT_EQ(MustRead(store(), "a"), std::nullopt);
  EXPECT_EQ(store().Newest(), 3u);
}

TEST_P(StoreConformance, TheLastWriteToAKeyHolds) {
  MustCommit(store(), {Put("res/a", "1"), Erase("res/a"), Put("res/a", "2"), Put("res/b", "1"), Erase("res/b")});
  EXPECT_EQ(MustRead(store(), "res/a"), (Entry{"res/a", "2", 1}));
  EXPECT_EQ(MustRead(store(), "res/b"), std::nullopt);
  const auto transaction = store().ReadTransaction(1);
  ASSERT_TRUE(transaction);
  ASSERT_EQ((*transaction)->record.changes_size(), 1);
  EXPECT_EQ((*transaction)->record.changes(0).after(), "2");
}

TEST_P(StoreConformance, AnEmptyBatchIsATransaction) {
  EXPECT_EQ(MustCommit(store(), {}), 1u);
  const auto transaction = store().ReadTransaction(1);
  ASSERT_TRUE(transaction);
  EXPECT_EQ((*transaction)->record.operation(), "Test");
  EXPECT_EQ((*transaction)->record.changes_size(), 0);
}

TEST_P(StoreConformance, PreconditionsHoldVersionsAndAbsence) {
  MustCommit(store(), {Put("a", "1")});
  const auto commit = [this](std::vector<Precondition> preconditions) {
    const auto txn = store().Commit(BatchOf({Put("b", "1")}, std::move(preconditions)));
    return txn ? std::nullopt : std::optional<Code>(txn.error().code);
  };
  EXPECT_EQ(commit({{"a", 0}}), Code::kLostRace);
  EXPECT_EQ(commit({{"a", 2}}), Code::kLostRace);
  EXPECT_EQ(commit({{"absent", 1}}), Code::kLostRace);
  EXPECT_EQ(commit({{"a", 1}, {"absent", 1}}), Code::kLostRace);
  EXPECT_EQ(MustRead(store(), "b"), std::nullopt);
  EXPECT_EQ(commit({{"a", 1}, {"absent", 0}}), std::nullopt);
  // Deleted and put again is another version.
  MustCommit(store(), {Erase("a")});
  EXPECT_EQ(commit({{"a", 1}}), Code::kLostRace);
  MustCommit(store(), {Put("a", "1")});
  EXPECT_EQ(commit({{"a", 1}}), Code::kLostRace);
}

TEST_P(StoreConformance, AFailedPreconditionLeavesNothingAndConsumesNoTransaction) {
  MustCommit(store(), {Put("res/a", "1")});
  const auto lost = store().Commit(BatchOf({Put("res/a", "2"), Erase("res/a"), Put("res/b", "1")}, {{"res/a", 7}}));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::kLostRace);
  EXPECT_EQ(lost.error().message, "'res/a' is at version 1, not 7");
  EXPECT_EQ(MustRead(store(), "res/a"), (Entry{"res/a", "1", 1}));
  EXPECT_EQ(MustRead(store(), "res/b"), std::nullopt);
  EXPECT_EQ(store().Newest(), 1u);
  EXPECT_EQ(MustCommit(store(), {Put("res/b", "1")}), 2u);
}

TEST_P(StoreConformance, RefusesABatchThatCannotBeKept) {
  const std::string long_key(kMaxKeyBytes + 1, 'k');
  std::vector<Batch> refused = {
      BatchOf({Put("", "1")}),
      BatchOf({Put(long_key, "1")}),
      BatchOf({Erase(long_key)}),
      BatchOf({}, {{"", 0}}),
      BatchOf({Put("res/\xff", "1")}),
      BatchOf({Put("a", std::string(kMaxBatchBytes + 1, 'v'))}),
      BatchOf({}),
      BatchOf({}),
  };
  refused[6].actor = "\xc3(";
  refused[7].operation = "\xed\xa0\x80";
  for (Batch& batch : refused) {
    const auto txn = store().Commit(std::move(batch));
    ASSERT_FALSE(txn);
    EXPECT_EQ(txn.error().code, Code::kBadRequest);
  }
  EXPECT_EQ(store().Newest(), 0u);
  MustCommit(store(), {Put(std::string(kMaxKeyBytes, 'k'), "1"), Put("res/\xf0\x9f\x9a\x80 \xc3\xa4", "1")});
}

TEST_P(StoreConformance, ScansAPrefixInByteOrder) {
  MustCommit(store(), {Put("p/b", "2"), Put("p/a", "1"), Put("p", "x"), Put("p0", "x"), Put("p/\xff", "4"),
                       Put(std::string("p/a\0", 4), "1.0"), Put("o", "x")});
  const auto page = store().Scan("p/", "", 10);
  ASSERT_TRUE(page);
  EXPECT_FALSE(page->more);
  EXPECT_EQ(
      page->entries,
      (std::vector<Entry>{{"p/a", "1", 1}, {std::string("p/a\0", 4), "1.0", 1}, {"p/b", "2", 1}, {"p/\xff", "4", 1}}));
  EXPECT_EQ(store().Scan("", "", 10)->entries.size(), 7u);
  EXPECT_EQ(store().Scan("p/", "p/a", 10)->entries.size(), 3u);
  // A start before, at the end of, and behind the prefix.
  EXPECT_EQ(store().Scan("p/", "a", 10)->entries.size(), 4u);
  EXPECT_EQ(store().Scan("p/", "p/\xff", 10)->entries.size(), 0u);
  EXPECT_EQ(store().Scan("p/", "q", 10)->entries.size(), 0u);
}

TEST_P(StoreConformance, PagesGiveEachEntryOnce) {
  std::vector<Write> writes;
  for (int i = 0; i < 25; ++i) writes.push_back(Put(fmt::format("p/{:02}", i), ""));
  writes.push_back(Put("q", ""));
  MustCommit(store(), writes);
  for (const size_t limit : {1u, 5u, 24u, 25u, 26u}) {
    std::vector<std::string> keys;
    for (std::string after;;) {
      const auto page = store().Scan("p/", after, limit);
      ASSERT_TRUE(page);
      ASSERT_LE(page->entries.size(), limit);
      for (const Entry& entry : page->entries) keys.push_back(entry.key());
      if (!page->more) break;
      ASSERT_EQ(page->entries.size(), limit);
      after = keys.back();
    }
    ASSERT_EQ(keys.size(), 25u) << "limit " << limit;
    for (size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(keys[i], fmt::format("p/{:02}", i));
  }
}

TEST_P(StoreConformance, TheLimitOfAScanIsChecked) {
  EXPECT_EQ(store().Scan("", "", 0).error().code, Code::kBadRequest);
  EXPECT_EQ(store().Scan("", "", kMaxScan + 1).error().code, Code::kBadRequest);
  EXPECT_TRUE(store().Scan("", "", kMaxScan));
}

TEST_P(StoreConformance, TheHistoryHoldsResourcesBeforeAndAfter) {
  MustCommit(store(), {Put("res/b", "1"), Put("res/a", ""), Put("guard/a", ""), Put("idem/a", "x")});
  MustCommit(store(), {Put("res/b", "2"), Erase("res/a"), Erase("res/absent")});
  const auto first = store().ReadTransaction(1);
  ASSERT_TRUE(first);
  EXPECT_EQ((*first)->txn, 1u);
  EXPECT_EQ((*first)->record.DebugString(),
            "time_ms: 1000\nactor: \"tester\"\noperation: \"Test\"\n"
            "changes {\n  key: \"res/a\"\n  after: \"\"\n}\n"
            "changes {\n  key: \"res/b\"\n  after: \"1\"\n}\n");
  const auto second = store().ReadTransaction(2);
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->record.DebugString(),
            "time_ms: 1000\nactor: \"tester\"\noperation: \"Test\"\n"
            "changes {\n  key: \"res/a\"\n  before: \"\"\n}\n"
            "changes {\n  key: \"res/b\"\n  before: \"1\"\n  after: \"2\"\n}\n");
}

TEST_P(StoreConformance, CompactionForgetsTheHistoryButNotTheState) {
  CommitMany(store(), 10);
  ASSERT_TRUE(store().Compact(5));
  EXPECT_EQ(store().ReadTransaction(5).error().code, Code::kCompacted);
  EXPECT_EQ(store().ReadTransaction(1).error().code, Code::kCompacted);
  EXPECT_EQ(ReadHistory(store(), 6).size(), 5u);
  EXPECT_EQ(store().ReadTransaction(11).error().code, Code::kNotFound);
  EXPECT_EQ(store().ReadTransaction(std::numeric_limits<Txn>::max()).error().code, Code::kNotFound);
  EXPECT_EQ(store().Scan("res/", "", 100)->entries.size(), 7u);
  // Less than before changes nothing; more than there is keeps the newest.
  ASSERT_TRUE(store().Compact(2));
  EXPECT_EQ(ReadHistory(store(), 6).size(), 5u);
  ASSERT_TRUE(store().Compact(std::numeric_limits<Txn>::max()));
  EXPECT_EQ(store().ReadTransaction(9).error().code, Code::kCompacted);
  EXPECT_EQ(ReadHistory(store(), 10).size(), 1u);
  EXPECT_EQ(MustCommit(store(), {}), 11u);
}

TEST_P(StoreConformance, CompactingAnEmptyStoreIsNothing) {
  ASSERT_TRUE(store().Compact(5));
  EXPECT_EQ(MustCommit(store(), {}), 1u);
  EXPECT_TRUE(store().ReadTransaction(1));
}

}  // namespace
}  // namespace chancery::store
