#include "frontend/http_server.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <set>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/random.h"
#include "frontend/aws_errors.h"

namespace chancery::frontend {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// Connections beyond the limit that are being told so.
constexpr size_t kRefusals = 64;

Answer Refusal(base::Code code, std::string message) {
  return ToAnswer(base::Error{code, std::move(message), {}}, base::NewUuid());
}

// "127.0.0.1:80" or "[::1]:80".
base::Result<tcp::endpoint> ParseEndpoint(const std::string& address) {
  const base::Error error{base::Code::kBadRequest, fmt::format("'{}' is not an IP address and a port", address), {}};
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon + 1 == address.size() || address.size() - colon > 6) return error;
  std::string host = address.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const std::string port = address.substr(colon + 1);
  if (port.find_first_not_of("0123456789") != std::string::npos || std::stoi(port) > 65535) return error;
  ErrorCode failed;
  const auto ip = asio::ip::make_address(host, failed);
  if (failed) return error;
  return tcp::endpoint(ip, static_cast<uint16_t>(std::stoi(port)));
}

std::string ToText(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                    : fmt::format("{}:{}", host, endpoint.port());
}

Request ToRequest(http::request<http::string_body>&& message) {
  Request request{std::string(message.method_string()), std::string(message.target()), {}, std::move(message.body())};
  for (const auto& field : message) request.headers.emplace_back(field.name_string(), field.value());
  return request;
}

http::response<http::string_body> ToResponse(Answer answer, bool head, bool keep_alive) {
  http::response<http::string_body> response(static_cast<http::status>(answer.status), 11);
  for (const auto& [name, value] : answer.headers) response.insert(name, value);
  // Clients that sign correct their clocks by it.
  response.set(http::field::date,
               fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                           fmt::gmtime(std::chrono::system_clock::to_time_t(base::Clock::System().WallNow()))));
  response.content_length(answer.body.size());
  response.keep_alive(keep_alive);
  if (!head) response.body() = std::move(answer.body);
  return response;
}

}  // namespace

// Everything but handlers is confined to the thread that runs io_.
class HttpServer::Impl {
 public:
  Impl(HttpServerOptions options, Handler handler)
      : options_(std::move(options)), handler_(std::move(handler)), pool_(options_.threads) {}

  base::Status Start();
  void Stop() EXCLUDES(mutex_);
  const std::string& address() const { return address_; }

 private:
  class Connection;

  void Serve();
  void Accept();
  void OnAccept(const ErrorCode& error, tcp::socket socket);
  void Leave(const std::shared_ptr<Connection>& connection) EXCLUDES(mutex_);
  void BeginStop() EXCLUDES(mutex_);
  // Runs on a thread of the pool.
  Answer Call(const Request& request) const;

  const HttpServerOptions options_;
  const Handler handler_;
  std::string address_;
  asio::io_context io_{1};
  // While a handler runs nothing may wait for io_, and yet it goes on.
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  tcp::acceptor acceptor_{io_};
  asio::steady_timer retry_{io_};
  std::set<std::shared_ptr<Connection>> connections_;
  bool stopping_ = false;
  asio::thread_pool pool_;
  std::thread thread_;

  base::Mutex mutex_;
  base::CondVar idle_;
  bool drained_ GUARDED_BY(mutex_) = false;
  bool stopped_ GUARDED_BY(mutex_) = false;
};

// One socket: reads a request, has it handled, writes the answer, and so on. Confined to io_.
class HttpServer::Impl::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Impl& server, tcp::socket socket)
      : server_(server), stream_(std::move(socket)), buffer_(server.options_.max_header + (16u << 10)) {}

  void Begin() { ReadHeader(); }
  // Answers that it takes no more, and closes.
  void Refuse(Answer answer) { Write(std::move(answer), false, Then::kDrain); }
  // The server stops: goes at once when it waits for a request of which nothing has come.
  void Finish() {
    if (waiting_ && buffer_.size() == 0) Close();
  }
  void Close() {
    ErrorCode ignored;
    stream_.socket().close(ignored);
  }

 private:
  enum class Then { kReadOn, kClose, kDrain };

  void ReadHeader() {
    parser_.emplace();
    parser_->header_limit(server_.options_.max_header);
    parser_->body_limit(server_.options_.max_body);
    waiting_ = true;
    stream_.expires_after(server_.options_.idle_timeout);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](const ErrorCode& error, size_t) { self->OnHeader(error); });
  }

  void OnHeader(const ErrorCode& error) {
    waiting_ = false;
    if (error) return OnReadError(error);
    const bool expects = beast::iequals(parser_->get()[http::field::expect], "100-continue");
    if (!expects || parser_->is_done()) return ReadBody();
    continue_.emplace(http::status::continue_, 11);
    stream_.expires_after(server_.options_.write_timeout);
    http::async_write(stream_, *continue_, [self = shared_from_this()](const ErrorCode& failed, size_t) {
      failed ? self->End() : self->ReadBody();
    });
  }

  void ReadBody() {
    stream_.expires_after(server_.options_.read_timeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const ErrorCode& error, size_t) { self->OnBody(error); });
  }

  void OnBody(const ErrorCode& error) {
    if (error) return OnReadError(error);
    const bool keep_alive = parser_->get().keep_alive();
    head_ = parser_->get().method() == http::verb::head;
    stream_.expires_never();
    asio::post(server_.pool_, [self = shared_from_this(), keep_alive, request = ToRequest(parser_->release())] {
      Answer answer = self->server_.Call(request);
      asio::post(self->server_.io_, [self, keep_alive, answer = std::move(answer)]() mutable {
        self->Write(std::move(answer), keep_alive, keep_alive ? Then::kReadOn : Then::kClose);
      });
    });
  }

  // Errors of HTTP itself are answered; a connection that broke, ended or timed out just goes.
  void OnReadError(const ErrorCode& error) {
    const auto& options = server_.options_;
    if (error == http::error::end_of_stream || error == http::error::partial_message) return End();
    if (error == http::error::body_limit) {
      return Refuse(Refusal(base::Code::kBadRequest,
                            fmt::format("the body is larger than the limit of {} bytes", options.max_body)));
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return Refuse(Refusal(base::Code::kBadRequest,
                            fmt::format("the header is larger than the limit of {} bytes", options.max_header)));
    }
    if (error.category() == http::make_error_code(http::error::bad_method).category()) {
      return Refuse(Refusal(base::Code::kBadRequest, fmt::format("malformed HTTP: {}", error.message())));
    }
    End();
  }

  void Write(Answer answer, bool keep_alive, Then then) {
    keep_alive = keep_alive && !server_.stopping_;
    if (!keep_alive && then == Then::kReadOn) then = Then::kClose;
    response_.emplace(ToResponse(std::move(answer), head_, keep_alive));
    stream_.expires_after(server_.options_.write_timeout);
    http::async_write(stream_, *response_, [self = shared_from_this(), then](const ErrorCode& error, size_t) {
      if (error) return self->End();
      if (then == Then::kReadOn && !self->server_.stopping_) return self->ReadHeader();
      ErrorCode ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
      if (then != Then::kDrain) return self->End();
      self->stream_.expires_after(self->server_.options_.read_timeout);
      self->Drain(self->server_.options_.max_drain);
    });
  }

  // Closing with unread data would reset the connection, and the client would lose the answer.
  void Drain(size_t rest) {
    buffer_.clear();
    stream_.async_read_some(asio::buffer(drained_),
                            [self = shared_from_this(), rest](const ErrorCode& error, size_t n) {
                              if (error || n >= rest) return self->End();
                              self->Drain(rest - n);
                            });
  }

  void End() {
    Close();
    server_.Leave(shared_from_this());
  }

  Impl& server_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::empty_body>> continue_;
  std::optional<http::response<http::string_body>> response_;
  std::array<char, 16384> drained_;
  bool waiting_ = false;
  bool head_ = false;
};

