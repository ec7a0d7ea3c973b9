#include "edge/server.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/check.h"
#include "edge/acceptor.h"
#include "edge/context.h"
#include "edge/listening_socket.h"
#include "edge/tls_refresher.h"
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
  const std::vector<std::string>& addresses() const { return addresses_; }
  const ServerStats& stats() const { return context_.stats; }

 private:
  base::Status LoadTls(Loop& loop);
  base::Result<std::vector<ListeningSocket>> OpenListeners() const;
  base::Status MakeWorkers();
  void CloseAcceptors();

  Context context_;
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::unique_ptr<TlsRefresher> refresher_;
  bool running_ = false;
};

base::Status Server::Impl::Start() {
  CHANCERY_CHECK(workers_.empty() && !context_.options.listeners.empty());
  context_.options.max_connections = AllowedConnections(context_.options.max_connections);
  CHANCERY_RETURN_IF_ERROR(MakeWorkers());
  Loop& first = workers_.front()->loop();
  base::Status loaded = LoadTls(first);
  auto sockets = loaded ? OpenListeners() : loaded.error();
  if (!sockets) {
    refresher_.reset();
    workers_.clear();
    return sockets.error();
  }
  for (ListeningSocket& socket : *sockets) {
    addresses_.push_back(socket.address());
    acceptors_.push_back(std::make_unique<Acceptor>(std::move(socket), acceptors_.size(), first, context_, workers_));
  }
  first.Post([this] {
    for (const auto& acceptor : acceptors_) acceptor->Open();
    if (refresher_) refresher_->Start();
  });
  for (const auto& worker : workers_) worker->Start();
  running_ = true;
  return base::Status::Ok();
}

base::Status Server::Impl::MakeWorkers() {
  const unsigned loops = context_.options.loops > 0 ? context_.options.loops : std::thread::hardware_concurrency();
  for (unsigned i = 0; i < std::max(loops, 1U); ++i) {
    auto loop = Loop::Create();
    if (!loop) {
      workers_.clear();
      return loop.error();
    }
    workers_.push_back(std::make_unique<Worker>(*std::move(loop), context_));
  }
  return base::Status::Ok();
}

base::Status Server::Impl::LoadTls(Loop& loop) {
  if (std::ranges::none_of(context_.options.listeners, &ListenerOptions::tls)) return base::Status::Ok();
  auto files = tls::ContextFiles::LoadServer(context_.options.tls, true);
  if (!files) return files.error();
  refresher_ = std::make_unique<TlsRefresher>(*std::move(files), loop, context_);
  return base::Status::Ok();
}

base::Result<std::vector<ListeningSocket>> Server::Impl::OpenListeners() const {
  std::vector<ListeningSocket> sockets;
  for (const ListenerOptions& listener : context_.options.listeners) {
    auto socket = ListeningSocket::Open(listener);
    if (!socket) return socket.error();
    sockets.push_back(*std::move(socket));
  }
  return sockets;
}

void Server::Impl::CloseAcceptors() {
  workers_.front()->loop().Post([this] {
    for (const auto& acceptor : acceptors_) acceptor->Close();
    if (refresher_) refresher_->Stop();
  });
}

void Server::Impl::Drain() {
  if (!running_) return;
  CloseAcceptors();
  for (const auto& worker : workers_) worker->Drain();
}

void Server::Impl::Stop() {
  if (!std::exchange(running_, false)) return;
  CloseAcceptors();
  for (const auto& worker : workers_) worker->Stop();
  for (const auto& worker : workers_) worker->Join();
}

Server::Server(ServerOptions options, CallFactory factory)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(factory))) {}
Server::~Server() = default;

base::Status Server::Start() { return impl_->Start(); }
const std::vector<std::string>& Server::addresses() const { return impl_->addresses(); }
std::vector<xds::Executor*> Server::executors() { return impl_->executors(); }
void Server::Drain() { impl_->Drain(); }
void Server::Stop() { impl_->Stop(); }
const ServerStats& Server::stats() const { return impl_->stats(); }

}  // namespace chancery::edge
