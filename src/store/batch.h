#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

// What all implementations of Store do alike: the rules for a batch and its change record, and the
// words of their errors. Pure.
namespace chancery::store {

inline constexpr size_t kMaxScan = 10000;
inline constexpr size_t kMaxKeyBytes = 4096;
// Keys and values of one batch together.
inline constexpr size_t kMaxBatchBytes = 64 << 20;

// kBadRequest for an empty or too long key, a resource key, actor or operation that is not UTF-8, or a
// batch that is too big.
base::Status CheckBatch(const Batch& batch);
base::Status CheckLimit(size_t limit);

// One write a key, the last of the batch, in the order of keys.
std::map<std::string, std::optional<std::string>> LastWrites(std::vector<Write> writes);

// The change record without its changes.
TxnRecord RecordOf(const Batch& batch);
// Adds a change to `record` when `key` IsRecorded and either side exists. Null is absent.
void AddChange(std::string_view key, const std::string* before, const std::string* after, TxnRecord& record);

// The least key that a scan of `prefix` after `after` may give.
std::string ScanStart(std::string_view prefix, std::string_view after);

base::Error LostRace(const Precondition& expected, Txn actual);
base::Error NoTransaction(Txn txn);
base::Error TransactionCompacted(Txn txn);

}  // namespace chancery::store
