#include "agent/standard_streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/unique_fd.h"

namespace chancery::agent {
namespace {

void WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = write(descriptor, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) {  // somebody who has it too made it so
      pollfd room{descriptor, POLLOUT, 0};
      poll(&room, 1, -1);
      continue;
    }
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
  return OutputPump::Start([descriptor](std::string_view text) { WriteAll(descriptor, text); });
}

}  // namespace chancery::agent
