#include "agent/output_pump.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace chancery::agent {
namespace {

constexpr size_t kPiece = 64 << 10;
// What is taken after a stop: a pipe's worth, and not what somebody goes on to print who still has it.
constexpr int kLastPieces = 16;

}  // namespace

base::Result<std::unique_ptr<OutputPump>> OutputPump::Start(Take take) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return base::Error{base::Code::kUnavailable, "pipe", {}};
  base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  base::UniqueFd stop(eventfd(0, EFD_CLOEXEC));
  if (!stop || fcntl(read_end.get(), F_SETFL, O_NONBLOCK) != 0) {
    return base::Error{base::Code::kUnavailable, "eventfd", {}};
  }
  return std::unique_ptr<OutputPump>(
      new OutputPump(std::move(take), std::move(read_end), std::move(write_end), std::move(stop)));
}

OutputPump::OutputPump(Take take, base::UniqueFd read_end, base::UniqueFd write_end, base::UniqueFd stop)
    : take_(std::move(take)),
      read_end_(std::move(read_end)),
      write_end_(std::move(write_end)),
      stop_(std::move(stop)),
      thread_([this] { Run(); }) {}

OutputPump::~OutputPump() {
  write_end_.Reset();
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

void OutputPump::Run() const {
  std::array<char, kPiece> buffer{};
  std::array<pollfd, 2> events{{{read_end_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
  for (int last = 0; last < kLastPieces;) {
    if (poll(events.data(), events.size(), -1) < 0 && errno != EINTR) return;
    const bool stopping = events[1].revents != 0;
    const ssize_t got = read(read_end_.get(), buffer.data(), buffer.size());
    if (got > 0) {
      take_({buffer.data(), static_cast<size_t>(got)}, stop_.get());
    } else if (got == 0 || stopping || (errno != EAGAIN && errno != EINTR)) {
      return;
    }
    if (stopping) ++last;
  }
}

}  // namespace chancery::agent
