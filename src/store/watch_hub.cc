#include "store/watch_hub.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "base/check.h"

namespace chancery::store {
namespace {

// Taken at once: few enough that a watcher that ends is not held up, and memory stays small.
constexpr size_t kBatch = 64;
constexpr std::chrono::seconds kPauseAfterFailure{1};

size_t SizeOf(const Transaction& transaction) { return sizeof(Transaction) + transaction.record.ByteSizeLong(); }

}  // namespace

// One watcher; its thread reads.
class WatchHub::Subscription : public Watcher {
 public:
  Subscription(WatchHub& hub, Txn from, Callback callback)
      : hub_(hub), callback_(std::move(callback)), position_(from) {}
  ~Subscription() override {
    CHANCERY_CHECK(thread_.get_id() != std::this_thread::get_id());
    {
      base::MutexLock lock(hub_.mutex_);
      ended_ = true;
      hub_.changed_.NotifyAll();
    }
    if (thread_.joinable()) thread_.join();
    base::MutexLock lock(hub_.mutex_);
    hub_.subscriptions_.erase(this);
  }

  // Throws std::system_error when there is no thread left.
  void Start() {
    thread_ = std::thread([this] { Run(); });
  }

 private:
  friend class WatchHub;

  void Run() {
    while (!Ended()) {
      for (const TransactionPtr& transaction : hub_.Next(*this)) {
        if (Ended()) return;
        callback_(transaction);
        base::MutexLock lock(hub_.mutex_);
        position_ = transaction->txn;
      }
    }
  }
  bool Ended() const {
    base::MutexLock lock(hub_.mutex_);
    return ended_;
  }

  WatchHub& hub_;
  const Callback callback_;
  // Guarded by the hub's mutex. No GUARDED_BY(hub_.mutex_): clang cannot tell that it is the mutex_ of the hub's code.
  Txn position_;
  bool ended_ = false;
  std::thread thread_;
};

WatchHub::WatchHub(WatchHubOptions options, Txn newest, Txn compacted, LogReader reader)
    : options_(options), reader_(std::move(reader)), newest_(newest), compacted_(compacted), recent_floor_(newest) {}

WatchHub::~WatchHub() {
  base::MutexLock lock(mutex_);
  CHANCERY_CHECK(subscriptions_.empty());
}

void WatchHub::Publish(TransactionPtr transaction) {
  const size_t size = SizeOf(*transaction);
  base::MutexLock lock(mutex_);
  CHANCERY_CHECK(transaction->txn > newest_);
  newest_ = transaction->txn;
  recent_bytes_ += size;
  recent_.push_back(std::move(transaction));
  while (!recent_.empty() && (recent_.size() > options_.recent_transactions || recent_bytes_ > options_.recent_bytes)) {
    recent_floor_ = recent_.front()->txn;
    recent_bytes_ -= SizeOf(*recent_.front());
    recent_.pop_front();
  }
  if (!subscriptions_.empty()) changed_.NotifyAll();
}

base::Result<std::unique_ptr<Watcher>> WatchHub::Watch(Txn from, Callback callback) {
  auto subscription = std::make_unique<Subscription>(*this, from, std::move(callback));
  {
    base::MutexLock lock(mutex_);
    if (from < compacted_) {
      return base::Error{
          base::Code::kCompacted,
          fmt::format("transactions up to {} are no longer kept: cannot watch from {}", compacted_, from),
          {}};
    }
    subscriptions_.insert(subscription.get());
  }
  try {
    subscription->Start();
  } catch (const std::system_error& error) {
    return base::Error{base::Code::kUnavailable, fmt::format("cannot start a watch: {}", error.what()), {}};
  }
  return std::unique_ptr<Watcher>(std::move(subscription));
}

Txn WatchHub::Newest() const {
  base::MutexLock lock(mutex_);
  return newest_;
}

Txn WatchHub::Compacted() const {
  base::MutexLock lock(mutex_);
  return compacted_;
}

Txn WatchHub::Compact(Txn through) {
  base::MutexLock lock(mutex_);
  if (newest_ == 0) return compacted_;
  through = std::min(through, newest_ - 1);
  for (const Subscription* subscription : subscriptions_) through = std::min(through, subscription->position_);
  compacted_ = std::max(compacted_, through);
  return compacted_;
}

std::vector<TransactionPtr> WatchHub::Next(Subscription& subscription) {
  Txn after = 0;
  {
    base::MutexLock lock(mutex_);
    while (!subscription.ended_ && subscription.position_ >= newest_) changed_.Wait(mutex_);
    if (subscription.ended_) return {};
    after = subscription.position_;
    if (after >= recent_floor_) {
      const auto first = std::partition_point(recent_.begin(), recent_.end(),
                                              [after](const TransactionPtr& t) { return t->txn <= after; });
      const auto count = std::min<std::ptrdiff_t>(recent_.end() - first, kBatch);
      return {first, first + count};
    }
  }
  return NextFromLog(subscription, after);
}

std::vector<TransactionPtr> WatchHub::NextFromLog(Subscription& subscription, Txn after) {
  auto transactions = reader_(after, kBatch);
  if (transactions && !transactions->empty()) return *std::move(transactions);
  spdlog::error("a watch after transaction {} cannot read the log, trying again: {}", after,
                transactions ? "nothing is there" : base::ToString(transactions.error()));
  base::MutexLock lock(mutex_);
  if (!subscription.ended_) changed_.WaitFor(mutex_, kPauseAfterFailure);
  return {};
}

}  // namespace chancery::store
