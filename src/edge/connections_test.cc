#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "edge/test_fixture.h"

namespace chancery::edge {
namespace {

using ConnectionsTest = EdgeTest;

using std::chrono::milliseconds;

TEST_F(ConnectionsTest, ClosesASilentConnectionThatAnswersNoPing) {
  auto options = TestOptions();
  options.keepalive_time = milliseconds(200);
  options.keepalive_timeout = milliseconds(200);
  Start(options);
  TestClient client(server_->address(), {.answer_pings = false});
  client.Open("/test/Quiet");
  EXPECT_TRUE(client.UntilClosed());
  EXPECT_TRUE(record_.Await("destroyed"));
  EXPECT_GE(client.pings(), 1);
}

TEST_F(ConnectionsTest, KeepsASilentConnectionThatAnswersPings) {
  auto options = TestOptions();
  options.keepalive_time = milliseconds(20);
  options.keepalive_timeout = milliseconds(10'000);
  Start(options);
  TestClient client(server_->address());
  client.Open("/test/Quiet");
  EXPECT_TRUE(client.Until([&] { return client.pings() >= 5; }));
  EXPECT_EQ(record_.Of("closed"), 0);
}

TEST_F(ConnectionsTest, ClosesWhoNeverCompletesThePreface) {
  auto options = TestOptions();
  options.idle_timeout = milliseconds(50);
  Start(options);
  RawClient slow(server_->address());
  EXPECT_TRUE(slow.Send("PRI * HTTP/2.0\r\n"));
  EXPECT_TRUE(slow.WaitForClose());
  RawClient silent(server_->address());
  EXPECT_TRUE(silent.WaitForClose());
}

TEST_F(ConnectionsTest, ClosesAConnectionWithoutStreamsButNoOther) {
  auto options = TestOptions();
  options.idle_timeout = milliseconds(500);
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

TEST_F(ConnectionsTest, EndsAConnectionByAge) {
  auto options = TestOptions();
  options.max_connection_age = milliseconds(500);
  options.age_grace = milliseconds(500);
  Start(options);
  TestClient client(server_->address());
  const int32_t call = client.Open("/test/Quiet");
  EXPECT_TRUE(client.UntilClosed());
  EXPECT_GE(client.goaways(), 2);
  EXPECT_EQ(client.stream(call).grpc_status(), "14");
}

TEST_F(ConnectionsTest, DrainLetsStreamsEndAndTakesNoNewConnection) {
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

TEST_F(ConnectionsTest, StopEndsEveryStreamAndTellsItsHandler) {
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

TEST_F(ConnectionsTest, RefusesConnectionsBeyondTheLimit) {
  auto options = TestOptions();
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

TEST_F(ConnectionsTest, OutlivesALackOfFileDescriptors) {
  Start();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // The client's socket takes the lowest free descriptor; the server is allowed none above it.
  TestClient client(server_->address());
  const int32_t probe = client.Open("/test/Echo");
  client.SendMessage(probe, "1");
  ASSERT_TRUE(client.Until([&] { return client.stream(probe).Messages().size() == 1; }));
  base::UniqueFd lowest(::dup(0));
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

TEST_F(ConnectionsTest, NamesTheAddressThatItCannotTake) {
  Start();
  auto options = TestOptions();
  for (const std::string& address : {server_->address(), std::string("nonsense"), std::string("256.0.0.1:1")}) {
    options.listeners = {{.address = address}};
    Server second(options, TestFactory(record_));
    const base::Status started = second.Start();
    ASSERT_FALSE(started) << address;
    EXPECT_EQ(started.error().code, base::Code::kUnavailable);
    EXPECT_NE(started.error().message.find(address), std::string::npos) << started.error().message;
  }
}

}  // namespace
}  // namespace chancery::edge
