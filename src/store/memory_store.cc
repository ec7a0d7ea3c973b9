#include "store/memory_store.h"

#include <algorithm>
#include <utility>

#include "store/batch.h"

namespace chancery::store {
namespace {

using base::Code;
using base::Error;

// Takes one from a knob that is set.
bool Take(size_t& count) {
  if (count == 0) return false;
  --count;
  return true;
}

auto FirstAfter(const std::deque<TransactionPtr>& log, Txn after) {
  return std::partition_point(log.begin(), log.end(), [after](const TransactionPtr& t) { return t->txn <= after; });
}

}  // namespace

MemoryStore::MemoryStore(WatchHubOptions watch_options)
    : hub_(watch_options, 0, 0, [this](Txn after, size_t limit) { return ReadLog(after, limit); }) {}

base::Result<Txn> MemoryStore::Commit(Batch batch) {
  CHANCERY_RETURN_IF_ERROR(CheckBatch(batch));
  base::MutexLock lock(mutex_);
  CHANCERY_RETURN_IF_ERROR(CheckLocked(batch));
  TransactionPtr transaction = ApplyLocked(std::move(batch));
  hub_.Publish(transaction);
  return transaction->txn;
}

base::Status MemoryStore::CheckLocked(const Batch& batch) {
  if (Take(commits_to_fail_)) return Error{Code::kUnavailable, "the store was told to fail", {}};
  for (const Precondition& precondition : batch.preconditions) {
    const auto found = entries_.find(precondition.key);
    const Txn version = found == entries_.end() ? 0 : found->second.version;
    if (version != precondition.version) return LostRace(precondition, version);
  }
  if (!batch.preconditions.empty() && Take(races_to_lose_)) {
    return Error{Code::kLostRace, "the store was told to lose a race", {}};
  }
  return base::Status::Ok();
}

TransactionPtr MemoryStore::ApplyLocked(Batch batch) {
  auto transaction = std::make_shared<Transaction>();
  transaction->txn = ++newest_;
  transaction->record = RecordOf(batch);
  for (auto& [key, value] : LastWrites(std::move(batch.writes))) {
    const auto found = entries_.find(key);
    const std::string* before = found == entries_.end() ? nullptr : &found->second.bytes;
    AddChange(key, before, value ? &*value : nullptr, transaction->record);
    if (value) {
      entries_.insert_or_assign(key, Value{*std::move(value), newest_});
    } else if (found != entries_.end()) {
      entries_.erase(found);
    }
  }
  log_.push_back(transaction);
  return transaction;
}

base::Status MemoryStore::CheckReadLocked() const {
  if (Take(reads_to_fail_)) return Error{Code::kUnavailable, "the store was told to fail", {}};
  return base::Status::Ok();
}

base::Result<std::optional<Entry>> MemoryStore::Read(std::string_view key) const {
  base::MutexLock lock(mutex_);
  CHANCERY_RETURN_IF_ERROR(CheckReadLocked());
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::optional<Entry>();
  return std::optional<Entry>(Entry{found->first, found->second.bytes, found->second.version});
}

base::Result<Page> MemoryStore::Scan(std::string_view prefix, std::string_view after, size_t limit) const {
  CHANCERY_RETURN_IF_ERROR(CheckLimit(limit));
  base::MutexLock lock(mutex_);
  CHANCERY_RETURN_IF_ERROR(CheckReadLocked());
  Page page;
  for (auto it = entries_.lower_bound(ScanStart(prefix, after)); it != entries_.end() && it->first.starts_with(prefix);
       ++it) {
    if (page.entries.size() == limit) {
      page.more = true;
      break;
    }
    page.entries.push_back({it->first, it->second.bytes, it->second.version});
  }
  return page;
}

base::Result<TransactionPtr> MemoryStore::ReadTransaction(Txn txn) const {
  base::MutexLock lock(mutex_);
  if (txn == 0 || txn > newest_) return NoTransaction(txn);
  const auto found = FirstAfter(log_, txn - 1);
  if (found == log_.end() || (*found)->txn != txn) return TransactionCompacted(txn);
  return *found;
}

base::Result<std::unique_ptr<Watcher>> MemoryStore::Watch(Txn from,
                                                          std::function<void(const TransactionPtr&)> callback) {
  return hub_.Watch(from, std::move(callback));
}

base::Status MemoryStore::Compact(Txn through) {
  base::MutexLock lock(mutex_);
  log_.erase(log_.begin(), FirstAfter(log_, hub_.Compact(through)));
  return base::Status::Ok();
}

base::Result<std::vector<TransactionPtr>> MemoryStore::ReadLog(Txn after, size_t limit) const {
  base::MutexLock lock(mutex_);
  const auto first = FirstAfter(log_, after);
  const auto count = std::min<std::ptrdiff_t>(log_.end() - first, static_cast<std::ptrdiff_t>(limit));
  return std::vector<TransactionPtr>(first, first + count);
}

void MemoryStore::FailNextCommits(size_t count) {
  base::MutexLock lock(mutex_);
  commits_to_fail_ = count;
}

void MemoryStore::LoseNextRaces(size_t count) {
  base::MutexLock lock(mutex_);
  races_to_lose_ = count;
}

void MemoryStore::FailNextReads(size_t count) {
  base::MutexLock lock(mutex_);
  reads_to_fail_ = count;
}

}  // namespace chancery::store
