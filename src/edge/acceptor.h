#pragma once

#include <memory>
#include <string>
#include <vector>

#include "edge/context.h"
#include "edge/listening_socket.h"
#include "edge/loop.h"
#include "edge/worker.h"

namespace chancery::edge {

// Takes connections from one listening socket and hands each to the worker that has the fewest.
// Confined to its loop, that of the first worker.
class Acceptor final : public Watcher, private Alarm {
 public:
  // `listener`: which of ServerOptions::listeners it is.
  Acceptor(ListeningSocket socket, size_t listener, Loop& loop, Context& context,
           std::vector<std::unique_ptr<Worker>>& workers);
  ~Acceptor() override = default;

  void Open();
  // Takes none any more and frees the address.
  void Close();
  const std::string& address() const { return socket_.address(); }

  void OnReady(uint32_t events) override;

 private:
  void OnAlarm() override;
  // Whether there is no place for another connection.
  bool IsFull() const;
  // False: nothing more for now.
  bool AcceptOne();
  // The process is out of descriptors or memory: waits, instead of being woken for ever.
  void Pause();

  ListeningSocket socket_;
  const size_t listener_;
  Loop& loop_;
  Context& context_;
  std::vector<std::unique_ptr<Worker>>& workers_;
  base::Clock::TimePoint complained_{};
};

}  // namespace chancery::edge
