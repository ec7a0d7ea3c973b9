#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "edge/server.h"
#include "edge/test_client.h"
#include "edge/test_handlers.h"

namespace chancery::edge {
namespace {

using std::chrono::milliseconds;

ServerOptions Options() {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.loops = 2;
  return options;
}

class EdgeTest : public ::testing::Test {
 protected:
  void Start(const ServerOptions& options = Options()) {
    server_ = std::make_unique<Server>(options, TestFactory(record_));
    const base::Status started = server_->Start();
    ASSERT_TRUE(started) << base::ToString(started.error());
  }
  // A call answered by a new client: the server is well.
  void ExpectServes() {
    TestClient client(server_->address());
    const int32_t call = client.Open("/test/Echo");
    client.SendMessage(call, "still there?");
    client.End(call);
    EXPECT_TRUE(client.Until([&] { return client.stream(call).closed; }));
    EXPECT_EQ(client.stream(call).Messages(), std::vector<std::string>{"still there?"});
    EXPECT_EQ(client.stream(call).grpc_status(), "0");
  }

  Record record_;
  std::unique_ptr<Server> server_;
};

TEST_F(EdgeTest, EchoesMessagesInOrderAndEndsWithOk) {
  Start();
  TestClient client(server_->address());
  const int32_t call = client.Open("/test/Echo");
  std::vector<std::string> sent;
  for (int i = 0; i < 100; ++i) {
    sent.push_back("message " + std::to_string(i) + std::string(static_cast<size_t>(i) * 50, '.'));
    client.SendMessage(call, sent.back());
  }
  client.SendMessage(call, sent.emplace_back());
  client.End(call);
  ASSERT_TRUE(client.Until([&] { return client.stream(call).closed; }));
  EXPECT_EQ(client.stream(call).Messages(), sent);
  EXPECT_EQ(client.stream(call).headers[":status"], "200");
  EXPECT_EQ(client.stream(call).headers["content-type"], "application/grpc");
  EXPECT_EQ(client.stream(call).grpc_status(), "0");
  EXPECT_TRUE(record_.Await("destroyed"));
  EXPECT_EQ(record_.Of("closed"), 1);
  EXPECT_EQ(server_->stats().messages_received, sent.size());
  EXPECT_EQ(server_->stats().messages_sent, sent.size());
}

TEST_F(EdgeTest, AssemblesAMessageThatComesByteByByte) {
  Start();
  TestClient client(server_->address());
  const int32_t call = client.Open("/test/Echo");
  for (const char byte : TestClient::Frame("abc") + TestClient::Frame("") + TestClient::Frame("d")) {
    client.SendBytes(call, {&byte, 1});
    ASSERT_TRUE(client.Until([&] { return client.stream(call).to_send.empty(); }));
  }
  EXPECT_TRUE(client.Until([&] { return client.stream(call).Messages().size() == 3; }));
  EXPECT_EQ(client.stream(call).Messages(), (std::vector<std::string>{"abc", "", "d"}));
}

TEST_F(EdgeTest, ServesManyStreamsOfManyConnections) {
  Start();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(std::make_unique<TestClient>(server_->address()));
  for (auto& client : clients) {
    std::vector<int32_t> calls;
    for (int i = 0; i < 50; ++i) {
      calls.push_back(client->Open("/test/Echo"));
      client->SendMessage(calls.back(), "m" + std::to_string(i));
    }
    EXPECT_TRUE(client->Until([&] {
      return std::ranges::all_of(calls, [&](int32_t call) { return client->stream(call).Messages().size() == 1; });
    }));
  }
  EXPECT_EQ(server_->stats().streams_open, 1'000U);
  EXPECT_EQ(server_->stats().connections_open, 20U);
  clients.clear();
  EXPECT_TRUE(record_.Await("destroyed", 1'000));
  EXPECT_EQ(record_.Of("closed"), 1'000);
  EXPECT_EQ(server_->stats().streams_open, 0U);
}

TEST_F(EdgeTest, SendsALargeMessageFromSharedAndOwnBytes) {
  Start();
  TestClient client(server_->address());
  const int32_t call = client.Open("/test/Big");
  client.SendMessage(call, "3000000");
  ASSERT_TRUE(client.Until([&] { return client.stream(call).data.size() == 3'000'009; }));
  EXPECT_EQ(client.stream(call).Messages(), std::vector<std::string>{std::string(3'000'000, 'x') + "tail"});
  EXPECT_TRUE(record_.Await("write done"));
}

TEST_F(EdgeTest, CloseGoesBehindTheWriteInFlight) {
  Start();
  TestClient client(server_->address());
  const int32_t call = client.Open("/test/BigEnd");
  client.SendMessage(call, "500000");
  ASSERT_TRUE(client.Until([&] { return client.stream(call).closed; }));
  EXPECT_EQ(client.stream(call).Messages().size(), 1U);
  EXPECT_EQ(client.stream(call).grpc_status(), "0");
  EXPECT_TRUE(record_.Await("destroyed"));
  EXPECT_EQ(record_.Of("write done"), 0) << "after Close only OnClosed may come";
}

TEST_F(EdgeTest, AStalledReaderHoldsBackItsOwnStreamOnly) {
  Start();
  TestClient client(server_->address(), {.auto_window_update = false});
  const int32_t stalled = client.Open("/test/Big");
  client.SendMessage(stalled, "100000");
  // The stream's window of 65,535 bytes is used up, and so is the connection's: only that is opened.
  ASSERT_TRUE(client.Until([&] { return client.stream(stalled).data.size() == 65'535; }));
  nghttp2_session_consume_connection(client.session(), 65'535);
  const int32_t other = client.Open("/test/Echo");
  client.SendMessage(other, "hello");
  ASSERT_TRUE(client.Until([&] { return client.stream(other).Messages().size() == 1; }));
  EXPECT_TRUE(record_.Await("write done"));
  EXPECT_EQ(record_.Of("write done"), 1) << "only the echo has left";
  EXPECT_EQ(client.stream(stalled).data.size(), 65'535U);
  nghttp2_session_consume_stream(client.session(), stalled, 65'535);
  EXPECT_TRUE(client.Until([&] { return client.stream(stalled).data.size() == 100'009; }));
  EXPECT_TRUE(record_.Await("write done", 2));
}

TEST_F(EdgeTest, RefusesATooLongMessageFromItsPrefix) {
  auto options = Options();
  options.max_message_bytes = 1'000;
  Start(options);
  TestClient client(server_->address());
  const int32_t longest = client.Open("/test/Echo");
  client.SendMessage(longest, std::string(1'000, 'a'));
  const int32_t call = client.Open("/test/Echo");
  client.SendBytes(call, TestClient::Frame(std::string(1'001, 'a')).substr(0, 6));
  ASSERT_TRUE(client.Until([&] { return client.stream(call).closed; }));
  EXPECT_EQ(client.stream(call).grpc_status(), "8");
  EXPECT_EQ(client.stream(call).trailers["grpc-message"], "message longer than 1000 bytes");
  EXPECT_TRUE(client.Until([&] { return client.stream(longest).Messages().size() == 1; }));
  EXPECT_TRUE(record_.Await("destroyed"));
}

TEST_F(EdgeTest, RefusesCompressedAndMalformedMessages) {
  Start();
  TestClient client(server_->address());
  const int32_t unnamed = client.Open("/test/Echo");
  client.SendBytes(unnamed, TestClient::Frame("zip", 1));
  const int32_t named = client.Open("/test/Echo", {{"grpc-encoding", "gzip"}});
  client.SendBytes(named, TestClient::Frame("zip", 1));
  const int32_t bad_flag = client.Open("/test/Echo");
  client.SendBytes(bad_flag, TestClient::Frame("zip", 7));
  const int32_t cut = client.Open("/test/Echo");
  client.SendBytes(cut, TestClient::Frame("cut").substr(0, 6));
  client.End(cut);
  for (const auto& [call, status] : {std::pair{unnamed, "13"}, {named, "12"}, {bad_flag, "13"}, {cut, "13"}}) {
    ASSERT_TRUE(client.Until([&, call = call] { return client.stream(call).closed; }));
    EXPECT_EQ(client.stream(call).grpc_status(), status);
  }
  EXPECT_EQ(record_.Of("message"), 0);
}

TEST_F(EdgeTest, AnswersWhatIsNoGrpcCall) {
  Start();
  TestClient client(server_->address());
  const int32_t unknown = client.Open("/other/Method");
  const int32_t put = client.Open("/test/Echo", {{":method", "PUT"}});
  const int32_t json = client.Open("/test/Echo", {{"content-type", "application/json"}});
  for (const int32_t call : {unknown, put, json}) {
    ASSERT_TRUE(client.Until([&] { return client.stream(call).closed; }));
  }
  EXPECT_EQ(client.stream(unknown).headers[":status"], "200");
  EXPECT_EQ(client.stream(unknown).grpc_status(), "12");
  EXPECT_EQ(client.stream(unknown).headers["grpc-message"], "unknown method /other/Method");
  EXPECT_EQ(client.stream(put).headers[":status"], "405");
  EXPECT_EQ(client.stream(json).headers[":status"], "415");
  EXPECT_EQ(record_.Of("open"), 0);
}

TEST_F(EdgeTest, SendsAStatusWithAnEncodedMessage) {
  Start();
  TestClient client(server_->address());
  const int32_t call = client.Open("/test/Fail");
  client.SendMessage(call, "100% \xc3\xbc\n");
  ASSERT_TRUE(client.Until([&] { return client.stream(call).closed; }));
  EXPECT_EQ(client.stream(call).grpc_status(), "7");
  EXPECT_EQ(client.stream(call).trailers["grpc-message"], "100%25 %C3%BC%0A");
}

TEST_F(EdgeTest, TellsOfTheClientsEndAndOfItsReset) {
  Start();
  TestClient client(server_->address());
  const int32_t ended = client.Open("/test/Quiet");
  client.End(ended);
  ASSERT_TRUE(client.Until([&] { return client.stream(ended).closed; }));
  EXPECT_EQ(record_.Of("half closed"), 1);
  const int32_t reset = client.Open("/test/Quiet");
  ASSERT_TRUE(client.Until([&] { return record_.Of("open") == 2; }));
  client.Reset(reset);
  EXPECT_TRUE(client.Until([&] { return record_.Of("destroyed") == 2; }));
  EXPECT_EQ(record_.Of("half closed"), 1);
  EXPECT_EQ(record_.Of("closed"), 2);
}

// The reset comes when a DATA frame has left in part: the rest of the frame must follow, or the
// connection's other streams break.
TEST_F(EdgeTest, SurvivesAResetInTheMiddleOfAFrame) {
  Start();
  TestClient client(server_->address(), {.small_receive_buffer = true});
  nghttp2_session_set_local_window_size(client.session(), NGHTTP2_FLAG_NONE, 0, 1 << 30);
  for (int round = 0; round < 20; ++round) {
    const int32_t call = client.Open("/test/Big");
    nghttp2_session_set_local_window_size(client.session(), NGHTTP2_FLAG_NONE, call, 1 << 30);
    client.SendMessage(call, "20000000");
    // Only what was read so far has made room; the server is stuck somewhere in the message.
    ASSERT_TRUE(client.Until([&] { return client.stream(call).data.size() > 1'000; }));
    client.Reset(call);
    ASSERT_TRUE(client.Until([&] { return record_.Of("destroyed") == round + 1; }));
    client.stream(call).data.clear();
  }
  const int32_t echo = client.Open("/test/Echo");
  client.SendMessage(echo, "whole");
  ASSERT_TRUE(client.Until([&] { return client.stream(echo).Messages().size() == 1; }));
  EXPECT_TRUE(record_.Await("write done"));
  EXPECT_EQ(record_.Of("write done"), 1) << "no stuck message may count as sent";
  EXPECT_EQ(client.goaways(), 0);
}

TEST_F(EdgeTest, FiresTimers) {
  Start();
  TestClient client(server_->address());
  const int32_t call = client.Open("/test/Timer");
  for (size_t i = 1; i <= 3; ++i) {
    client.SendMessage(call, "go");
    ASSERT_TRUE(client.Until([&] { return client.stream(call).Messages().size() == i; }));
  }
  EXPECT_EQ(record_.Of("timer"), 3);
}

TEST_F(EdgeTest, RunsTasksPostedByOtherThreads) {
  Start();
  const auto executors = server_->executors();
  ASSERT_EQ(executors.size(), 2U);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1'000; ++n) {
        for (auto* executor : executors) executor->Post([this] { record_.Add("task"); });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(record_.Await("task", 8'000));
  server_->Stop();
  executors.front()->Post([this] { record_.Add("task"); });
  EXPECT_EQ(record_.Of("task"), 8'000) << "a stopped executor drops tasks";
}

// --- lifetime of connections ---

TEST_F(EdgeTest, ClosesASilentConnectionThatAnswersNoPing) {
  auto options = Options();
  options.keepalive_time = milliseconds(20);
  options.keepalive_timeout = milliseconds(20);
  Start(options);
  TestClient client(server_->address(), {.answer_pings = false});
  client.Open("/test/Quiet");
  EXPECT_TRUE(client.UntilClosed());
  EXPECT_TRUE(record_.Await("destroyed"));
  EXPECT_GE(client.pings(), 1);
}

TEST_F(EdgeTest, KeepsASilentConnectionThatAnswersPings) {
  auto options = Options();
  options.keepalive_time = milliseconds(20);
  options.keepalive_timeout = milliseconds(10'000);
  Start(options);
  TestClient client(server_->address());
  client.Open("/test/Quiet");
  EXPECT_TRUE(client.Until([&] { return client.pings() >= 5; }));
  EXPECT_EQ(record_.Of("closed"), 0);
}

TEST_F(EdgeTest, ClosesWhoNeverCompletesThePreface) {
  auto options = Options();
  options.idle_timeout = milliseconds(50);
  Start(options);
  RawClient slow(server_->address());
  EXPECT_TRUE(slow.Send("PRI * HTTP/2.0\r\n"));
  EXPECT_TRUE(slow.WaitForClose());
  RawClient silent(server_->address());
  EXPECT_TRUE(silent.WaitForClose());
}

TEST_F(EdgeTest, ClosesAConnectionWithoutStreamsButNoOther) {
  auto options = Options();
  options.idle_timeout = milliseconds(50);
  Start(options);
  TestClient busy(server_->address());
  const int32_t call = busy.Open("/test/Echo");
  busy.SendMessage(call, "1");
  ASSERT_TRUE(busy.Until([&] { return busy.stream(call).Messages().size() == 1; }));
  TestClient idle(server_->address());
  EXPECT_TRUE(idle.UntilClosed());
  EXPECT_EQ(idle.goaways(), 1);
  busy.SendMessage(call, "2");
  EXPECT_TRUE(busy.Until([&] { return busy.stream(call).Messages().size() == 2; }));
  busy.End(call);
  EXPECT_TRUE(busy.UntilClosed()) << "its last stream has ended";
}

TEST_F(EdgeTest, EndsAConnectionByAge) {
  auto options = Options();
  options.max_connection_age = milliseconds(50);
  options.age_grace = milliseconds(50);
  Start(options);
  TestClient client(server_->address());
  const int32_t call = client.Open("/test/Quiet");
  EXPECT_TRUE(client.UntilClosed());
  EXPECT_GE(client.goaways(), 2);
  EXPECT_EQ(client.stream(call).grpc_status(), "14");
}

TEST_F(EdgeTest, DrainLetsStreamsEndAndTakesNoNewConnection) {
  Start();
  TestClient client(server_->address());
  const int32_t call = client.Open("/test/Echo");
  client.SendMessage(call, "1");
  ASSERT_TRUE(client.Until([&] { return client.stream(call).Messages().size() == 1; }));
  server_->Drain();
  ASSERT_TRUE(client.Until([&] { return client.goaways() == 2; }));
  EXPECT_EQ(client.last_stream_of_goaway(), call);
  client.SendMessage(call, "2");
  ASSERT_TRUE(client.Until([&] { return client.stream(call).Messages().size() == 2; }));
  client.End(call);
  EXPECT_TRUE(client.UntilClosed());
  EXPECT_EQ(client.stream(call).grpc_status(), "0");
}

TEST_F(EdgeTest, StopEndsEveryStreamAndTellsItsHandler) {
  Start();
  TestClient client(server_->address());
  std::vector<int32_t> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(client.Open("/test/Quiet"));
  ASSERT_TRUE(client.Until([&] { return record_.Of("open") == 10; }));
  server_->Stop();
  EXPECT_EQ(record_.Of("closed"), 10);
  EXPECT_EQ(record_.Of("destroyed"), 10);
  EXPECT_TRUE(client.UntilClosed());
  for (const int32_t call : calls) EXPECT_EQ(client.stream(call).grpc_status(), "14");
  EXPECT_EQ(server_->stats().connections_open, 0U);
}

TEST_F(EdgeTest, RefusesConnectionsBeyondTheLimit) {
  auto options = Options();
  options.max_connections = 2;
  Start(options);
  auto first = std::make_unique<TestClient>(server_->address());
  TestClient second(server_->address());
  first->Open("/test/Quiet");
  second.Open("/test/Quiet");
  ASSERT_TRUE(first->Until([&] { return record_.Of("open") == 1; }));
  ASSERT_TRUE(second.Until([&] { return record_.Of("open") == 2; }));
  RawClient third(server_->address());
  EXPECT_TRUE(third.WaitForClose());
  EXPECT_EQ(server_->stats().connections_refused, 1U);
  first.reset();
  ASSERT_TRUE(second.Until([&] { return server_->stats().connections_open == 1; }));
  ExpectServes();
}

TEST_F(EdgeTest, OutlivesALackOfFileDescriptors) {
  Start();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // The client's socket takes the lowest free descriptor; the server is allowed none above it.
  TestClient client(server_->address());
  const int32_t probe = client.Open("/test/Echo");
  client.SendMessage(probe, "1");
  ASSERT_TRUE(client.Until([&] { return client.stream(probe).Messages().size() == 1; }));
  UniqueFd lowest(::dup(0));
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(lowest.get()) + 1;
  lowest.Reset();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  TestClient waiting(server_->address());  // takes the last descriptor
  client.SendMessage(probe, "2");
  EXPECT_TRUE(client.Until([&] { return client.stream(probe).Messages().size() == 2; }));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  const int32_t call = waiting.Open("/test/Echo");
  waiting.SendMessage(call, "late");
  EXPECT_TRUE(waiting.Until([&] { return waiting.stream(call).Messages().size() == 1; }));
}

TEST_F(EdgeTest, NamesTheAddressThatItCannotTake) {
  Start();
  auto options = Options();
  for (const std::string& address : {server_->address(), std::string("nonsense"), std::string("256.0.0.1:1")}) {
    options.address = address;
    Server second(options, TestFactory(record_));
    const base::Status started = second.Start();
    ASSERT_FALSE(started) << address;
    EXPECT_EQ(started.error().code, base::Code::kUnavailable);
    EXPECT_NE(started.error().message.find(address), std::string::npos) << started.error().message;
  }
}

// --- hostile clients ---

std::string RawFrame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  const auto size = payload.size();
  std::string frame = {static_cast<char>(size >> 16U), static_cast<char>(size >> 8U), static_cast<char>(size)};
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (const unsigned shift : {24U, 16U, 8U, 0U}) frame += static_cast<char>(stream >> shift);
  return frame.append(payload);
}

const std::string kPreface = std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + RawFrame(NGHTTP2_SETTINGS, 0, 0, "");

// Sends `frame` until the server has had enough.
void ExpectFloodEnds(const std::string& address, const std::string& frame) {
  RawClient client(address);
  ASSERT_TRUE(client.Send(kPreface));
  std::string batch;
  for (int i = 0; i < 100; ++i) batch += frame;
  bool alive = true;
  for (int i = 0; alive && i < 10'000; ++i) alive = client.Send(batch);
  EXPECT_FALSE(alive) << "a million frames were taken";
}

TEST_F(EdgeTest, EndsFloods) {
  Start();
  ExpectFloodEnds(server_->address(), RawFrame(NGHTTP2_PING, 0, 0, "12345678"));
  ExpectFloodEnds(server_->address(), RawFrame(NGHTTP2_SETTINGS, 0, 0, ""));
  ExpectFloodEnds(server_->address(), RawFrame(NGHTTP2_PRIORITY, 0, 1, std::string(5, '\0')));
  EXPECT_GE(server_->stats().protocol_errors, 3U);
  ExpectServes();
}

TEST_F(EdgeTest, EndsRapidResets) {
  Start();
  TestClient client(server_->address());
  for (int i = 0; i < 2'000 && !client.disconnected(); ++i) {
    const int32_t call = client.Open("/test/Quiet");
    client.Until([] { return true; });
    client.Reset(call);
    client.Until([] { return true; });
  }
  EXPECT_TRUE(client.UntilClosed());
  ExpectServes();
}

TEST_F(EdgeTest, EndsEndlessHeaders) {
  Start();
  RawClient client(server_->address());
  ASSERT_TRUE(client.Send(kPreface));
  // A literal field that is not indexed: name "a", value of 1,000 bytes.
  const std::string field = std::string("\x00\x01" "a\x7f\xe9\x06", 6) + std::string(1'000, 'v');
  bool alive = client.Send(RawFrame(NGHTTP2_HEADERS, 0, 1, field));
  for (int i = 0; alive && i < 100'000; ++i) alive = client.Send(RawFrame(NGHTTP2_CONTINUATION, 0, 1, field));
  EXPECT_FALSE(alive);
  ExpectServes();
}

TEST_F(EdgeTest, RefusesAHeaderListThatIsTooLong) {
  Start();
  TestClient client(server_->address());
  TestClient::Headers headers;
  for (int i = 0; i < 9; ++i) headers.emplace_back("x-" + std::to_string(i), std::string(7'500, 'v'));
  const int32_t call = client.Open("/test/Echo", headers);
  ASSERT_TRUE(client.Until([&] { return client.stream(call).closed || client.disconnected(); }));
  EXPECT_EQ(record_.Of("open"), 0);
  ExpectServes();
}

TEST_F(EdgeTest, StreamsBeyondTheLimitAreRefused) {
  auto options = Options();
  options.max_streams_per_connection = 3;
  Start(options);
  TestClient client(server_->address());
  const int32_t first = client.Open("/test/Echo");
  client.SendMessage(first, "the settings have come");
  ASSERT_TRUE(client.Until([&] { return client.stream(first).Messages().size() == 1; }));
  for (int i = 0; i < 10; ++i) client.Open("/test/Quiet");
  ASSERT_TRUE(client.Until([&] { return record_.Of("open") == 3; }));
  client.End(first);
  EXPECT_TRUE(client.Until([&] { return record_.Of("open") == 4; })) << "the client waits, nothing is lost";
  EXPECT_EQ(server_->stats().streams_open, 3U);
}

TEST_F(EdgeTest, SpeaksNothingButHttp2) {
  Start();
  RawClient client(server_->address());
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(server_->stats().protocol_errors, 1U);
  ExpectServes();
}

std::string RecordConversation(const std::string& address) {
  TestClient client(address);
  const int32_t first = client.Open("/test/Echo");
  const int32_t second = client.Open("/test/Echo", {{"x-more", "value"}});
  client.SendMessage(first, "hello");
  client.SendMessage(second, std::string(300, 'y'));
  client.Until([&] { return client.stream(second).Messages().size() == 1; });
  client.End(first);
  client.Until([&] { return client.stream(first).closed; });
  client.Reset(second);
  client.Until([] { return true; });
  return client.sent();
}

// Any bytes on one connection leave the server able to serve the next.
TEST_F(EdgeTest, MutatedConversationsNeverHurtTheServer) {
  Start();
  const std::string valid = RecordConversation(server_->address());
  ASSERT_GT(valid.size(), 400U);
  std::mt19937 random(20'260'930);
  for (int round = 0; round < 500; ++round) {
    std::string bytes = valid;
    const size_t from = round % 4 == 0 ? 0 : 24;  // mostly behind the preface, where more can happen
    for (auto n = 1 + random() % 6; n > 0; --n) {
      const size_t at = from + random() % (bytes.size() - from);
      switch (random() % 4) {
        case 0: bytes[at] = static_cast<char>(random()); break;
        case 1: bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8))); break;
        case 2: bytes.erase(at, random() % 20); break;
        default: bytes.insert(at, bytes.substr(from + random() % (bytes.size() - from), random() % 60));
      }
      if (bytes.size() < from + 30) break;
    }
    RawClient client(server_->address());
    client.Send(bytes);
    client.Close();
    if (round % 50 == 49) ExpectServes();
  }
  ExpectServes();
  server_->Stop();
  EXPECT_EQ(record_.Of("open"), record_.Of("closed"));
  EXPECT_EQ(server_->stats().streams_open, 0U);
}

}  // namespace
}  // namespace chancery::edge
