#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "store/store.h"
#include "store/watch_hub.h"

// The contract of Store as tests, for every implementation. One takes part by instantiating
// StoreConformance with a StoreMaker; the tests are in conformance_{commit,race,watch}.cc.
namespace chancery::store {

struct StoreMaker {
  std::string name;
  // Makes an empty store; `dir` is an empty directory of the test's own.
  std::function<std::unique_ptr<Store>(const std::filesystem::path& dir)> make;
};
inline void PrintTo(const StoreMaker& maker, std::ostream* out) { *out << maker.name; }
inline std::string MakerName(const testing::TestParamInfo<StoreMaker>& info) { return info.param.name; }

// Watchers that keep so little in memory that they read from the log nearly always.
inline constexpr WatchHubOptions kTinyWatchMemory{2, 64 << 10};

// A directory that is gone with all in it when this dies.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Transactions as a watch gave them. Thread-safe.
class Collector {
 public:
  std::function<void(const TransactionPtr&)> Callback();
  // Waits until at least `count` came; gives the first `count`.
  std::vector<TransactionPtr> WaitFor(size_t count) EXCLUDES(mutex_);
  size_t Count() const EXCLUDES(mutex_);

 private:
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<TransactionPtr> seen_ GUARDED_BY(mutex_);
};

// A door that many wait at. Thread-safe.
class Gate {
 public:
  void Open() EXCLUDES(mutex_);
  // Says that somebody is here, and waits for Open().
  void Pass() EXCLUDES(mutex_);
  // Waits until `count` are here.
  void AwaitArrivals(size_t count) EXCLUDES(mutex_);

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  size_t arrived_ GUARDED_BY(mutex_) = 0;
  bool open_ GUARDED_BY(mutex_) = false;
};

Write Put(std::string key, std::string value);
Write Erase(std::string key);
Batch BatchOf(std::vector<Write> writes, std::vector<Precondition> preconditions = {});
// The txn of a commit that must succeed; 0 with a failed expectation when it does not.
Txn MustCommit(Store& store, std::vector<Write> writes, std::vector<Precondition> preconditions = {});
// Commits `count` transactions, each with one change of its own below res/.
void CommitMany(Store& store, size_t count);
// The entry; nothing when absent, or with a failed expectation when reading fails.
std::optional<Entry> MustRead(const Store& store, std::string_view key);
Txn VersionOf(const Store& store, std::string_view key);
// All transactions from `first` to the newest, as ReadTransaction gives them.
std::vector<TransactionPtr> ReadHistory(const Store& store, Txn first);
// Expects equal numbers and records.
void ExpectSame(const std::vector<TransactionPtr>& actual, const std::vector<TransactionPtr>& expected);

class StoreConformance : public testing::TestWithParam<StoreMaker> {
 protected:
  StoreConformance() : store_(GetParam().make(dir_.path())) {}
  void SetUp() override { ASSERT_NE(store_, nullptr); }
  Store& store() { return *store_; }

 private:
  TempDir dir_;
  std::unique_ptr<Store> store_;
};

}  // namespace chancery::store
