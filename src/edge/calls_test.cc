#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "edge/test_fixture.h"

namespace chancery::edge {
namespace {

using CallsTest = EdgeTest;

TEST_F(CallsTest, EchoesMessagesInOrderAndEndsWithOk) {
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

TEST_F(CallsTest, AssemblesAMessageThatComesByteByByte) {
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

TEST_F(CallsTest, ServesManyStreamsOfManyConnections) {
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

TEST_F(CallsTest, SendsALargeMessageFromSharedAndOwnBytes) {
  Start();
  TestClient client(server_->address());
  const int32_t call = client.Open("/test/Big");
  client.SendMessage(call, "3000000");
  ASSERT_TRUE(client.Until([&] { return client.stream(call).data.size() == 3'000'009; }));
  EXPECT_EQ(client.stream(call).Messages(), std::vector<std::string>{std::string(3'000'000, 'x') + "tail"});
  EXPECT_TRUE(record_.Await("write done"));
}

TEST_F(CallsTest, CloseGoesBehindTheWriteInFlight) {
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

TEST_F(CallsTest, AStalledReaderHoldsBackItsOwnStreamOnly) {
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

TEST_F(CallsTest, RefusesATooLongMessageFromItsPrefix) {
  auto options = TestOptions();
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

TEST_F(CallsTest, RefusesCompressedAndMalformedMessages) {
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

TEST_F(CallsTest, AnswersWhatIsNoGrpcCall) {
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

TEST_F(CallsTest, SendsAStatusWithAnEncodedMessage) {
  Start();
  TestClient client(server_->address());
  const int32_t call = client.Open("/test/Fail");
  client.SendMessage(call, "100% \xc3\xbc\n");
  ASSERT_TRUE(client.Until([&] { return client.stream(call).closed; }));
  EXPECT_EQ(client.stream(call).grpc_status(), "7");
  EXPECT_EQ(client.stream(call).trailers["grpc-message"], "100%25 %C3%BC%0A");
}

TEST_F(CallsTest, TellsOfTheClientsEndAndOfItsReset) {
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
TEST_F(CallsTest, SurvivesAResetInTheMiddleOfAFrame) {
  Start();
  TestClient client(server_->address(), {.small_receive_buffer = true, .huge_windows = true});
  for (int round = 0; round < 5; ++round) {
    const int32_t call = client.Open("/test/Big");
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

TEST_F(CallsTest, FiresTimers) {
  Start();
  TestClient client(server_->address());
  const int32_t call = client.Open("/test/Timer");
  for (size_t i = 1; i <= 3; ++i) {
    client.SendMessage(call, "go");
    ASSERT_TRUE(client.Until([&] { return client.stream(call).Messages().size() == i; }));
  }
  EXPECT_EQ(record_.Of("timer"), 3);
}

TEST_F(CallsTest, RunsTasksPostedByOtherThreads) {
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

}  // namespace
}  // namespace chancery::edge
