#include "store/memory_store.h"

#include <gtest/gtest.h>

#include "store/conformance_suite.h"

namespace chancery::store {
namespace {

using base::Code;

INSTANTIATE_TEST_SUITE_P(
    Memory, StoreConformance,
    testing::Values(StoreMaker{"Plain", [](const auto&) { return std::make_unique<MemoryStore>(); }},
                    StoreMaker{"TinyWatchMemory",
                               [](const auto&) { return std::make_unique<MemoryStore>(kTinyWatchMemory); }}),
    MakerName);

TEST(MemoryStore, FailsCommitsWhenTold) {
  MemoryStore store;
  store.FailNextCommits(2);
  EXPECT_EQ(store.Commit(BatchOf({Put("a", "1")})).error().code, Code::kUnavailable);
  EXPECT_EQ(store.Commit(BatchOf({Put("a", "1")})).error().code, Code::kUnavailable);
  EXPECT_EQ(MustRead(store, "a"), std::nullopt);
  EXPECT_EQ(MustCommit(store, {Put("a", "1")}), 1u);
}

TEST(MemoryStore, LosesRacesWhenTold) {
  MemoryStore store;
  store.LoseNextRaces(1);
  EXPECT_EQ(MustCommit(store, {Put("a", "1")}), 1u);
  EXPECT_EQ(store.Commit(BatchOf({Put("a", "2")}, {{"a", 1}})).error().code, Code::kLostRace);
  EXPECT_EQ(MustCommit(store, {Put("a", "2")}, {{"a", 1}}), 2u);
}

TEST(MemoryStore, FailsReadsWhenTold) {
  MemoryStore store;
  MustCommit(store, {Put("a", "1")});
  store.FailNextReads(2);
  EXPECT_EQ(store.Read("a").error().code, Code::kUnavailable);
  EXPECT_EQ(store.Scan("", "", 1).error().code, Code::kUnavailable);
  EXPECT_EQ(VersionOf(store, "a"), 1u);
}

}  // namespace
}  // namespace chancery::store
