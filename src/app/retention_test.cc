#include "app/retention.h"

#include <gtest/gtest.h>

#include <string>

#include "store/memory_store.h"

namespace chancery::app {
namespace {

using std::chrono::hours;

constexpr int64_t kHour = 3'600'000;

void CommitAt(store::Store& store, int64_t time_ms) {
  store::Batch batch;
  batch.time_ms = time_ms;
  batch.writes.push_back({"res/mesh/000000000000/m", std::to_string(time_ms)});
  ASSERT_TRUE(store.Commit(std::move(batch)));
}

bool Kept(const store::Store& store, store::Txn txn) { return store.ReadTransaction(txn).has_value(); }

TEST(Retention, ForgetsByAgeAndKeepsTheRest) {
  store::MemoryStore store;
  for (int hour = 1; hour <= 10; ++hour) CommitAt(store, hour * kHour);
  ASSERT_TRUE(ForgetHistory(store, 12 * kHour, {hours(5), 1000}));
  EXPECT_FALSE(Kept(store, 6));
  EXPECT_TRUE(Kept(store, 7));
  EXPECT_TRUE(Kept(store, 10));
  ASSERT_TRUE(ForgetHistory(store, 12 * kHour, {hours(5), 1000})) << "nothing more to do";
  EXPECT_TRUE(Kept(store, 7));
}

TEST(Retention, ForgetsByNumber) {
  store::MemoryStore store;
  for (int hour = 1; hour <= 10; ++hour) CommitAt(store, hour * kHour);
  ASSERT_TRUE(ForgetHistory(store, 12 * kHour, {hours(1000), 3}));
  EXPECT_FALSE(Kept(store, 7));
  EXPECT_TRUE(Kept(store, 8));
}

TEST(Retention, KeepsTheNewestHoweverOld) {
  store::MemoryStore store;
  CommitAt(store, kHour);
  CommitAt(store, kHour);
  ASSERT_TRUE(ForgetHistory(store, 10'000 * kHour, {hours(1), 1000}));
  EXPECT_FALSE(Kept(store, 1));
  EXPECT_TRUE(Kept(store, 2));
}

TEST(Retention, AnEmptyStoreHasNothingToForget) {
  store::MemoryStore store;
  EXPECT_TRUE(ForgetHistory(store, kHour, {hours(1), 1000}));
}

}  // namespace
}  // namespace chancery::app
