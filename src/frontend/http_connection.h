#pragma once

#include <atomic>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "frontend/http_server.h"
#include "frontend/message.h"

namespace chancery::frontend {

// TCP and Unix sockets alike.
using SocketProtocol = boost::asio::generic::stream_protocol;

// Of a loop's own, without the price of an executor that could be any.
using HttpSocket = boost::asio::basic_stream_socket<SocketProtocol, boost::asio::io_context::executor_type>;

class HttpConnection;

// Bytes of bodies, of which a server holds only so many at once. Thread-safe; a Hold gives its share back.
class BodyBudget {
 public:
  explicit BodyBudget(size_t bytes) : free_(static_cast<int64_t>(bytes)) {}

  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
    Hold& operator=(Hold&& other) noexcept {
      Release();
      budget_ = std::exchange(other.budget_, nullptr);
      bytes_ = other.bytes_;
      return *this;
    }
    ~Hold() { Release(); }
    void Release() {
      if (budget_ != nullptr) std::exchange(budget_, nullptr)->free_ += bytes_;
    }

   private:
    friend class BodyBudget;
    Hold(BodyBudget& budget, int64_t bytes) : budget_(&budget), bytes_(bytes) {}
    BodyBudget* budget_ = nullptr;
    int64_t bytes_ = 0;
  };

  // Nothing when there is not so much left.
  std::optional<Hold> Take(size_t bytes) {
    const auto wanted = static_cast<int64_t>(bytes);
    Hold hold(*this, wanted);
    if ((free_ -= wanted) >= 0) return hold;
    return std::nullopt;
  }

 private:
  std::atomic<int64_t> free_;
};

// What a server gives to the connections of one of its loops. Lives longer than they; `stopping` is the loop's
// thread's.
struct HttpHost {
  const HttpServerOptions& options;
  boost::asio::io_context& io;
  boost::asio::thread_pool& pool;
  // Called on a thread of the pool, for quick requests on the loop; throws nothing.
  std::function<Answer(const Request&)> call;
  std::function<bool(const Request&)> is_quick;
  BodyBudget& bodies;
  // The connection has ended.
  std::function<void(const std::shared_ptr<HttpConnection>&)> leave;
  bool stopping = false;
};

// One socket: reads a request, has it handled, writes the answer, and so on. Confined to its loop's thread; the bounds
// are those of HttpServerOptions.
class HttpConnection {
 public:
  // `peer` goes into every Request. With `tls` the handshake comes first.
  static std::shared_ptr<HttpConnection> Make(HttpHost& host, HttpSocket socket, std::string peer,
                                              std::shared_ptr<boost::asio::ssl::context> tls);
  virtual ~HttpConnection() = default;

  virtual void Begin() = 0;
  // Answers that it takes no more, and closes.
  virtual void Refuse(Answer answer) = 0;
  // The server stops: goes at once when it waits for a request of which nothing has come.
  virtual void Finish() = 0;
  // Since when the client keeps the server waiting, for a handshake, a request or to take its answer, however many
  // bytes it sends meanwhile; nothing while a request is being answered.
  virtual std::optional<std::chrono::steady_clock::time_point> waiting_since() const = 0;
  // Goes at once.
  virtual void Drop() = 0;
};

// What the server itself has to say, in the form of the API's errors.
Answer Refusal(base::Code code, std::string message);

}  // namespace chancery::frontend
