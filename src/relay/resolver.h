#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "edge/client_call.h"
#include "xds/transport.h"

namespace chancery::relay {

// Finds the addresses of one server by its name, in the order in which to try them (RFC 6724), each time anew, on a
// thread of its own: a loop must not wait for DNS. Thread-safe.
class Resolver {
 public:
  // At least one address, at most kMostAddresses.
  using Addresses = std::vector<edge::SocketAddress>;
  using Found = std::function<void(base::Result<Addresses>)>;
  static constexpr size_t kMostAddresses = 16;

  Resolver(std::string host, uint16_t port);
  // Waits for a look-up that is under way.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Calls `found` on the executor. At most kMostWaiting look-ups wait, beyond it is kUnavailable at once.
  void Resolve(xds::Executor& executor, Found found) EXCLUDES(mutex_);

 private:
  struct Task {
    xds::Executor* executor;
    Found found;
  };
  static constexpr size_t kMostWaiting = 1'000;

  void Run() EXCLUDES(mutex_);
  base::Result<Addresses> LookUp() const;

  const std::string host_;
  const uint16_t port_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Task> tasks_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace chancery::relay
