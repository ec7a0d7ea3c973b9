#include "app/retention.h"

#include <algorithm>

namespace chancery::app {
namespace {

// Whether `txn` is gone already or was made before `cutoff_ms`.
base::Result<bool> IsOld(const store::Store& store, store::Txn txn, int64_t cutoff_ms) {
  const auto transaction = store.ReadTransaction(txn);
  if (transaction) return (*transaction)->record.time_ms() < cutoff_ms;
  const base::Code code = transaction.error().code;
  if (code == base::Code::kCompacted || code == base::Code::kNotFound) return true;
  return transaction.error();
}

}  // namespace

base::Status ForgetHistory(store::Store& store, int64_t now_ms, const Retention& retention) {
  const int64_t cutoff_ms = now_ms - std::chrono::duration_cast<std::chrono::milliseconds>(retention.age).count();
  const store::Txn newest = store.Newest();
  // The first transaction to keep lies in [first, last]; transactions are made in the order of time.
  store::Txn first = newest > retention.transactions ? newest - retention.transactions + 1 : 1;
  store::Txn last = std::max(first, newest);
  while (first < last) {
    const store::Txn middle = first + (last - first) / 2;
    const auto old = IsOld(store, middle, cutoff_ms);
    if (!old) return old.error();
    if (*old) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  if (first <= 1) return base::Status::Ok();
  const auto kept = store.ReadTransaction(first - 1);
  if (!kept && kept.error().code != base::Code::kInternal && kept.error().code != base::Code::kUnavailable) {
    return base::Status::Ok();  // it is gone already
  }
  return store.Compact(first - 1);
}

}  // namespace chancery::app
