#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "store/store.h"
#include "store/watch_hub.h"

namespace chancery::store {

// The in-memory fake of Store: the whole contract but durability, plus knobs that make it fail. For
// tests; the conformance suite holds it to the contract. Thread-safe. Every watcher is destroyed
// before the store.
class MemoryStore : public Store {
 public:
  explicit MemoryStore(WatchHubOptions watch_options = {});

  base::Result<Txn> Commit(Batch batch) override EXCLUDES(mutex_);
  base::Result<std::optional<Entry>> Read(std::string_view key) const override EXCLUDES(mutex_);
  base::Result<Page> Scan(std::string_view prefix, std::string_view after, size_t limit) const override
      EXCLUDES(mutex_);
  Txn Newest() const override { return hub_.Newest(); }
  base::Result<TransactionPtr> ReadTransaction(Txn txn) const override EXCLUDES(mutex_);
  base::Result<std::unique_ptr<Watcher>> Watch(Txn from, std::function<void(const TransactionPtr&)> callback) override;
  base::Status Compact(Txn through) override EXCLUDES(mutex_);
  uint64_t Epoch() const override { return 1; }

  // The next `count` commits are kUnavailable and write nothing, as with a full disk.
  void FailNextCommits(size_t count) EXCLUDES(mutex_);
  // The next `count` commits that have preconditions are kLostRace, as if somebody was faster.
  void LoseNextRaces(size_t count) EXCLUDES(mutex_);
  // The next `count` calls of Read and Scan are kUnavailable.
  void FailNextReads(size_t count) EXCLUDES(mutex_);

 private:
  struct Value {
    std::string bytes;
    Txn version = 0;
  };

  base::Status CheckLocked(const Batch& batch) REQUIRES(mutex_);
  TransactionPtr ApplyLocked(Batch batch) REQUIRES(mutex_);
  base::Status CheckReadLocked() const REQUIRES(mutex_);
  base::Result<std::vector<TransactionPtr>> ReadLog(Txn after, size_t limit) const EXCLUDES(mutex_);

  // Lock order: mutex_ before the hub's.
  mutable base::Mutex mutex_;
  std::map<std::string, Value, std::less<>> entries_ GUARDED_BY(mutex_);
  std::deque<TransactionPtr> log_ GUARDED_BY(mutex_);
  Txn newest_ GUARDED_BY(mutex_) = 0;
  size_t commits_to_fail_ GUARDED_BY(mutex_) = 0;
  size_t races_to_lose_ GUARDED_BY(mutex_) = 0;
  mutable size_t reads_to_fail_ GUARDED_BY(mutex_) = 0;
  // Last: its watchers' threads read the log.
  WatchHub hub_;
};

}  // namespace chancery::store
