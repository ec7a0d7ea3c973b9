// The server over real sockets on loopback. No test waits for a time to pass: each waits for what
// must happen.

#include "frontend/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "frontend/api.h"
#include "store/memory_store.h"

namespace chancery::frontend {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A blocking TCP client that sees the bytes.
class Client {
 public:
  explicit Client(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // False when the server closed meanwhile.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  // Reads until `end` has been seen, or to the end of the stream.
  std::string ReadUntil(std::string_view end) {
    while (end.empty() || held_.find(end) == std::string::npos) {
      char bytes[4096];
      const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
      if (n <= 0) return std::exchange(held_, {});
      held_.append(bytes, static_cast<size_t>(n));
    }
    const size_t at = held_.find(end) + end.size();
    std::string read = held_.substr(0, at);
    held_.erase(0, at);
    return read;
  }
  std::string ReadAll() { return ReadUntil(""); }
  // One answer with Content-Length.
  std::string ReadAnswer() {
    std::string answer = ReadUntil("\r\n\r\n");
    const size_t at = answer.find("Content-Length: ");
    if (at == std::string::npos) return answer;
    const size_t length = std::stoul(answer.substr(at + 16));
    while (held_.size() < length) {
      char bytes[4096];
      const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
      if (n <= 0) break;
      held_.append(bytes, static_cast<size_t>(n));
    }
    answer += held_.substr(0, length);
    held_.erase(0, length);
    return answer;
  }
  std::string Ask(std::string_view request) {
    Send(request);
    return ReadAnswer();
  }

 private:
  int fd_;
  std::string held_;
};

std::string Put(std::string_view target, std::string_view body) {
  return "PUT " + std::string(target) +
         " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}
std::string Get(std::string_view target) { return "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

Answer Echo(const Request& request) {
  return {200, {{"Content-Type", "text/plain"}}, request.method + " " + request.target + " " + request.body};
}

std::unique_ptr<HttpServer> Serve(HttpServer::Handler handler, HttpServerOptions options = {}) {
  options.threads = 4;
  auto server = HttpServer::Start(std::move(options), std::move(handler));
  EXPECT_TRUE(server);
  return *std::move(server);
}

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  const auto server = Serve(Echo);
  Client client(server->address());
  for (int i = 0; i < 3; ++i) {
    const std::string answer = client.Ask(Put("/a%2Fb?c=d", "body"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nPUT /a%2Fb?c=d body"));
  }
}

bool IsGet(const Request& request) { return request.method == "GET"; }

TEST(HttpServer, AQuickRequestIsAnsweredWhileEveryHandlerThreadWaits) {
  std::latch entered(1);
  std::latch released(1);
  HttpServerOptions options;
  options.threads = 1;
  const auto server = HttpServer::Start(
      options,
      [&](const Request& request) {
        if (request.method == "PUT") {
          entered.count_down();
          released.wait();
        }
        return Echo(request);
      },
      IsGet);
  ASSERT_TRUE(server);
  Client slow((*server)->address());
  slow.Send(Put("/slow", "x"));
  entered.wait();
  Client quick((*server)->address());
  EXPECT_THAT(quick.Ask(Get("/1")), EndsWith("GET /1 "));
  EXPECT_THAT(quick.Ask(Get("/2")), EndsWith("GET /2 "));
  released.count_down();
  EXPECT_THAT(slow.ReadAnswer(), EndsWith("PUT /slow x"));
}

TEST(HttpServer, ConnectionsAreDealtOutAmongTheLoops) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  HttpServerOptions options;
  options.loops = 3;
  const auto server = HttpServer::Start(
      options,
      [&](const Request& request) {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
        return Echo(request);
      },
      IsGet);
  ASSERT_TRUE(server);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<Client>((*server)->address()));
    EXPECT_THAT(clients.back()->Ask(Get("/")), EndsWith("GET / "));
  }
  EXPECT_EQ(threads.size(), 3u);
  (*server)->Stop();
  for (const auto& client : clients) EXPECT_EQ(client->ReadAll(), "");
}

TEST(HttpServer, SaysTheTime) {
  const auto server = Serve(Echo);
  Client client(server->address());
  EXPECT_THAT(client.Ask(Get("/")),
              ContainsRegex("Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT\r\n"));
}

TEST(HttpServer, HandsOverHeaders) {
  const auto server = Serve([](const Request& request) {
    return Answer{200, {{"X-Back", std::string(HeaderOf(request.headers, "X-SENT"))}}, ""};
  });
  Client client(server->address());
  EXPECT_THAT(client.Ask("GET / HTTP/1.1\r\nHost: x\r\nx-sent: here\r\n\r\n"), HasSubstr("X-Back: here\r\n"));
}

TEST(HttpServer, ClosesWhenTheClientAsks) {
  const auto server = Serve(Echo);
  Client client(server->address());
  client.Send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.ReadAll();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("GET / "));
}

TEST(HttpServer, HeadHasALengthAndNoBody) {
  const auto server = Serve(Echo);
  Client client(server->address());
  client.Send("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.ReadAll();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 7\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  const auto server = Serve(Echo);
  Client client(server->address());
  client.Send(Get("/1") + Put("/2", "x") + Get("/3"));
  EXPECT_THAT(client.ReadAnswer(), EndsWith("GET /1 "));
  EXPECT_THAT(client.ReadAnswer(), EndsWith("PUT /2 x"));
  EXPECT_THAT(client.ReadAnswer(), EndsWith("GET /3 "));
}

TEST(HttpServer, ExpectContinue) {
  const auto server = Serve(Echo);
  Client client(server->address());
  client.Send("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(client.Ask("body"), EndsWith("PUT / body"));
}

TEST(HttpServer, ABodyOfTwentyMegabytesIsRefusedAndTheAnswerArrives) {
  const auto server = Serve(Echo);
  {
    Client client(server->address());
    // Sends it all before it reads.
    EXPECT_TRUE(client.Send(Put("/", std::string(20 << 20, 'x'))));
    const std::string answer = client.ReadAll();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(answer, HasSubstr("x-amzn-ErrorType: BadRequestException\r\n"));
    EXPECT_THAT(answer, HasSubstr("the body is larger than the limit of 1048576 bytes"));
  }
  Client next(server->address());
  EXPECT_THAT(next.Ask(Get("/")), StartsWith("HTTP/1.1 200 OK"));
}

TEST(HttpServer, AChunkedBodyHasTheSameLimit) {
  const auto server = Serve(Echo);
  Client client(server->address());
  client.Send("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), EndsWith("PUT / hello"));
  client.Send("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n" + std::string(0x200000, 'x') +
              "\r\n0\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), HasSubstr("the body is larger than the limit"));
}

TEST(HttpServer, DrainingHasABound) {
  HttpServerOptions options;
  options.max_drain = 1 << 20;
  const auto server = Serve(Echo, options);
  Client client(server->address());
  const std::string chunk(1 << 20, 'x');
  client.Send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n");
  bool open = true;
  for (int i = 0; i < 1000 && open; ++i) open = client.Send(chunk);
  EXPECT_FALSE(open);
}

TEST(HttpServer, AHeaderThatIsTooLargeIsRefused) {
  const auto server = Serve(Echo);
  Client client(server->address());
  client.Send("GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + std::string(200 << 10, 'x') + "\r\n\r\n");
  const std::string answer = client.ReadAll();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer, HasSubstr("the header is larger than the limit of 65536 bytes"));
}

TEST(HttpServer, AHeaderWithinTheLimitIsTaken) {
  const auto server = Serve(Echo);
  Client client(server->address());
  EXPECT_THAT(client.Ask("GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + std::string(60 << 10, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServer, WhatIsNoHttpIsToldSo) {
  const auto server = Serve(Echo);
  for (std::string_view text : {"hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
                                "PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                                "PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
    SCOPED_TRACE(text);
    Client client(server->address());
    client.Send(text);
    const std::string answer = client.ReadAll();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(answer, HasSubstr("malformed HTTP"));
  }
}

TEST(HttpServer, AClientThatStallsIsDropped) {
  HttpServerOptions options;
  options.idle_timeout = std::chrono::milliseconds(50);
  options.read_timeout = std::chrono::milliseconds(50);
  const auto server = Serve(Echo, options);
  Client silent(server->address());
  EXPECT_EQ(silent.ReadAll(), "");
  Client half_header(server->address());
  half_header.Send("GET / HT");
  EXPECT_EQ(half_header.ReadAll(), "");
  Client half_body(server->address());
  half_body.Send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(half_body.ReadAll(), "");
}

TEST(HttpServer, AClientThatReadsNothingIsDropped) {
  HttpServerOptions options;
  options.write_timeout = std::chrono::milliseconds(50);
  std::promise<void> asked;
  const auto server = Serve(
      [&asked](const Request&) {
        asked.set_value();
        return Answer{200, {}, std::string(64 << 20, 'x')};
      },
      options);
  Client client(server->address());
  client.Send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  asked.get_future().wait();
  // Returns only when the connection is gone: the answer fits into no socket buffer.
  server->Stop();
  EXPECT_LT(client.ReadAll().size(), size_t{64} << 20);
}

TEST(HttpServer, TooManyConnectionsAreToldSo) {
  std::latch entered(2);
  std::latch released(1);
  HttpServerOptions options;
  options.max_connections = 2;
  const auto server = Serve(
      [&](const Request& request) {
        if (request.method == "PUT") {
          entered.count_down();
          released.wait();
        }
        return Echo(request);
      },
      options);
  Client first(server->address());
  first.Send(Put("/", "1"));
  Client second(server->address());
  second.Send(Put("/", "2"));
  entered.wait();
  Client third(server->address());
  const std::string answer = third.ReadAll();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("x-amzn-ErrorType: ServiceUnavailableException"));
  released.count_down();
  EXPECT_THAT(first.ReadAnswer(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(second.ReadAnswer(), StartsWith("HTTP/1.1 200 "));
}

// Requests that are begun and never ended took all places for as long as the idle timeout.
TEST(HttpServer, ClientsThatStallKeepNobodyOut) {
  HttpServerOptions options;
  options.max_connections = 4;
  options.loops = 2;
  const auto server = Serve(Echo, options);
  std::vector<std::unique_ptr<Client>> stalled;
  for (const char* begun : {"GET / HT", "", "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf", "GE"}) {
    stalled.push_back(std::make_unique<Client>(server->address()));
    stalled.back()->Send(begun);
  }
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<Client>(server->address()));
    EXPECT_THAT(clients.back()->Ask(Get("/")), StartsWith("HTTP/1.1 200 ")) << i;
  }
  for (const auto& client : stalled) EXPECT_EQ(client->ReadAll(), "");
  for (const auto& client : clients) EXPECT_THAT(client->Ask(Get("/")), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServer, BodiesTogetherHaveABound) {
  std::latch entered(1);
  std::latch released(1);
  HttpServerOptions options;
  options.max_bodies = 1 << 20;
  const auto server = Serve(
      [&](const Request& request) {
        if (request.target == "/slow") {
          entered.count_down();
          released.wait();
        }
        return Answer{200, {}, std::to_string(request.body.size())};
      },
      options);
  Client slow(server->address());
  slow.Send(Put("/slow", std::string(600 << 10, 'x')));
  entered.wait();
  Client second(server->address());
  second.Send(Put("/", std::string(600 << 10, 'x')));
  EXPECT_THAT(second.ReadAll(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("too many large requests at once")));
  Client small(server->address());
  EXPECT_THAT(small.Ask(Put("/", std::string(300 << 10, 'x'))), EndsWith("\r\n\r\n307200"));
  released.count_down();
  EXPECT_THAT(slow.ReadAnswer(), EndsWith("\r\n\r\n614400"));
  // What it held is free again.
  EXPECT_THAT(slow.Ask(Put("/", std::string(1 << 20, 'x'))), EndsWith("\r\n\r\n1048576"));
}

TEST(HttpServer, AHandlerThatThrowsCostsItsRequestAlone) {
  const auto server = Serve([](const Request& request) -> Answer {
    if (request.target == "/throw") throw std::runtime_error("secret");
    return Echo(request);
  });
  Client client(server->address());
  const std::string answer = client.Ask(Get("/throw"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, ::testing::Not(HasSubstr("secret")));
  EXPECT_THAT(client.Ask(Get("/")), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServer, AHandlerThatBlocksDoesNotHoldUpOthers) {
  std::promise<void> go;
  auto gone = go.get_future().share();
  const auto server = Serve([gone](const Request& request) {
    if (request.target == "/block") gone.wait();
    return Echo(request);
  });
  Client blocked(server->address());
  blocked.Send(Get("/block"));
  Client other(server->address());
  EXPECT_THAT(other.Ask(Get("/")), StartsWith("HTTP/1.1 200 "));
  go.set_value();
  EXPECT_THAT(blocked.ReadAnswer(), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServer, StopFinishesWhatItHasAccepted) {
  std::promise<void> go;
  std::promise<void> inside;
  auto gone = go.get_future().share();
  const auto server = Serve([&inside, gone](const Request& request) {
    inside.set_value();
    gone.wait();
    return Echo(request);
  });
  Client idle(server->address());
  Client busy(server->address());
  busy.Send(Get("/busy"));
  inside.get_future().wait();
  std::thread stopping([&server] { server->Stop(); });
  // The idle one is closed at once, while the busy one is still being handled.
  EXPECT_EQ(idle.ReadAll(), "");
  go.set_value();
  const std::string answer = busy.ReadAll();
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_THAT(answer, EndsWith("GET /busy "));
  stopping.join();
}

TEST(HttpServer, StopWaitsForAHalfSentRequestOnlySoLong) {
  HttpServerOptions options;
  options.idle_timeout = options.read_timeout = std::chrono::hours(1);
  options.stop_grace = std::chrono::milliseconds(50);
  auto server = HttpServer::Start(options, [](const Request&) { return Answer{}; });
  ASSERT_TRUE(server);
  Client client((*server)->address());
  // A whole request first: the second, half one is surely being read when the first was answered.
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HT"));
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  (*server)->Stop();  // would take an hour
}

TEST(HttpServer, AddressesAreChecked) {
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "host.example:1", "127.0.0.1:-1"}) {
    HttpServerOptions options;
    options.address = bad;
    const auto server = HttpServer::Start(options, Echo);
    ASSERT_FALSE(server) << bad;
    EXPECT_EQ(server.error().code, base::Code::kBadRequest);
  }
  const auto first = Serve(Echo);
  HttpServerOptions options;
  options.address = first->address();
  const auto second = HttpServer::Start(options, Echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Code::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr(first->address()));
}

TEST(HttpServer, ASocketThatIsServedIsNotTaken) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("chancery_http_" + std::to_string(::getpid()) + ".sock");
  HttpServerOptions options;
  options.address = "unix:" + path.string();
  const auto first = HttpServer::Start(options, Echo);
  ASSERT_TRUE(first) << base::ToString(first.error());
  const auto second = HttpServer::Start(options, Echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Code::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("somebody listens there already"));
  EXPECT_TRUE(std::filesystem::is_socket(path));
  (*first)->Stop();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(HttpServer, ServesTheApi) {
  base::FakeClock clock;
  store::MemoryStore store;
  const OpenGate gate("000000000000");
  const Api api({}, store, clock, gate);
  const auto server = Serve([&api](const Request& request) { return api.Handle(request); });
  Client client(server->address());
  EXPECT_THAT(client.Ask(Put("/v20190125/meshes", R"({"meshName":)")), StartsWith("HTTP/1.1 400 "));
  const std::string created = client.Ask(Put("/v20190125/meshes", R"({"meshName":"m"})"));
  EXPECT_THAT(created, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(created, HasSubstr("x-chancery-txn: 1\r\n"));
  EXPECT_THAT(client.Ask(Get("/v20190125/meshes/m%2Fx")), HasSubstr("meshName may hold"));
  EXPECT_THAT(client.Ask(Get("/v20190125/meshes")), HasSubstr(R"("meshName":"m")"));
}

}  // namespace
}  // namespace chancery::frontend
