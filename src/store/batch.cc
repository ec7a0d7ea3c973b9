#include "store/batch.h"

#include <fmt/format.h>

#include <utility>

#include "base/utf8.h"
#include "store/keys.h"

namespace chancery::store {
namespace {

using base::Code;
using base::Error;

base::Status CheckKey(std::string_view key) {
  if (!key.empty() && key.size() <= kMaxKeyBytes) return base::Status::Ok();
  return Error{
      Code::kBadRequest, fmt::format("a key of the store has 1 to {} bytes, not {}", kMaxKeyBytes, key.size()), {}};
}

// The change record has these as proto3 strings: with other bytes it could be written, but never
// read again.
base::Status CheckText(std::string_view what, std::string_view text) {
  if (base::IsUtf8(text)) return base::Status::Ok();
  return Error{Code::kBadRequest, fmt::format("the {} of a commit is not UTF-8", what), {}};
}

}  // namespace

base::Status CheckBatch(const Batch& batch) {
  CHANCERY_RETURN_IF_ERROR(CheckText("actor", batch.actor));
  CHANCERY_RETURN_IF_ERROR(CheckText("operation", batch.operation));
  CHANCERY_RETURN_IF_ERROR(CheckText("source", batch.source));
  CHANCERY_RETURN_IF_ERROR(CheckText("request id", batch.request_id));
  size_t bytes = batch.actor.size() + batch.operation.size() + batch.source.size() + batch.request_id.size();
  for (const Precondition& precondition : batch.preconditions) {
    CHANCERY_RETURN_IF_ERROR(CheckKey(precondition.key));
    bytes += precondition.key.size();
  }
  for (const Write& write : batch.writes) {
    CHANCERY_RETURN_IF_ERROR(CheckKey(write.key));
    if (IsRecorded(write.key)) CHANCERY_RETURN_IF_ERROR(CheckText("key", write.key));
    bytes += write.key.size() + (write.value ? write.value->size() : 0);
  }
  if (bytes <= kMaxBatchBytes) return base::Status::Ok();
  return Error{
      Code::kBadRequest, fmt::format("a commit of {} bytes is over the limit of {}", bytes, kMaxBatchBytes), {}};
}

base::Status CheckLimit(size_t limit) {
  if (limit >= 1 && limit <= kMaxScan) return base::Status::Ok();
  return Error{Code::kBadRequest, fmt::format("the limit of a scan is 1 to {}, not {}", kMaxScan, limit), {}};
}

std::map<std::string, std::optional<std::string>> LastWrites(std::vector<Write> writes) {
  std::map<std::string, std::optional<std::string>> last;
  for (Write& write : writes) last.insert_or_assign(std::move(write.key), std::move(write.value));
  return last;
}

TxnRecord RecordOf(const Batch& batch) {
  TxnRecord record;
  record.set_time_ms(batch.time_ms);
  record.set_actor(batch.actor);
  record.set_operation(batch.operation);
  record.set_source(batch.source);
  record.set_request_id(batch.request_id);
  return record;
}

void AddChange(std::string_view key, const std::string* before, const std::string* after, TxnRecord& record) {
  if (!IsRecorded(key) || (before == nullptr && after == nullptr)) return;
  TxnRecord::Change& change = *record.add_changes();
  change.set_key(std::string(key));
  if (before != nullptr) change.set_before(*before);
  if (after != nullptr) change.set_after(*after);
}

std::string ScanStart(std::string_view prefix, std::string_view after) {
  if (after < prefix) return std::string(prefix);
  // The next key in byte order.
  std::string start(after);
  if (!after.empty()) start.push_back('\0');
  return start;
}

Error LostRace(const Precondition& expected, Txn actual) {
  return {Code::kLostRace, fmt::format("'{}' is at version {}, not {}", expected.key, actual, expected.version), {}};
}

Error NoTransaction(Txn txn) { return {Code::kNotFound, fmt::format("there is no transaction {}", txn), {}}; }

Error TransactionCompacted(Txn txn) {
  return {Code::kCompacted, fmt::format("transaction {} is no longer kept", txn), {}};
}

}  // namespace chancery::store
