#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "frontend/message.h"

namespace chancery::frontend {

// Bounds of a server; nothing a client does makes it hold more than these allow.
struct HttpServerOptions {
  // Host and port, port 0 takes a free one; an IPv6 host stands in brackets. Or "unix:PATH": a socket of mode 0600 on
  // which only this process's user and root are served; one there that nobody listens on is replaced.
  std::string address = "127.0.0.1:0";
  // Files in PEM, read again when they change; empty: no TLS.
  std::string tls_certificate = {};
  std::string tls_key = {};
  // Event loops, one thread each, among which connections are dealt out.
  size_t loops = 1;
  // Threads for handlers that may wait.
  size_t threads = 16;
  // When there are more, the one that has kept the server waiting longest gives way; while all are being answered the
  // new one is refused.
  size_t max_connections = 1024;
  size_t max_body = 1 << 20;
  // Of all requests together that are being read or answered; more are refused.
  size_t max_bodies = 128 << 20;
  uint32_t max_header = 64 << 10;
  // How much of a request that was refused for its size is still read, so that a client that sends
  // before it reads gets the answer.
  size_t max_drain = 64 << 20;
  // From the first wait for a request to the end of its header; for its body; for the answer.
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds read_timeout{30'000};
  std::chrono::milliseconds write_timeout{30'000};
  // How long Stop waits for requests that are on their way in and answers on their way out.
  std::chrono::milliseconds stop_grace{5'000};
};

// HTTP/1.1 with or without TLS, for the API, the admin port and the admin socket: with HttpConnection the only code
// that sees such a socket. A few event loops do all input and output. Handlers, which may wait, run on threads of their
// own, but for those of quick requests, which run on the loop. What is no HTTP, too large or too much is answered in
// the form of the API's errors and never reaches the handler. Methods are thread-safe.
class HttpServer {
 public:
  // Called on several threads at once.
  using Handler = std::function<Answer(const Request&)>;
  // Whether the handler answers without waiting, for a commit or for anybody else: then two changes of thread, which
  // cost more than a read, are saved. Called on several threads at once.
  using IsQuick = std::function<bool(const Request&)>;

  // Binds and serves; without `is_quick` no request is. kUnavailable when the address cannot be bound, kBadRequest when
  // it is none.
  static base::Result<std::unique_ptr<HttpServer>> Start(HttpServerOptions options, Handler handler,
                                                         IsQuick is_quick = nullptr);
  // Stops, if Stop was not called.
  ~HttpServer();

  // "127.0.0.1:34567".
  const std::string& address() const;
  // Accepts no more, answers what has been received, then returns; a client that keeps it waiting
  // does so for stop_grace at most.
  void Stop();

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace chancery::frontend
