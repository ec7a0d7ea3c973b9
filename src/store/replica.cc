#include "store/replica.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "store/batch.h"
#include "store/keys.h"

namespace chancery::store {
namespace {

constexpr std::array<std::string_view, 2> kElsewhere = {kIdempotencyPrefix, kSecretPrefix};

// What a List asks for, so that its page is not moved about while the lock is held.
constexpr size_t kUsualPage = 128;

}  // namespace

bool Replica::Holds(std::string_view key) {
  return std::ranges::none_of(kElsewhere, [key](std::string_view space) { return key.starts_with(space); });
}

bool Replica::HoldsAll(std::string_view prefix) {
  return Holds(prefix) &&
         std::ranges::none_of(kElsewhere, [prefix](std::string_view space) { return space.starts_with(prefix); });
}

void Replica::Load(Entry entry) {
  base::MutexLock lock(mutex_);
  through_ = std::max(through_, entry.version());
  PutLocked(std::move(entry));
}

void Replica::PutLocked(Entry entry) {
  auto at = entries_.lower_bound(entry.key());
  if (at != entries_.end() && at->key() == entry.key()) at = entries_.erase(at);
  entries_.insert(at, std::move(entry));
}

void Replica::Apply(std::vector<Applied> writes, Txn through) {
  // What is put, or the key that is erased.
  std::vector<std::variant<Entry, std::string>> changes;
  changes.reserve(writes.size());
  for (Applied& write : writes) {
    if (!Holds(write.key)) continue;
    if (write.value) {
      changes.emplace_back(Entry(std::move(write.key), *std::move(write.value), write.txn));
    } else {
      changes.emplace_back(std::move(write.key));
    }
  }
  base::MutexLock lock(mutex_);
  for (auto& change : changes) {
    if (auto* entry = std::get_if<Entry>(&change)) {
      PutLocked(std::move(*entry));
    } else if (const auto at = entries_.find(std::get<std::string>(change)); at != entries_.end()) {
      entries_.erase(at);
    }
  }
  through_ = std::max(through_, through);
  applied_.NotifyAll();
}

std::optional<Entry> Replica::Read(std::string_view key) const {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  return found == entries_.end() ? std::nullopt : std::optional(*found);
}

Page Replica::Scan(std::string_view prefix, std::string_view after, size_t limit) const {
  const std::string start = ScanStart(prefix, after);
  Page page;
  page.entries.reserve(std::min(limit, kUsualPage));
  base::MutexLock lock(mutex_);
  for (auto at = entries_.lower_bound(start); at != entries_.end() && at->key().starts_with(prefix); ++at) {
    page.more = page.entries.size() == limit;
    if (page.more) break;
    page.entries.push_back(*at);
  }
  return page;
}

void Replica::WaitFor(Txn txn) const {
  base::MutexLock lock(mutex_);
  while (through_ < txn) applied_.Wait(mutex_);
}

}  // namespace chancery::store
