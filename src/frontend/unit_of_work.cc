#include "frontend/unit_of_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "base/random.h"
#include "store/keys.h"

namespace chancery::frontend {
namespace {

constexpr int kAttempts = 20;
constexpr int kMaxDoublings = 5;

// A random time before the attempt that follows `lost` lost ones.
std::chrono::microseconds PauseAfter(int lost) {
  const uint64_t most = uint64_t{1000} << std::min(lost - 1, kMaxDoublings);
  uint64_t random = 0;
  const std::string bytes = base::RandomBytes(sizeof(random));
  std::memcpy(&random, bytes.data(), sizeof(random));
  return std::chrono::microseconds(random % most);
}

}  // namespace

base::Result<std::optional<store::Entry>> UnitOfWork::ReadEntry(std::string_view key) {
  auto entry = store_.Read(key);
  if (!entry) return entry.error();
  batch_.preconditions.push_back({std::string(key), entry->has_value() ? (*entry)->version() : 0});
  return entry;
}

base::Result<std::optional<Stored>> UnitOfWork::Read(const model::ResourceKey& key) {
  auto entry = ReadEntry(store::ResourceKeyText(key));
  if (!entry) return entry.error();
  if (!entry->has_value()) return std::optional<Stored>();
  auto stored = ParseStored(**entry);
  if (!stored) return stored.error();
  return std::optional<Stored>(*std::move(stored));
}

base::Status UnitOfWork::RelyOnGuard(const model::ResourceKey& key) {
  auto entry = ReadEntry(store::GuardKeyText(key));
  if (!entry) return entry.error();
  return base::Status::Ok();
}

void UnitOfWork::TouchGuard(const model::ResourceKey& key) { Write(store::GuardKeyText(key), ""); }

void UnitOfWork::DropGuard(const model::ResourceKey& key) { Write(store::GuardKeyText(key), std::nullopt); }

void UnitOfWork::Put(const model::Resource& resource) {
  Write(store::ResourceKeyText(resource.key), resource.record.SerializeAsString());
}

void UnitOfWork::Erase(const model::ResourceKey& key) { Write(store::ResourceKeyText(key), std::nullopt); }

void UnitOfWork::Write(std::string key, std::optional<std::string> value) {
  batch_.writes.push_back({std::move(key), std::move(value)});
}

base::Result<bool> UnitOfWork::StillHolds() const {
  for (const store::Precondition& precondition : batch_.preconditions) {
    auto entry = store_.Read(precondition.key);
    if (!entry) return entry.error();
    if ((entry->has_value() ? (*entry)->version() : 0) != precondition.version) return false;
  }
  return true;
}

base::Result<store::Txn> UnitOfWork::Commit(const Origin& origin) {
  batch_.time_ms = now_ms_;
  batch_.actor = origin.actor;
  batch_.operation = origin.operation;
  batch_.source = origin.source;
  batch_.request_id = origin.request_id;
  return store_.Commit(std::move(batch_));
}

void Sleep(std::chrono::microseconds time) { std::this_thread::sleep_for(time); }

namespace {

base::Result<Outcome> Mutate(store::Store& store, int64_t now_ms, const Origin& origin, const Attempt& attempt,
                             const Pause& pause) {
  for (int i = 0; i < kAttempts; ++i) {
    if (i > 0) pause(PauseAfter(i));
    UnitOfWork work(store, now_ms);
    auto outcome = attempt(work);
    if (outcome && outcome->txn) return outcome;
    if (!outcome) {
      const auto holds = work.StillHolds();
      if (!holds || *holds) return outcome;
      continue;
    }
    if (origin.before_commit) CHANCERY_RETURN_IF_ERROR(origin.before_commit());
    auto txn = work.Commit(origin);
    if (txn) {
      outcome->txn = *txn;
      return outcome;
    }
    if (txn.error().code != base::Code::kLostRace) return txn.error();
  }
  return base::Error{base::Code::kUnavailable, "other requests changed the same resources meanwhile; try again", {}};
}

}  // namespace

base::Result<Outcome> RunMutation(store::Store& store, int64_t now_ms, const Origin& origin, const Attempt& attempt,
                                  const Pause& pause) {
  auto outcome = Mutate(store, now_ms, origin, attempt, pause);
  if (!outcome && origin.on_failure) origin.on_failure();
  return outcome;
}

base::Result<Stored> ParseStored(const store::Entry& entry) {
  auto key = store::ParseResourceKeyText(entry.key());
  if (!key) return key.error();
  Stored stored{{*std::move(key), {}}, entry.version()};
  if (!stored.resource.record.ParseFromString(entry.value())) {
    return base::Error{base::Code::kInternal, fmt::format("the record at {} is damaged", entry.key()), {}};
  }
  return stored;
}

}  // namespace chancery::frontend
