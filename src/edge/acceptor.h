#pragma once

#include <memory>
#include <vector>

#include "edge/context.h"
#include "edge/loop.h"
#include "edge/worker.h"

namespace chancery::edge {

// Takes connections from one listening socket and hands each to the worker that has the fewest.
// Confined to its loop, that of the first worker.
class Acceptor final : public Watcher, private Alarm {
 public:
  Acceptor(UniqueFd socket, Loop& loop, Context& context, std::vector<std::unique_ptr<Worker>>& workers);
  ~Acceptor() override = default;

  void Open();
  // Takes none any more and frees the address.
  void Close();

  void OnReady(uint32_t events) override;

 private:
  void OnAlarm() override;
  // False: nothing more for now.
  bool AcceptOne();
  // The process is out of descriptors or memory: waits, instead of being woken for ever.
  void Pause();

  UniqueFd socket_;
  Loop& loop_;
  Context& context_;
  std::vector<std::unique_ptr<Worker>>& workers_;
  base::Clock::TimePoint complained_{};
};

}  // namespace chancery::edge
