#include "store/replica.h"

#include <algorithm>
#include <array>
#include <utility>

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
  auto value = std::make_shared<const Value>(Value{std::move(entry.value), entry.version});
  base::MutexLock lock(mutex_);
  through_ = std::max(through_, entry.version);
  entries_.insert_or_assign(std::move(entry.key), std::move(value));
}

void Replica::Apply(std::vector<Applied> writes, Txn through) {
  std::vector<std::pair<std::string, std::shared_ptr<const Value>>> values;
  values.reserve(writes.size());
  for (Applied& write : writes) {
    if (!Holds(write.key)) continue;
    values.emplace_back(
        std::move(write.key),
        write.value ? std::make_shared<const Value>(Value{*std::move(write.value), write.txn}) : nullptr);
  }
  base::MutexLock lock(mutex_);
  for (auto& [key, value] : values) {
    if (value == nullptr) {
      entries_.erase(key);
    } else {
      entries_.insert_or_assign(std::move(key), std::move(value));
    }
  }
  through_ = std::max(through_, through);
  applied_.NotifyAll();
}

std::optional<Entry> Replica::Read(std::string_view key) const {
  std::shared_ptr<const Value> value;
  {
    base::MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    value = found->second;
  }
  return Entry{std::string(key), value->bytes, value->version};
}

Page Replica::Scan(std::string_view prefix, std::string_view after, size_t limit) const {
  std::vector<std::pair<std::string, std::shared_ptr<const Value>>> found;
  Page page;
  found.reserve(std::min(limit, kUsualPage));
  {
    base::MutexLock lock(mutex_);
    for (auto at = entries_.lower_bound(ScanStart(prefix, after)); at != entries_.end(); ++at) {
      if (!at->first.starts_with(prefix)) break;
      page.more = found.size() == limit;
      if (page.more) break;
      found.emplace_back(at->first, at->second);
    }
  }
  page.entries.reserve(found.size());
  for (auto& [key, value] : found) page.entries.push_back({std::move(key), value->bytes, value->version});
  return page;
}

void Replica::WaitFor(Txn txn) const {
  base::MutexLock lock(mutex_);
  while (through_ < txn) applied_.Wait(mutex_);
}

}  // namespace chancery::store
