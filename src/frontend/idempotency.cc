#include "frontend/idempotency.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/hash.h"
#include "frontend/reflect.h"
#include "model/serialize.h"
#include "store/keys.h"

namespace chancery::frontend {
namespace {

constexpr size_t kPruned = 1000;

std::string HashOfRequest(const google::protobuf::Message& input) {
  const std::unique_ptr<google::protobuf::Message> rest(input.New());
  rest->CopyFrom(input);
  rest->GetReflection()->ClearField(rest.get(), FindMember(*rest, "clientToken"));
  return std::string(base::HashOf(model::SerializeSorted(*rest)).AsBytes());
}

}  // namespace

Idempotency::Idempotency(std::string_view account, std::string_view operation, const model::ResourceKey& target,
                         const google::protobuf::Message& input) {
  if (FindMember(input, "clientToken") == nullptr) return;
  token_ = StringMember(input, "clientToken");
  if (token_.empty()) return;
  key_ = store::IdempotencyKeyText(account, operation, store::ResourceKeyText(target), token_);
  request_hash_ = HashOfRequest(input);
}

base::Result<std::optional<Outcome>> Idempotency::Recall(UnitOfWork& work) const {
  if (key_.empty()) return std::optional<Outcome>();
  auto entry = work.ReadEntry(key_);
  if (!entry) return entry.error();
  if (!entry->has_value()) return std::optional<Outcome>();
  store::IdempotencyRecord record;
  if (!record.ParseFromString((*entry)->value())) {
    return base::Error{base::Code::kInternal, fmt::format("the record at {} is damaged", key_), {}};
  }
  if (record.expires_at_ms() <= work.now_ms()) return std::optional<Outcome>();
  if (record.request_hash() != request_hash_) {
    return base::Error{base::Code::kConflict,
                       fmt::format("clientToken {} was used for this resource with different specifications", token_),
                       {}};
  }
  return std::optional<Outcome>(Outcome{record.answer(), (*entry)->version()});
}

void Idempotency::Remember(UnitOfWork& work, std::string_view answer, int64_t replayable_until_ms) const {
  if (key_.empty()) return;
  store::IdempotencyRecord record;
  record.set_request_hash(request_hash_);
  record.set_answer(std::string(answer));
  // Not expired while the signature still holds, in its last second neither.
  record.set_expires_at_ms(std::max(work.now_ms() + kRetentionMs, replayable_until_ms + 1000));
  work.Write(key_, record.SerializeAsString());
}

base::Result<std::string> PruneIdempotency(store::Store& store, int64_t now_ms, std::string_view after) {
  auto page = store.Scan(store::kIdempotencyPrefix, after, kPruned);
  if (!page) return page.error();
  store::Batch batch{now_ms, "chancery", "PruneIdempotency", {}, {}};
  for (const store::Entry& entry : page->entries) {
    store::IdempotencyRecord record;
    if (record.ParseFromString(entry.value()) && record.expires_at_ms() > now_ms) continue;
    batch.preconditions.push_back({entry.key(), entry.version()});
    batch.writes.push_back({entry.key(), std::nullopt});
  }
  if (!batch.writes.empty()) {
    auto txn = store.Commit(std::move(batch));
    if (!txn && txn.error().code != base::Code::kLostRace) return txn.error();
  }
  return page->more ? page->entries.back().key() : std::string();
}

}  // namespace chancery::frontend
