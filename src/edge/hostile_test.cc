#include <gtest/gtest.h>

#include <random>
#include <string>

#include "edge/test_fixture.h"

namespace chancery::edge {
namespace {

using HostileTest = EdgeTest;

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

TEST_F(HostileTest, EndsFloods) {
  Start();
  ExpectFloodEnds(server_->address(), RawFrame(NGHTTP2_PING, 0, 0, "12345678"));
  ExpectFloodEnds(server_->address(), RawFrame(NGHTTP2_SETTINGS, 0, 0, ""));
  ExpectFloodEnds(server_->address(), RawFrame(NGHTTP2_PRIORITY, 0, 1, std::string(5, '\0')));
  EXPECT_GE(server_->stats().protocol_errors, 3U);
  ExpectServes();
}

TEST_F(HostileTest, EndsRapidResets) {
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

TEST_F(HostileTest, EndsEndlessHeaders) {
  Start();
  RawClient client(server_->address());
  ASSERT_TRUE(client.Send(kPreface));
  // A literal field that is not indexed: name "a", value of 1,000 bytes.
  const std::string field = std::string(
                                "\x00\x01"
                                "a\x7f\xe9\x06",
                                6) +
                            std::string(1'000, 'v');
  bool alive = client.Send(RawFrame(NGHTTP2_HEADERS, 0, 1, field));
  for (int i = 0; alive && i < 100'000; ++i) alive = client.Send(RawFrame(NGHTTP2_CONTINUATION, 0, 1, field));
  EXPECT_FALSE(alive);
  ExpectServes();
}

TEST_F(HostileTest, RefusesAHeaderListThatIsTooLong) {
  Start();
  TestClient client(server_->address());
  TestClient::Headers headers;
  for (int i = 0; i < 9; ++i) headers.emplace_back("x-" + std::to_string(i), std::string(7'500, 'v'));
  const int32_t call = client.Open("/test/Echo", headers);
  ASSERT_TRUE(client.Until([&] { return client.stream(call).closed || client.disconnected(); }));
  EXPECT_EQ(record_.Of("open"), 0);
  ExpectServes();
}

TEST_F(HostileTest, StreamsBeyondTheLimitAreRefused) {
  auto options = TestOptions();
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

TEST_F(HostileTest, SpeaksNothingButHttp2) {
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
TEST_F(HostileTest, MutatedConversationsNeverHurtTheServer) {
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
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
          break;
        case 2:
          bytes.erase(at, random() % 20);
          break;
        default:
          bytes.insert(at, bytes.substr(from + random() % (bytes.size() - from), random() % 60));
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
