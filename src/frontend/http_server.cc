#include "frontend/http_server.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/unix_listener.h"
#include "frontend/http_connection.h"
#include "frontend/tls_files.h"

namespace chancery::frontend {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<SocketProtocol>;

constexpr std::string_view kUnix = "unix:";
// Connections beyond the limit that are being told so.
constexpr size_t kRefusals = 64;
constexpr std::chrono::seconds kTlsRefresh{1};

// "127.0.0.1:80", "[::1]:80" or "localhost:80".
base::Result<tcp::endpoint> ParseEndpoint(const std::string& address) {
  const base::Error error{base::Code::kBadRequest, fmt::format("'{}' is not an IP address and a port", address), {}};
  const auto parts = base::SplitHostPort(address);
  if (!parts) return error;
  ErrorCode failed;
  const auto ip = asio::ip::make_address(parts->host == "localhost" ? "127.0.0.1" : parts->host, failed);
  if (failed) return error;
  return tcp::endpoint(ip, parts->port);
}

std::string ToText(const tcp::endpoint& endpoint) {
  return base::JoinHostPort(endpoint.address().to_string(), endpoint.port());
}

void ListenOnTcp(const tcp::endpoint& endpoint, Acceptor& acceptor, ErrorCode& error) {
  acceptor.open(SocketProtocol(endpoint.protocol()), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(SocketProtocol::endpoint(endpoint), error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
}

tcp::endpoint ToTcp(const SocketProtocol::endpoint& generic) {
  tcp::endpoint endpoint;
  endpoint.resize(generic.size());
  std::memcpy(endpoint.data(), generic.data(), generic.size());
  return endpoint;
}

// A connection's share of max_connections, from the moment it is accepted.
class Place {
 public:
  explicit Place(std::atomic<size_t>& taken) : taken_(&taken) { ++taken; }
  Place(Place&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
  Place& operator=(Place&&) = delete;
  ~Place() { GiveUp(); }
  bool held() const { return taken_ != nullptr; }
  // Its connection is about to end.
  void GiveUp() {
    if (taken_ != nullptr) --*std::exchange(taken_, nullptr);
  }

 private:
  std::atomic<size_t>* taken_;
};

// An event loop and the connections that live on it. Confined to its thread, but for io and thread.
struct Loop {
  asio::io_context io{1};
  // While a handler runs nothing may wait for io, and yet it goes on.
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::map<std::shared_ptr<HttpConnection>, Place> connections;
  std::optional<HttpHost> host;
  bool drained = false;
  std::thread thread;
};

}  // namespace

// Accepting, and what is about the server as a whole, is confined to the thread of the first loop.
class HttpServer::Impl {
 public:
  Impl(HttpServerOptions options, Handler handler, IsQuick is_quick)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        is_quick_(is_quick ? std::move(is_quick) : [](const Request&) { return false; }),
        loops_(std::max<size_t>(1, options_.loops)),
        pool_(options_.threads) {
    for (Loop& loop : loops_) {
      loop.host.emplace(HttpHost{
          options_, loop.io, pool_, [this](const Request& request) { return Call(request); }, is_quick_, bodies_,
          [this, &loop](const std::shared_ptr<HttpConnection>& connection) { Leave(loop, connection); }});
    }
  }

  base::Status Start();
  void Stop() EXCLUDES(mutex_);
  const std::string& address() const { return address_; }

 private:
  Loop& first() { return loops_.front(); }
  bool stopping() { return first().host->stopping; }
  void Serve(Loop& loop) const;
  void Accept();
  void OnAccept(const ErrorCode& error, HttpSocket socket);
  // Gives the socket, which was accepted for `loop`, to a connection there.
  void Adopt(Loop& loop, HttpSocket socket, std::string peer, std::shared_ptr<asio::ssl::context> tls, Place place,
             bool full);
  // Drops the connection of the loop whose client has kept it waiting longest; false when none does.
  static bool MakeRoom(Loop& loop);
  // Who is at the other end; nothing when a Unix socket's peer is another user than this process's or root.
  std::optional<std::string> PeerOf(HttpSocket& socket) const;
  void RefreshTls();
  void Leave(Loop& loop, const std::shared_ptr<HttpConnection>& connection) EXCLUDES(mutex_);
  void BeginStop(Loop& loop) EXCLUDES(mutex_);
  void NoteDrained(Loop& loop) EXCLUDES(mutex_);
  // Runs on a thread of the pool, or of a loop.
  Answer Call(const Request& request) const;

  const HttpServerOptions options_;
  const Handler handler_;
  const IsQuick is_quick_;
  std::string address_;
  // Of a Unix socket.
  std::optional<base::SocketFile> socket_file_;
  // Connections of all loops.
  std::atomic<size_t> open_ = 0;
  BodyBudget bodies_{options_.max_bodies};
  // Never grows: its loops are referred to.
  std::vector<Loop> loops_;
  // Whose turn it is.
  size_t next_ = 0;
  Acceptor acceptor_{first().io};
  asio::steady_timer retry_{first().io};
  asio::steady_timer tls_timer_{first().io};
  std::optional<TlsFiles> tls_;
  std::string tls_error_;
  asio::thread_pool pool_;

  base::Mutex mutex_;
  base::CondVar idle_;
  size_t drained_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
};

base::Status HttpServer::Impl::Start() {
  if (!options_.tls_certificate.empty()) {
    auto files = TlsFiles::Load(options_.tls_certificate, options_.tls_key);
    if (!files) return files.error();
    tls_ = *std::move(files);
  }
  ErrorCode error;
  if (options_.address.starts_with(kUnix)) {
    auto listener = base::ListenOnUnix({.path = options_.address.substr(kUnix.size())});
    if (!listener) return listener.error();
    socket_file_ = std::move(listener->file);
    acceptor_.assign(SocketProtocol(AF_UNIX, 0), listener->socket.get(), error);
    if (!error) listener->socket.Release();
    address_ = options_.address;
  } else {
    const auto endpoint = ParseEndpoint(options_.address);
    if (!endpoint) return endpoint.error();
    ListenOnTcp(*endpoint, acceptor_, error);
    if (!error) address_ = ToText(ToTcp(acceptor_.local_endpoint(error)));
  }
  if (error) {
    return base::Error{
        base::Code::kUnavailable, fmt::format("cannot listen on {}: {}", options_.address, error.message()), {}};
  }
  Accept();
  if (tls_) RefreshTls();
  for (Loop& loop : loops_) loop.thread = std::thread([this, &loop] { Serve(loop); });
  return base::Status::Ok();
}

void HttpServer::Impl::RefreshTls() {
  const auto renewed = tls_->Refresh();
  if (renewed && *renewed) spdlog::info("serving {}: the new certificate is in force", address_);
  const std::string error = renewed ? "" : base::ToString(renewed.error());
  if (!error.empty() && error != tls_error_) {
    spdlog::error("serving {}: the old certificate stays in force: {}", address_, error);
  }
  tls_error_ = error;
  tls_timer_.expires_after(kTlsRefresh);
  tls_timer_.async_wait([this](const ErrorCode& cancelled) {
    if (!cancelled && !stopping()) RefreshTls();
  });
}

void HttpServer::Impl::Serve(Loop& loop) const {
  for (;;) {
    try {
      loop.io.run();
      return;
    } catch (const std::exception& error) {
      // Such as out of memory for one connection; the others go on.
      spdlog::error("serving {}: {}", address_, error.what());
    }
  }
}

void HttpServer::Impl::Accept() {
  acceptor_.async_accept(loops_[next_].io,
                         [this](const ErrorCode& error, HttpSocket socket) { OnAccept(error, std::move(socket)); });
}

void HttpServer::Impl::OnAccept(const ErrorCode& error, HttpSocket socket) {
  if (stopping()) return;
  if (error) {
    // Out of descriptors, most likely: wait for some to come back instead of spinning.
    spdlog::warn("accepting on {}: {}", address_, error.message());
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([this](const ErrorCode& cancelled) {
      if (!cancelled && !stopping()) Accept();
    });
    return;
  }
  Loop& loop = loops_[next_];
  next_ = (next_ + 1) % loops_.size();
  Accept();
  // Refusals take a moment too, and are bounded as well: beyond that the socket just closes.
  const size_t open = open_;
  if (open >= options_.max_connections + kRefusals) return;
  std::optional<std::string> peer = PeerOf(socket);
  if (!peer) return;
  asio::dispatch(loop.io, [this, &loop, socket = std::move(socket), peer = *std::move(peer),
                           tls = tls_ ? tls_->context() : nullptr, place = Place(open_),
                           full = open >= options_.max_connections]() mutable {
    Adopt(loop, std::move(socket), std::move(peer), std::move(tls), std::move(place), full);
  });
}

void HttpServer::Impl::Adopt(Loop& loop, HttpSocket socket, std::string peer, std::shared_ptr<asio::ssl::context> tls,
                             Place place, bool full) {
  if (loop.host->stopping) return;
  const bool room = full && MakeRoom(loop);
  const auto connection = HttpConnection::Make(*loop.host, std::move(socket), std::move(peer), std::move(tls));
  loop.connections.emplace(connection, std::move(place));
  full && !room ? connection->Refuse(Refusal(base::Code::kUnavailable, "too many connections; try again"))
                : connection->Begin();
}

// So that clients which begin requests and never end them keep nobody out. Walks all connections, but only when the
// server is full.
bool HttpServer::Impl::MakeRoom(Loop& loop) {
  auto longest = loop.connections.end();
  for (auto at = loop.connections.begin(); at != loop.connections.end(); ++at) {
    const auto since = at->first->waiting_since();
    if (!since || !at->second.held()) continue;
    if (longest == loop.connections.end() || *since < *longest->first->waiting_since()) longest = at;
  }
  if (longest == loop.connections.end()) return false;
  longest->second.GiveUp();
  longest->first->Drop();
  return true;
}

std::optional<std::string> HttpServer::Impl::PeerOf(HttpSocket& socket) const {
  ErrorCode error;
  if (!options_.address.starts_with(kUnix)) {
    socket.set_option(tcp::no_delay(true), error);
    const auto endpoint = socket.remote_endpoint(error);
    return error ? std::string() : ToTcp(endpoint).address().to_string();
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
      (peer.uid == geteuid() || peer.uid == 0)) {
    return fmt::format("uid {}", peer.uid);
  }
  spdlog::warn("{}: user {} is not allowed", address_, peer.uid);
  return std::nullopt;
}

void HttpServer::Impl::Leave(Loop& loop, const std::shared_ptr<HttpConnection>& connection) {
  loop.connections.erase(connection);
  NoteDrained(loop);
}

void HttpServer::Impl::BeginStop(Loop& loop) {
  loop.host->stopping = true;
  if (&loop == &first()) {
    ErrorCode ignored;
    acceptor_.close(ignored);
    retry_.cancel();
    tls_timer_.cancel();
  }
  for (const auto& [connection, place] : loop.connections) connection->Finish();
  NoteDrained(loop);
}

void HttpServer::Impl::NoteDrained(Loop& loop) {
  if (!loop.host->stopping || !loop.connections.empty() || std::exchange(loop.drained, true)) return;
  base::MutexLock lock(mutex_);
  ++drained_;
  idle_.NotifyAll();
}

void HttpServer::Impl::Stop() {
  {
    base::MutexLock lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
  }
  for (Loop& loop : loops_) asio::post(loop.io, [this, &loop] { BeginStop(loop); });
  {
    const auto deadline = std::chrono::steady_clock::now() + options_.stop_grace;
    base::MutexLock lock(mutex_);
    while (drained_ < loops_.size()) {
      const auto left = deadline - std::chrono::steady_clock::now();
      if (left <= left.zero()) break;
      idle_.WaitFor(mutex_, left);
    }
  }
  pool_.join();
  for (Loop& loop : loops_) loop.io.stop();
  for (Loop& loop : loops_) {
    if (loop.thread.joinable()) loop.thread.join();
  }
  socket_file_.reset();
}

Answer HttpServer::Impl::Call(const Request& request) const {
  try {
    return handler_(request);
  } catch (const std::exception& error) {
    // Such as out of memory: this request is lost, the process is not.
    // Not its query, in which a presigned request has its signature.
    spdlog::error("{} {}: {}", request.method, request.target.substr(0, request.target.find('?')), error.what());
    return Refusal(base::Code::kInternal, error.what());
  }
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { impl_->Stop(); }
const std::string& HttpServer::address() const { return impl_->address(); }
void HttpServer::Stop() { impl_->Stop(); }

base::Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options, Handler handler,
                                                            IsQuick is_quick) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler), std::move(is_quick));
  CHANCERY_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace chancery::frontend
