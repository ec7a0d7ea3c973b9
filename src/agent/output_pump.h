#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <thread>

#include "base/result.h"

namespace chancery::agent {

// A pipe for what a child process prints, and a thread that reads it. Destroyed after the child has ended, it takes
// what is left first.
class OutputPump {
 public:
  // Gets what was printed, piece by piece, on the pump's thread. While it blocks, so does the child, when it prints.
  using Take = std::function<void(std::string_view)>;

  // kUnavailable when there is no pipe to be had.
  static base::Result<std::unique_ptr<OutputPump>> Start(Take take);
  ~OutputPump();
  OutputPump(const OutputPump&) = delete;
  OutputPump& operator=(const OutputPump&) = delete;

  // The descriptor a child's output goes to.
  int descriptor() const { return write_end_; }

 private:
  OutputPump(Take take, int read_end, int write_end);
  void Run() const;

  const Take take_;
  const int read_end_;
  const int write_end_;
  std::thread thread_;
};

}  // namespace chancery::agent
