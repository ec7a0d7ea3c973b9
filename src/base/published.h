#pragma once

#include <memory>
#include <utility>

#include "base/mutex.h"

namespace chancery::base {

// The newest immutable T, replaced by one thread and read by many. Thread-safe.
// (std::atomic<std::shared_ptr> of libstdc++ 12 draws TSan reports in correct programs.)
template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> value = nullptr) : value_(std::move(value)) {}

  std::shared_ptr<const T> Get() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return value_;
  }
  void Set(std::shared_ptr<const T> value) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      value_.swap(value);
    }
    // The old value dies here, outside the lock.
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> value_ GUARDED_BY(mutex_);
};

}  // namespace chancery::base
