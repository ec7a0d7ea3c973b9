#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "edge/server.h"

namespace chancery::edge {

// A value that is replaced while others read it. Thread-safe.
template <typename T>
class Shared {
 public:
  T Get() const EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return value_;
  }
  void Set(T value) EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    value_ = std::move(value);
  }

 private:
  mutable base::Mutex mutex_;
  T value_ GUARDED_BY(mutex_);
};

// What all connections of a server share. Thread-safe: fixed before the loops start, or atomic.
struct Context {
  ServerOptions options;
  CallFactory factory;
  ServerStats stats;
  // Bytes of messages begun, over all streams; a bound on them keeps many clients that each send
  // half of a large message from eating the memory.
  std::atomic<size_t> assembling_bytes{0};
  // What connections with TLS are made from; null: no listener has TLS.
  Shared<tls::ContextPtr> tls;
  // When a failed handshake was logged last: a hostile client must not fill the log.
  std::atomic<base::Clock::TimePoint::rep> complained{0};
};

constexpr size_t kMaxAssemblingBytes = 256U << 20U;

inline void Count(std::atomic<uint64_t>& counter, uint64_t by = 1) { counter.fetch_add(by, std::memory_order_relaxed); }
inline void Uncount(std::atomic<uint64_t>& counter) { counter.fetch_sub(1, std::memory_order_relaxed); }

}  // namespace chancery::edge