base::Status HttpServer::Impl::Start() {
  const auto endpoint = ParseEndpoint(options_.address);
  if (!endpoint) return endpoint.error();
  ErrorCode error;
  acceptor_.open(endpoint->protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(*endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return base::Error{
        base::Code::kUnavailable, fmt::format("cannot listen on {}: {}", options_.address, error.message()), {}};
  }
  address_ = ToText(acceptor_.local_endpoint(error));
  Accept();
  thread_ = std::thread([this] { Serve(); });
  return base::Status::Ok();
}

void HttpServer::Impl::Serve() {
  for (;;) {
    try {
      io_.run();
      return;
    } catch (const std::exception& error) {
      // Such as out of memory for one connection; the others go on.
      spdlog::error("serving {}: {}", address_, error.what());
    }
  }
}

void HttpServer::Impl::Accept() {
  acceptor_.async_accept([this](const ErrorCode& error, tcp::socket socket) { OnAccept(error, std::move(socket)); });
}

void HttpServer::Impl::OnAccept(const ErrorCode& error, tcp::socket socket) {
  if (stopping_) return;
  if (error) {
    // Out of descriptors, most likely: wait for some to come back instead of spinning.
    spdlog::warn("accepting on {}: {}", address_, error.message());
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([this](const ErrorCode& cancelled) {
      if (!cancelled && !stopping_) Accept();
    });
    return;
  }
  ErrorCode ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  Accept();
  // Refusals take a moment too, and are bounded as well: beyond that the socket just closes.
  if (connections_.size() >= options_.max_connections + kRefusals) return;
  const auto connection = std::make_shared<Connection>(*this, std::move(socket));
  const bool full = connections_.size() >= options_.max_connections;
  connections_.insert(connection);
  full ? connection->Refuse(Refusal(base::Code::kUnavailable, "too many connections; try again")) : connection->Begin();
}

void HttpServer::Impl::Leave(const std::shared_ptr<Connection>& connection) {
  connections_.erase(connection);
  if (!stopping_ || !connections_.empty()) return;
  base::MutexLock lock(mutex_);
  drained_ = true;
  idle_.NotifyAll();
}

void HttpServer::Impl::BeginStop() {
  stopping_ = true;
  ErrorCode ignored;
  acceptor_.close(ignored);
  retry_.cancel();
  for (const auto& connection : connections_) connection->Finish();
  if (!connections_.empty()) return;
  base::MutexLock lock(mutex_);
  drained_ = true;
  idle_.NotifyAll();
}

void HttpServer::Impl::Stop() {
  {
    base::MutexLock lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
  }
  asio::post(io_, [this] { BeginStop(); });
  {
    const auto deadline = std::chrono::steady_clock::now() + options_.stop_grace;
    base::MutexLock lock(mutex_);
    while (!drained_) {
      const auto left = deadline - std::chrono::steady_clock::now();
      if (left <= left.zero()) break;
      idle_.WaitFor(mutex_, left);
    }
  }
  pool_.join();
  io_.stop();
  thread_.join();
}

Answer HttpServer::Impl::Call(const Request& request) const {
  try {
    return handler_(request);
  } catch (const std::exception& error) {
    // Such as out of memory: this request is lost, the process is not.
    spdlog::error("{} {}: {}", request.method, request.target, error.what());
    return Refusal(base::Code::kInternal, error.what());
  }
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { impl_->Stop(); }
const std::string& HttpServer::address() const { return impl_->address(); }
void HttpServer::Stop() { impl_->Stop(); }

base::Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options, Handler handler) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
  CHANCERY_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace chancery::frontend
