#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <random>
#include <thread>

#include "edge/connection.h"
#include "edge/context.h"
#include "edge/loop.h"

namespace chancery::edge {

// One loop on one thread and the connections that live there. Hand, Drain, Stop and load are
// thread-safe; the rest is the loop's.
class Worker final : public ConnectionOwner {
 public:
  Worker(std::unique_ptr<Loop> loop, Context& context);
  ~Worker() override;

  Loop& loop() { return *loop_; }
  void Start();
  // Takes over a socket that `listener` accepted and that is counted in connections_open.
  void Hand(base::UniqueFd socket, size_t listener);
  // Connections here and on their way here.
  size_t load() const { return load_.load(std::memory_order_relaxed); }
  void Drain();
  // Ends all streams and connections, and the loop after it; returns at once.
  void Stop();
  // REQUIRES: Stop was called.
  void Join();

 private:
  struct Handed;

  void OnConnectionClosed(Connection& connection) override;
  void Adopt(Handed& handed);
  void CloseAll();

  Context& context_;
  std::unique_ptr<Loop> loop_;
  std::atomic<size_t> load_{0};
  bool draining_ = false;
  std::minstd_rand jitter_;
  std::list<std::unique_ptr<Connection>> connections_;
  std::thread thread_;
};

}  // namespace chancery::edge
