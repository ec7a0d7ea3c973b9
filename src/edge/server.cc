#include "edge/server.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/check.h"
#include "edge/acceptor.h"
#include "edge/address.h"
#include "edge/context.h"
#include "edge/worker.h"

namespace chancery::edge {
namespace {

// Of the process's descriptors, what is left to its other parts (store, API, feed, logs).
constexpr size_t kDescriptorsOfOthers = 256;

// What RLIMIT_NOFILE allows, never assumed: it cannot be raised everywhere.
size_t AllowedConnections(size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  const size_t descriptors = limit.rlim_cur;
  const size_t allowed = descriptors > 2 * kDescriptorsOfOthers ? descriptors - kDescriptorsOfOthers : descriptors / 2;
  spdlog::info("edge: {} file descriptors allow {} connections, the limit is set to {}", descriptors, allowed,
               std::min(allowed, wanted));
  return std::min(allowed, wanted);
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, CallFactory factory) {
    context_.options = std::move(options);
    context_.factory = std::move(factory);
  }
  ~Impl() { Stop(); }

  base::Status Start();
  void Drain();
  void Stop();

  std::vector<xds::Executor*> executors() {
    std::vector<xds::Executor*> all;
    for (const auto& worker : workers_) all.push_back(&worker->loop());
    return all;
  }
  const std::string& address() const { return address_; }
  const ServerStats& stats() const { return context_.stats; }

 private:
  void CloseAcceptor();

  Context context_;
  std::string address_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Acceptor> acceptor_;
  bool running_ = false;
};

base::Status Server::Impl::Start() {
  CHANCERY_CHECK(workers_.empty());
  auto socket = Listen(context_.options.address);
  if (!socket) return socket.error();
  address_ = LocalAddressOf(socket->get());
  context_.options.max_connections = AllowedConnections(context_.options.max_connections);
  const unsigned loops = context_.options.loops > 0 ? context_.options.loops : std::thread::hardware_concurrency();
  for (unsigned i = 0; i < std::max(loops, 1U); ++i) {
    auto loop = Loop::Create();
    if (!loop) {
      workers_.clear();
      return loop.error();
    }
    workers_.push_back(std::make_unique<Worker>(*std::move(loop), context_));
  }
  Loop& first = workers_.front()->loop();
  acceptor_ = std::make_unique<Acceptor>(*std::move(socket), first, context_, workers_);
  first.Post([this] { acceptor_->Open(); });
  for (const auto& worker : workers_) worker->Start();
  running_ = true;
  return base::Status::Ok();
}

void Server::Impl::CloseAcceptor() {
  workers_.front()->loop().Post([this] { acceptor_->Close(); });
}

void Server::Impl::Drain() {
  if (!running_) return;
  CloseAcceptor();
  for (const auto& worker : workers_) worker->Drain();
}

void Server::Impl::Stop() {
  if (!std::exchange(running_, false)) return;
  CloseAcceptor();
  for (const auto& worker : workers_) worker->Stop();
  for (const auto& worker : workers_) worker->Join();
}

Server::Server(ServerOptions options, CallFactory factory)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(factory))) {}
Server::~Server() = default;

base::Status Server::Start() { return impl_->Start(); }
std::string Server::address() const { return impl_->address(); }
std::vector<xds::Executor*> Server::executors() { return impl_->executors(); }
void Server::Drain() { impl_->Drain(); }
void Server::Stop() { impl_->Stop(); }
const ServerStats& Server::stats() const { return impl_->stats(); }

}  // namespace chancery::edge
