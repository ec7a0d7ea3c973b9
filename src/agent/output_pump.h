#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"

namespace chancery::agent {

// A pipe for what a child process prints, and a thread that reads it. Destroyed after the child has ended, it takes
// what lies in the pipe first, and waits for nobody else who has the pipe. Made and destroyed on any one thread.
class OutputPump {
 public:
  // Gets what was printed, piece by piece, on the pump's thread. While it blocks, so does the child, when it prints:
  // but once `stop` can be read, it comes back soon.
  using Take = std::function<void(std::string_view text, int stop)>;

  // kUnavailable when there is no pipe to be had.
  static base::Result<std::unique_ptr<OutputPump>> Start(Take take);
  ~OutputPump();
  OutputPump(const OutputPump&) = delete;
  OutputPump& operator=(const OutputPump&) = delete;

  // The descriptor a child's output goes to.
  int descriptor() const { return write_end_.get(); }

 private:
  OutputPump(Take take, base::UniqueFd read_end, base::UniqueFd write_end, base::UniqueFd stop);
  void Run() const;

  const Take take_;
  const base::UniqueFd read_end_;
  base::UniqueFd write_end_;
  const base::UniqueFd stop_;
  std::thread thread_;
};

}  // namespace chancery::agent
