#include "agent/output_pump.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace chancery::agent {

base::Result<std::unique_ptr<OutputPump>> OutputPump::Start(Take take) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return base::Error{base::Code::kUnavailable, "pipe", {}};
  return std::unique_ptr<OutputPump>(new OutputPump(std::move(take), ends[0], ends[1]));
}

OutputPump::OutputPump(Take take, int read_end, int write_end)
    : take_(std::move(take)), read_end_(read_end), write_end_(write_end), thread_([this] { Run(); }) {}

OutputPump::~OutputPump() {
  close(write_end_);
  thread_.join();
  close(read_end_);
}

void OutputPump::Run() const {
  std::array<char, 64 << 10> buffer{};
  while (true) {
    const ssize_t got = read(read_end_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    take_({buffer.data(), static_cast<size_t>(got)});
  }
}

}  // namespace chancery::agent
