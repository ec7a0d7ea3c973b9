#pragma once

#include <atomic>
#include <cstddef>

#include "edge/server.h"

namespace chancery::edge {

// What all connections of a server share. Thread-safe: fixed before the loops start, or atomic.
struct Context {
  ServerOptions options;
  CallFactory factory;
  ServerStats stats;
  // Bytes of messages begun, over all streams; a bound on them keeps many clients that each send
  // half of a large message from eating the memory.
  std::atomic<size_t> assembling_bytes{0};
};

constexpr size_t kMaxAssemblingBytes = 256U << 20U;

inline void Count(std::atomic<uint64_t>& counter, uint64_t by = 1) { counter.fetch_add(by, std::memory_order_relaxed); }
inline void Uncount(std::atomic<uint64_t>& counter) { counter.fetch_sub(1, std::memory_order_relaxed); }

}  // namespace chancery::edge
