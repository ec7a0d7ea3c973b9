#include "frontend/http_connection.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <optional>
#include <type_traits>

#include "base/clock.h"
#include "base/random.h"
#include "frontend/aws_errors.h"

namespace chancery::frontend {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;
using PlainStream = beast::basic_stream<SocketProtocol, asio::io_context::executor_type>;
using TlsStream = beast::ssl_stream<PlainStream>;

Request ToRequest(http::request<http::string_body>&& message, const std::string& peer, bool tls) {
  Request request{std::string(message.method_string()), std::string(message.target()), {}, std::move(message.body())};
  for (const auto& field : message) request.headers.emplace_back(field.name_string(), field.value());
  request.peer = peer;
  request.tls = tls;
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

template <typename Stream>
class ConnectionOn final : public HttpConnection, public std::enable_shared_from_this<ConnectionOn<Stream>> {
 public:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  template <typename... Args>
  ConnectionOn(HttpHost& host, std::string peer, std::shared_ptr<asio::ssl::context> tls, Args&&... stream)
      : host_(host),
        peer_(std::move(peer)),
        tls_(std::move(tls)),
        stream_(std::forward<Args>(stream)...),
        buffer_(host.options.max_header + (16u << 10)) {}

  void Begin() override {
    Handshake([this] { ReadHeader(); });
  }
  void Refuse(Answer answer) override {
    Handshake([this, answer = std::move(answer)]() mutable { WriteRefusal(std::move(answer)); });
  }
  void Finish() override {
    if (waiting_ && buffer_.size() == 0) Close();
  }
  std::optional<std::chrono::steady_clock::time_point> waiting_since() const override { return waiting_since_; }
  void Drop() override { Close(); }

 private:
  enum class Then { kReadOn, kClose, kDrain };

  auto Self() { return this->shared_from_this(); }
  auto& lowest() { return beast::get_lowest_layer(stream_); }

  // `then` is called while the connection lives.
  template <typename Next>
  void Handshake(Next then) {
    waiting_since_ = std::chrono::steady_clock::now();
    if constexpr (kTls) {
      waiting_ = true;
      lowest().expires_after(host_.options.read_timeout);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = Self(), then = std::move(then)](const ErrorCode& error) mutable {
                                self->waiting_ = false;
                                error ? self->End() : then();
                              });
    } else {
      then();
    }
  }

