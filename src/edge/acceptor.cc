#include "edge/acceptor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace chancery::edge {
namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::seconds kComplaintInterval{10};

}  // namespace

Acceptor::Acceptor(ListeningSocket socket, size_t listener, Loop& loop, Context& context,
                   std::vector<std::unique_ptr<Worker>>& workers)
    : Alarm(loop), socket_(std::move(socket)), listener_(listener), loop_(loop), context_(context), workers_(workers) {}

void Acceptor::Open() {
  if (socket_ && !loop_.Watch(socket_.fd(), EPOLLIN, *this)) Pause();
}

void Acceptor::Close() {
  if (!socket_) return;
  Cancel();
  loop_.Unwatch(socket_.fd(), *this);
  socket_.Close();
}

void Acceptor::OnReady(uint32_t) {
  for (int i = 0; socket_ && i < kAcceptsPerTurn; ++i) {
    if (!AcceptOne()) return;
  }
}

bool Acceptor::IsFull() const {
  const ServerOptions& options = context_.options;
  return context_.stats.connections_open.load(std::memory_order_relaxed) >= options.max_connections ||
         (options.listeners[listener_].tls &&
          context_.stats.handshakes_open.load(std::memory_order_relaxed) >= options.max_handshakes);
}

bool Acceptor::AcceptOne() {
  base::UniqueFd accepted(::accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!accepted) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) Pause();
    return errno == EINTR || errno == ECONNABORTED;
  }
  if (IsFull()) {
    Count(context_.stats.connections_refused);
    return true;  // closing says no more cheaply than any answer
  }
  Count(context_.stats.connections_accepted);
  Count(context_.stats.connections_open);
  const int on = 1;
  // Unix sockets know no such thing, and fail.
  ::setsockopt(accepted.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto least = std::ranges::min_element(workers_, {}, [](const auto& worker) { return worker->load(); });
  (*least)->Hand(std::move(accepted), listener_);
  return true;
}

void Acceptor::Pause() {
  const auto now = loop_.Now();
  if (now - complained_ > kComplaintInterval) {
    complained_ = now;
    spdlog::warn("edge: cannot accept connections: {}", std::strerror(errno));
  }
  loop_.Unwatch(socket_.fd(), *this);
  Arm(now + kPause);
}

void Acceptor::OnAlarm() { Open(); }

}  // namespace chancery::edge
