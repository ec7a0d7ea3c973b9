#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "store/store.h"

namespace chancery::store {

// A write that is durable: the newest of its key in its transaction.
struct Applied {
  std::string key;
  std::optional<std::string> value;
  Txn txn = 0;
};

// The newest state of the embedded store in memory, so that reads and scans cost no page of the database: what the API
// reads with every call. Not in it are client tokens, of which a busy day has millions, and secrets. Follows the one
// writer: Apply comes after the commit and before its answer, so a read sees every commit that has returned.
// Memory: the keys and values, and some 150 bytes each. Thread-safe.
class Replica {
 public:
  // Whether the key's entry is here.
  static bool Holds(std::string_view key);
  // Whether all entries below the prefix are.
  static bool HoldsAll(std::string_view prefix);

  // An entry of the state at the start. REQUIRES: Holds its key.
  void Load(Entry entry) EXCLUDES(mutex_);
  // All writes of a group of transactions at once, in order, up to transaction `through`; others are ignored.
  void Apply(std::vector<Applied> writes, Txn through) EXCLUDES(mutex_);

  std::optional<Entry> Read(std::string_view key) const EXCLUDES(mutex_);
  // As Store::Scan.
  Page Scan(std::string_view prefix, std::string_view after, size_t limit) const EXCLUDES(mutex_);
  // Returns once transactions up to `txn` are applied: for who has seen one of them in the database itself.
  void WaitFor(Txn txn) const EXCLUDES(mutex_);

 private:
  struct ByKey {
    using is_transparent = void;
    bool operator()(const Entry& a, const Entry& b) const { return a.key() < b.key(); }
    bool operator()(const Entry& a, std::string_view b) const { return a.key() < b; }
    bool operator()(std::string_view a, const Entry& b) const { return a < b.key(); }
  };

  void PutLocked(Entry entry) REQUIRES(mutex_);

  mutable base::Mutex mutex_;
  mutable base::CondVar applied_;
  std::set<Entry, ByKey> entries_ GUARDED_BY(mutex_);
  Txn through_ GUARDED_BY(mutex_) = 0;
};

}  // namespace chancery::store