  void ReadHeader() {
    parser_.emplace();
    parser_->header_limit(host_.options.max_header);
    parser_->body_limit(host_.options.max_body);
    waiting_ = true;
    waiting_since_ = std::chrono::steady_clock::now();
    lowest().expires_after(host_.options.idle_timeout);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = Self()](const ErrorCode& error, size_t) { self->OnHeader(error); });
  }

  void OnHeader(const ErrorCode& error) {
    waiting_ = false;
    if (error) return OnReadError(error);
    if (!TakeBody()) {
      return WriteRefusal(Refusal(base::Code::kUnavailable, "too many large requests at once; try again"));
    }
    const bool expects = beast::iequals(parser_->get()[http::field::expect], "100-continue");
    if (!expects || parser_->is_done()) return ReadBody();
    continue_.emplace(http::status::continue_, 11);
    lowest().expires_after(host_.options.write_timeout);
    http::async_write(stream_, *continue_,
                      [self = Self()](const ErrorCode& failed, size_t) { failed ? self->End() : self->ReadBody(); });
  }

  // Room for the body that the header announces; of a chunked one nothing is known but the limit.
  bool TakeBody() {
    const auto length = parser_->content_length();
    const size_t bytes = length ? std::min<uint64_t>(*length, host_.options.max_body)
                                : (parser_->chunked() ? host_.options.max_body : 0);
    auto hold = host_.bodies.Take(bytes);
    if (!hold) return false;
    body_ = *std::move(hold);
    return true;
  }

  void ReadBody() {
    lowest().expires_after(host_.options.read_timeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = Self()](const ErrorCode& error, size_t) { self->OnBody(error); });
  }

  void OnBody(const ErrorCode& error) {
    if (error) return OnReadError(error);
    const bool keep_alive = parser_->get().keep_alive();
    head_ = parser_->get().method() == http::verb::head;
    lowest().expires_never();
    waiting_since_.reset();
    Request request = ToRequest(parser_->release(), peer_, kTls);
    const Then then = keep_alive ? Then::kReadOn : Then::kClose;
    if (host_.is_quick(request)) return Write(host_.call(request), keep_alive, then);
    asio::post(host_.pool, [self = Self(), keep_alive, then, request = std::move(request)] {
      Answer answer = self->host_.call(request);
      asio::post(self->host_.io, [self, keep_alive, then, answer = std::move(answer)]() mutable {
        self->Write(std::move(answer), keep_alive, then);
      });
    });
  }

  // Errors of HTTP itself are answered; a connection that broke, ended or timed out just goes.
  void OnReadError(const ErrorCode& error) {
    const auto& options = host_.options;
    if (error == http::error::end_of_stream) return EndGently();
    if (error == http::error::partial_message) return End();
    if (error == http::error::body_limit) {
      return WriteRefusal(Refusal(base::Code::kBadRequest,
                                  fmt::format("the body is larger than the limit of {} bytes", options.max_body)));
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return WriteRefusal(Refusal(base::Code::kBadRequest,
                                  fmt::format("the header is larger than the limit of {} bytes", options.max_header)));
    }
    if (error.category() == http::make_error_code(http::error::bad_method).category()) {
      return WriteRefusal(Refusal(base::Code::kBadRequest, fmt::format("malformed HTTP: {}", error.message())));
    }
    End();
  }

  void WriteRefusal(Answer answer) { Write(std::move(answer), false, Then::kDrain); }

  void Write(Answer answer, bool keep_alive, Then then) {
    keep_alive = keep_alive && !host_.stopping;
    if (!keep_alive && then == Then::kReadOn) then = Then::kClose;
    response_.emplace(ToResponse(std::move(answer), head_, keep_alive));
    body_.Release();
    waiting_since_ = std::chrono::steady_clock::now();
    lowest().expires_after(host_.options.write_timeout);
    http::async_write(stream_, *response_, [self = Self(), then](const ErrorCode& error, size_t) {
      if (error) return self->End();
      if (then == Then::kReadOn && !self->host_.stopping) return self->ReadHeader();
      if (then != Then::kDrain) return self->EndGently();
      self->ShutDownSending();
      self->lowest().expires_after(self->host_.options.read_timeout);
      self->Drain(self->host_.options.max_drain);
    });
  }

  // Closing with unread data would reset the connection, and the client would lose the answer. What is drained is not
  // decrypted.
  void Drain(size_t rest) {
    buffer_.clear();
    lowest().async_read_some(asio::buffer(drained_), [self = Self(), rest](const ErrorCode& error, size_t n) {
      if (error || n >= rest) return self->End();
      self->Drain(rest - n);
    });
  }

  void ShutDownSending() {
    ErrorCode ignored;
    lowest().socket().shutdown(asio::socket_base::shutdown_send, ignored);
  }

  // With TLS the client is told that this is the end, so that nobody can cut the last answer unseen.
  void EndGently() {
    if constexpr (kTls) {
      lowest().expires_after(host_.options.write_timeout);
      stream_.async_shutdown([self = Self()](const ErrorCode&) { self->End(); });
    } else {
      ShutDownSending();
      End();
    }
  }

  void Close() {
    ErrorCode ignored;
    lowest().socket().close(ignored);
  }

  void End() {
    Close();
    host_.leave(Self());
  }

  HttpHost& host_;
  const std::string peer_;
  // Made before the stream that uses it.
  const std::shared_ptr<asio::ssl::context> tls_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::empty_body>> continue_;
  std::optional<http::response<http::string_body>> response_;
  std::array<char, 16384> drained_;
  BodyBudget::Hold body_;
  std::optional<std::chrono::steady_clock::time_point> waiting_since_;
  // For a handshake or the beginning of a request.
  bool waiting_ = false;
  bool head_ = false;
};

}  // namespace

std::shared_ptr<HttpConnection> HttpConnection::Make(HttpHost& host, HttpSocket socket, std::string peer,
                                                     std::shared_ptr<asio::ssl::context> tls) {
  if (!tls) return std::make_shared<ConnectionOn<PlainStream>>(host, std::move(peer), nullptr, std::move(socket));
  asio::ssl::context& context = *tls;
  return std::make_shared<ConnectionOn<TlsStream>>(host, std::move(peer), std::move(tls), std::move(socket), context);
}

Answer Refusal(base::Code code, std::string message) {
  return ToAnswer(base::Error{code, std::move(message), {}}, base::NewUuid());
}

}  // namespace chancery::frontend
