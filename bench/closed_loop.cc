#include "closed_loop.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <optional>

#include "base/address.h"

namespace chancery::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTimeout{30};

// What the connections share.
struct Loop {
  const SignedCalls& calls;
  asio::ip::tcp::endpoint server;
  Clock::time_point end;
  size_t next = 0;
  LoopResult result = {};

  // Null when it is over.
  const std::string* Next() {
    if (Clock::now() >= end || (next >= calls.requests.size() && !calls.repeats)) return nullptr;
    return &calls.requests[next++ % calls.requests.size()];
  }
  void Fail(const std::string& why) {
    if (result.errors++ == 0) result.first_error = why;
  }
};

class Client : public std::enable_shared_from_this<Client> {
 public:
  Client(asio::io_context& io, Loop& loop) : loop_(loop), stream_(io) {}

  void Call() {
    request_ = loop_.Next();
    if (request_ == nullptr) return;
    started_ = Clock::now();
    stream_.expires_after(kTimeout);
    if (connected_) return Send();
    stream_.async_connect(loop_.server, [self = shared_from_this()](const ErrorCode& error) {
      if (error) return self->loop_.Fail(fmt::format("connecting: {}", error.message()));
      ErrorCode ignored;
      self->stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
      self->connected_ = true;
      self->Send();
    });
  }

 private:
  void Send() {
    asio::async_write(stream_, asio::buffer(*request_), [self = shared_from_this()](const ErrorCode& error, size_t) {
      if (error) return self->loop_.Fail(fmt::format("sending: {}", error.message()));
      self->Receive();
    });
  }

  void Receive() {
    parser_.emplace();
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](const ErrorCode& error, size_t) {
      if (error) return self->loop_.Fail(fmt::format("receiving: {}", error.message()));
      self->OnAnswer();
    });
  }

  void OnAnswer() {
    const auto& answer = parser_->get();
    if (answer.result_int() == 200) {
      loop_.result.latencies.push_back(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_));
    } else {
      loop_.Fail(fmt::format("answered {}: {}", answer.result_int(), answer.body()));
    }
    if (!answer.keep_alive()) {
      stream_.close();
      buffer_.clear();
      connected_ = false;
    }
    Call();
  }

  Loop& loop_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::string_body>> parser_;
  const std::string* request_ = nullptr;
  Clock::time_point started_;
  bool connected_ = false;
};

std::chrono::duration<double> CpuTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

base::Result<asio::ip::tcp::endpoint> ParseServer(const std::string& address) {
  const auto parts = base::SplitHostPort(address);
  ErrorCode error;
  const auto ip = asio::ip::make_address(parts ? parts->host : "", error);
  if (error) return base::Error{base::Code::kBadRequest, fmt::format("--address: '{}' is not IP:PORT", address), {}};
  return asio::ip::tcp::endpoint(ip, parts->port);
}

}  // namespace

base::Result<LoopResult> RunClosedLoop(const LoopOptions& options, const SignedCalls& calls) {
  const auto server = ParseServer(options.address);
  if (!server) return server.error();
  const auto started = Clock::now();
  const auto cpu = CpuTime();
  asio::io_context io{1};
  Loop loop{calls, *server, started + options.duration};
  for (size_t i = 0; i < options.connections; ++i) std::make_shared<Client>(io, loop)->Call();
  io.run();
  loop.result.elapsed = Clock::now() - started;
  loop.result.cpu = CpuTime() - cpu;
  std::ranges::sort(loop.result.latencies);
  if (!loop.result.latencies.empty()) return std::move(loop.result);
  return base::Error{
      base::Code::kUnavailable, fmt::format("no call was answered 200: {}", loop.result.first_error), {}};
}

}  // namespace chancery::bench
