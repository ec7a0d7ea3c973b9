#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "store/store.h"

namespace chancery::store {

struct WatchHubOptions {
  // Newest transactions kept in memory for the watchers of the present; one that is further behind
  // reads from the log.
  size_t recent_transactions = 4096;
  size_t recent_bytes = 32 << 20;
};

// Takes what was committed to those who watch. One for each store in this process.
//
// 1. Each watcher has a thread and a position; it is given the transactions behind its position in
//    order, from memory when they are there, else from the log. So memory is bounded by the options
//    however slow a callback is, and one watcher delays no other and no commit.
// 2. The past and the present are joined by the position alone: no gap, no duplicate.
// 3. The log is not compacted beyond the position of a running watcher.
//
// Thread-safe. Calls the log reader and callbacks without a lock.
class WatchHub {
 public:
  // Reads at most `limit` transactions after `after` from the log, in order, and at least one when
  // there is one.
  using LogReader = std::function<base::Result<std::vector<TransactionPtr>>(Txn after, size_t limit)>;
  using Callback = std::function<void(const TransactionPtr&)>;

  // `newest`: the newest transaction of the log; `compacted`: the newest one no longer in it.
  WatchHub(WatchHubOptions options, Txn newest, Txn compacted, LogReader reader);
  // REQUIRES: no watcher is left.
  ~WatchHub();
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;

  // The transaction is readable in the log from now on. Called in the order of the log.
  void Publish(TransactionPtr transaction) EXCLUDES(mutex_);
  // kCompacted when transactions after `from` are gone, kUnavailable when there is no thread left.
  base::Result<std::unique_ptr<Watcher>> Watch(Txn from, Callback callback) EXCLUDES(mutex_);
  Txn Newest() const EXCLUDES(mutex_);
  // The newest transaction that is no longer in the log.
  Txn Compacted() const EXCLUDES(mutex_);
  // Raises Compacted() towards `through`, as far as may be forgotten now, and returns it; the caller
  // deletes up to there.
  Txn Compact(Txn through) EXCLUDES(mutex_);

 private:
  class Subscription;

  // What `subscription` is to be given next; waits for it. Empty when the subscription ends, or when
  // reading failed and a pause is over.
  std::vector<TransactionPtr> Next(Subscription& subscription) EXCLUDES(mutex_);
  std::vector<TransactionPtr> NextFromLog(Subscription& subscription, Txn after) EXCLUDES(mutex_);

  const WatchHubOptions options_;
  const LogReader reader_;
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  Txn newest_ GUARDED_BY(mutex_);
  Txn compacted_ GUARDED_BY(mutex_);
  // All transactions after recent_floor_, oldest first.
  std::deque<TransactionPtr> recent_ GUARDED_BY(mutex_);
  Txn recent_floor_ GUARDED_BY(mutex_);
  size_t recent_bytes_ GUARDED_BY(mutex_) = 0;
  std::set<Subscription*> subscriptions_ GUARDED_BY(mutex_);
};

}  // namespace chancery::store
