#pragma once

#include <chancery/store/records.pb.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace chancery::store {

// A transaction number: strictly increasing, never reused, the same on every replica. 0 is before
// the first.
using Txn = uint64_t;

// A key, its value and the transaction that wrote it, which is its version. Immutable, so its copies share what it
// holds: a List of a hundred records copies a hundred pointers. One that was moved from may only be assigned to.
class Entry {
 public:
  Entry(std::string key, std::string value, Txn version)
      : kept_(std::make_shared<const Kept>(Kept{std::move(key), std::move(value), version})) {}

  const std::string& key() const { return kept_->key; }
  const std::string& value() const { return kept_->value; }
  Txn version() const { return kept_->version; }
  bool operator==(const Entry& other) const { return kept_ == other.kept_ || *kept_ == *other.kept_; }

 private:
  struct Kept {
    std::string key;
    std::string value;
    Txn version = 0;
    bool operator==(const Kept&) const = default;
  };
  std::shared_ptr<const Kept> kept_;
};

// What a commit relies on: `key` is still at `version`, or still absent (0).
struct Precondition {
  std::string key;
  Txn version = 0;
};

// A put, or with no value a delete (of an absent key: nothing happens). A key has 1 to 4,096 bytes.
struct Write {
  std::string key;
  std::optional<std::string> value;
};

// All or nothing. Writes to one key: the last one holds.
struct Batch {
  int64_t time_ms = 0;
  std::string actor;
  std::string operation;
  std::vector<Precondition> preconditions;
  std::vector<Write> writes;
  // For the change record: the caller's address and the request's id.
  std::string source = {};
  std::string request_id = {};
};

// A committed transaction as a watcher sees it: the writes of recorded keys (keys.h) with their values
// before and after, whole and in order. `record` may have no changes at all.
struct Transaction {
  Txn txn = 0;
  TxnRecord record;
};
using TransactionPtr = std::shared_ptr<const Transaction>;

struct Page {
  std::vector<Entry> entries;
  // True when there is more behind the last entry.
  bool more = false;
};

// A running watch; destroying it ends the watch and returns when no callback is running. Not to be
// destroyed from inside its own callback, nor after its store.
class Watcher {
 public:
  virtual ~Watcher() = default;
};

// The durable state. Two implementations keep this contract, and the in-memory fake; one suite
// (conformance_suite.h) runs against all. Thread-safe.
//
// 1. A commit is atomic and durable when it returns, and gives the next txn; commits are linear.
// 2. A failed precondition leaves nothing behind, consumes no txn, and is kLostRace.
// 3. Reads see every commit that has returned.
// 4. A watch sees each transaction once, whole, in txn order, without gaps.
// 5. kUnavailable: the commit may or may not be durable only if the process dies meanwhile;
//    otherwise nothing was written.
class Store {
 public:
  virtual ~Store() = default;

  // kBadRequest for a batch that cannot be kept (batch.h): a fault of the caller's checks.
  virtual base::Result<Txn> Commit(Batch batch) = 0;
  // Nothing when absent.
  virtual base::Result<std::optional<Entry>> Read(std::string_view key) const = 0;
  // Entries whose keys begin with `prefix` and are greater than `after` (empty: from the start), in
  // byte order, at most `limit` (1..10,000).
  virtual base::Result<Page> Scan(std::string_view prefix, std::string_view after, size_t limit) const = 0;
  // The newest transaction.
  virtual Txn Newest() const = 0;
  // One transaction of the history. kNotFound when there is none, kCompacted when no longer kept.
  virtual base::Result<TransactionPtr> ReadTransaction(Txn txn) const = 0;
  // Calls `callback` for each transaction after `from`, first those of the log, then each right
  // after its commit, from a thread of the store; the callback must not call Commit. A slow
  // callback delays nobody's commit. kCompacted when transactions after `from` are gone.
  virtual base::Result<std::unique_ptr<Watcher>> Watch(Txn from,
                                                       std::function<void(const TransactionPtr&)> callback) = 0;
  // Forgets the history up to and including `through`; the newest transaction is always kept, and so is
  // what a running watch has yet to deliver.
  virtual base::Status Compact(Txn through) = 0;
  // A number that a restore from a backup raises; part of no key.
  virtual uint64_t Epoch() const = 0;
};

}  // namespace chancery::store
