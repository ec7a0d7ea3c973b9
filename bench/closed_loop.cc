#include "closed_loop.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <optional>
#include <string_view>

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
  // Calls that wait for their answer.
  size_t open = 0;
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
  Client(asio::io_context& io, Loop& loop) : loop_(loop), socket_(io) {}

  void Call() {
    request_ = loop_.Next();
    if (request_ == nullptr) return;
    started_ = Clock::now();
    ++loop_.open;
    if (socket_.is_open()) return Send();
    socket_.async_connect(loop_.server, [self = shared_from_this()](const ErrorCode& error) {
      if (error) return self->Fail("connecting", error);
      ErrorCode ignored;
      self->socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
      self->Send();
    });
  }

 private:
  void Send() {
    asio::async_write(socket_, asio::buffer(*request_), [self = shared_from_this()](const ErrorCode& error, size_t) {
      if (error) return self->Fail("sending", error);
      self->ReceiveHead();
    });
  }

  void ReceiveHead() {
    parser_.emplace();
    http::async_read_header(socket_, buffer_, *parser_, [self = shared_from_this()](const ErrorCode& error, size_t) {
      if (error) return self->Fail("receiving", error);
      self->ReceiveBody();
    });
  }

  // The body stays in the buffer: nobody reads it, and a copy would be taken from the server's processors.
  void ReceiveBody() {
    const auto length = static_cast<size_t>(parser_->content_length().value_or(0));
    if (buffer_.size() >= length) return OnAnswer(length);
    const size_t rest = length - buffer_.size();
    asio::async_read(socket_, buffer_.prepare(rest),
                     [self = shared_from_this(), length](const ErrorCode& error, size_t read) {
                       if (error) return self->Fail("receiving", error);
                       self->buffer_.commit(read);
                       self->OnAnswer(length);
                     });
  }

  void OnAnswer(size_t length) {
    --loop_.open;
    const auto& answer = parser_->get();
    if (answer.result_int() == 200) {
      loop_.result.latencies.push_back(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_));
    } else {
      loop_.Fail(fmt::format("answered {}: {}", answer.result_int(),
                             std::string_view(static_cast<const char*>(buffer_.data().data()), length)));
    }
    buffer_.consume(length);
    if (!answer.keep_alive()) Close();
    Call();
  }

  void Fail(std::string_view doing, const ErrorCode& error) {
    --loop_.open;
    loop_.Fail(fmt::format("{}: {}", doing, error.message()));
    Close();
  }

  void Close() {
    ErrorCode ignored;
    socket_.close(ignored);
    buffer_.clear();
  }

  Loop& loop_;
  asio::ip::tcp::socket socket_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::empty_body>> parser_;
  const std::string* request_ = nullptr;
  Clock::time_point started_;
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
  io.run_until(loop.end + kTimeout);
  if (loop.open > 0) {
    loop.result.errors += loop.open - 1;
    loop.Fail("no answer in 30 s");
  }
  loop.result.elapsed = Clock::now() - started;
  loop.result.cpu = CpuTime() - cpu;
  std::ranges::sort(loop.result.latencies);
  if (!loop.result.latencies.empty()) return std::move(loop.result);
  return base::Error{
      base::Code::kUnavailable, fmt::format("no call was answered 200: {}", loop.result.first_error), {}};
}

}  // namespace chancery::bench
