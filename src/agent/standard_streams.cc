#include "agent/standard_streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "base/unique_fd.h"

namespace chancery::agent {
namespace {

// How long a stop waits for a stream that is full.
constexpr int kLastWaitMs = 100;

// Whether the stream has room. Waits for it, but not for long once `stop` can be read.
bool HasRoom(int descriptor, int stop) {
  std::array<pollfd, 2> events{{{descriptor, POLLOUT, 0}, {stop, POLLIN, 0}}};
  if (poll(events.data(), events.size(), -1) < 0) return errno == EINTR;
  if (events[0].revents == 0) poll(events.data(), 1, kLastWaitMs);
  return events[0].revents != 0;
}

// In pieces that fit where poll(2) finds room, so that a stream that nobody reads blocks in HasRoom.
void WriteStream(int descriptor, std::string_view text, int stop) {
  while (!text.empty() && HasRoom(descriptor, stop)) {
    const ssize_t put = write(descriptor, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
    if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (put <= 0) return;
    text.remove_prefix(static_cast<size_t>(put));
  }
}

}  // namespace

bool CanBeOpenedAnew(int descriptor) {
  // As Envoy opens it, but a FIFO that nobody reads is not waited for.
  const std::string path = fmt::format("/proc/self/fd/{}", descriptor);
  return base::UniqueFd(open(path.c_str(), O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)).get() >= 0;
}

base::Result<std::unique_ptr<OutputPump>> PumpUnlessOpenable(int descriptor) {
  if (CanBeOpenedAnew(descriptor)) return std::unique_ptr<OutputPump>();
  return OutputPump::Start([descriptor](std::string_view text, int stop) { WriteStream(descriptor, text, stop); });
}

}  // namespace chancery::agent
