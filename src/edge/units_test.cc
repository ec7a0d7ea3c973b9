#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/grpc_framing.h"
#include "edge/http2_session.h"
#include "edge/lifetime.h"
#include "edge/loop.h"
#include "edge/outbox.h"

// The parts of the edge that need no server.

namespace chancery::edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// --- framing ---

std::string Framed(std::string_view message) {
  const auto prefix = MessagePrefix(message.size());
  return std::string(prefix.data(), prefix.size()).append(message);
}

TEST(MessagePrefix, IsAFlagAndABigEndianLength) {
  EXPECT_EQ(MessagePrefix(0x01020304), (std::array<char, 5>{0, 1, 2, 3, 4}));
}

TEST(MessageAssembler, GivesTheSameMessagesHoweverTheBytesAreCut) {
  const std::string bytes = Framed("one") + Framed("") + Framed(std::string(300, 't')) + Framed("x");
  const std::vector<std::string> expected = {"one", "", std::string(300, 't'), "x"};
  for (size_t step = 1; step <= bytes.size(); ++step) {
    MessageAssembler assembler;
    std::vector<std::string> got;
    for (size_t at = 0; at < bytes.size(); at += step) {
      const auto outcome = assembler.Feed(std::string_view(bytes).substr(at, step), 300, [&](std::string_view message) {
        got.emplace_back(message);
        return true;
      });
      ASSERT_EQ(outcome, MessageAssembler::Outcome::kOk);
    }
    EXPECT_EQ(got, expected) << "in steps of " << step;
    EXPECT_TRUE(assembler.empty());
  }
}

TEST(MessageAssembler, StopsAtWhatIsNotAllowed) {
  const auto feed = [](std::string_view bytes) {
    MessageAssembler assembler;
    return assembler.Feed(bytes, 10, [](std::string_view message) { return message != "stop"; });
  };
  EXPECT_EQ(feed(Framed(std::string(10, 'a'))), MessageAssembler::Outcome::kOk);
  EXPECT_EQ(feed(Framed(std::string(11, 'a'))), MessageAssembler::Outcome::kTooLong);
  EXPECT_EQ(feed(std::string_view("\x00\xff\xff\xff\xff", 5)), MessageAssembler::Outcome::kTooLong);
  EXPECT_EQ(feed("\x01"), MessageAssembler::Outcome::kCompressed);
  EXPECT_EQ(feed("\x02"), MessageAssembler::Outcome::kBadFlag);
  EXPECT_EQ(feed(Framed("stop") + "\x02"), MessageAssembler::Outcome::kStopped);
}

TEST(MessageAssembler, KeepsNoMoreThanWasReceived) {
  MessageAssembler assembler;
  assembler.Feed(Framed(std::string(1'000, 'a')).substr(0, 105), 1'000, [](std::string_view) { return true; });
  EXPECT_EQ(assembler.buffered(), 100U);
}

TEST(EncodeGrpcMessage, EncodesWhatIsNotPrintableAsciiAndIsBounded) {
  EXPECT_EQ(EncodeGrpcMessage("plain ~text"), "plain ~text");
  EXPECT_EQ(EncodeGrpcMessage("%\n\xff"), "%25%0A%FF");
  EXPECT_LE(EncodeGrpcMessage(std::string(100'000, '\n')).size(), 6'000U);
}

// --- lifetime ---

class LifetimeTest : public ::testing::Test {
 protected:
  using Action = Lifetime::Action;
  // Moves to the next deadline and says how far that was and what was due.
  std::pair<milliseconds, Action> Next(Lifetime& lifetime) {
    const auto next = lifetime.Next().value();
    const auto passed = std::chrono::duration_cast<milliseconds>(next - now_);
    now_ = next;
    const Action action = lifetime.Take(now_);
    EXPECT_EQ(lifetime.Take(now_), Action::kNone) << "one thing at a time";
    return {passed, action};
  }

  ServerOptions options_ = {.listeners = {},
                            .keepalive_time = seconds(30),
                            .keepalive_timeout = seconds(20),
                            .idle_timeout = seconds(60),
                            .age_grace = seconds(10)};
  Lifetime::TimePoint now_{seconds(1'000)};
};

TEST_F(LifetimeTest, PingsWhenSilentAndGivesUpWithoutAnswer) {
  Lifetime lifetime(options_, now_, 0);
  lifetime.OnFirstStream();
  EXPECT_FALSE(lifetime.OnRead(now_));
  EXPECT_EQ(Next(lifetime), (std::pair{milliseconds(30'000), Action::kPing}));
  EXPECT_TRUE(lifetime.OnRead(now_ + seconds(1)));
  EXPECT_EQ(Next(lifetime), (std::pair{milliseconds(31'000), Action::kPing}));
  EXPECT_EQ(lifetime.Next(), now_ + seconds(20));
  EXPECT_EQ(lifetime.Take(now_ + seconds(20)), Action::kCloseSilent);
}

TEST_F(LifetimeTest, ClosesWhatStaysWithoutAStream) {
  Lifetime lifetime(options_, now_, 0);
  EXPECT_EQ(Next(lifetime).second, Action::kPing);
  lifetime.OnRead(now_ + seconds(20));
  EXPECT_EQ(lifetime.Take(now_ + seconds(29)), Action::kNone);
  EXPECT_EQ(lifetime.Take(now_ + seconds(30)), Action::kCloseIdle);
}

TEST_F(LifetimeTest, AgesWithJitter) {
  options_.max_connection_age = seconds(100);
  options_.keepalive_time = {};
  for (const double jitter : {-1.0, 0.0, 1.0}) {
    Lifetime lifetime(options_, now_, jitter);
    lifetime.OnFirstStream();
    EXPECT_EQ(Next(lifetime),
              (std::pair{milliseconds(100'000 + static_cast<int>(jitter * 10'000)), Action::kDrainAged}));
    EXPECT_EQ(lifetime.Take(now_ + seconds(10)), Action::kCloseAged);
  }
}

TEST_F(LifetimeTest, ZeroSwitchesARuleOff) {
  options_.keepalive_time = {};
  options_.idle_timeout = {};
  Lifetime lifetime(options_, now_, 0);
  EXPECT_FALSE(lifetime.Next().has_value());
}

// --- outbox ---

class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    near_.emplace(base::UniqueFd(ends[0]), nullptr);
    far_ = base::UniqueFd(ends[1]);
  }
  std::string ReadAll() {
    std::string all;
    std::array<char, 4'096> buffer;
    for (ssize_t got = 0; (got = ::read(far_.get(), buffer.data(), buffer.size())) > 0;) {
      all.append(buffer.data(), static_cast<size_t>(got));
    }
    return all;
  }
  // Three bytes of length, then six that do not matter here.
  static std::array<uint8_t, 9> Header(size_t size) {
    return {static_cast<uint8_t>(size >> 16U), static_cast<uint8_t>(size >> 8U), static_cast<uint8_t>(size)};
  }

  std::optional<Channel> near_;
  base::UniqueFd far_;
};

TEST_F(OutboxTest, SendsSmallFramesAndPiecesInOrder) {
  Outbox outbox(*near_);
  const auto header = Header(6);
  EXPECT_TRUE(outbox.Append("first "));
  EXPECT_EQ(outbox.SendFrame(1, header.data(), {"ab", "", "cdef"}), Outbox::Outcome::kSent);
  EXPECT_TRUE(outbox.Append("last"));
  EXPECT_EQ(outbox.Flush(), Outbox::Outcome::kSent);
  const std::string header_text(header.begin(), header.end());
  EXPECT_EQ(ReadAll(), "first " + header_text + "abcdef" + "last");
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.TakeBytesSent(), 25U);
}

// Sends frames until one is stuck in the middle; what the peer gets in the end must be whole frames
// either way: the frame is retried, or its stream dies and the outbox adopts the rest.
TEST_F(OutboxTest, AlwaysCompletesAFrame) {
  const std::string payload(1U << 20U, 'p');
  const auto header = Header(payload.size());
  const std::string frame = std::string(header.begin(), header.end()) + payload;
  for (const bool adopt : {false, true}) {
    Outbox outbox(*near_);
    ASSERT_EQ(outbox.SendFrame(7, header.data(), {payload, "", ""}), Outbox::Outcome::kBlocked);
    EXPECT_TRUE(outbox.blocked());
    EXPECT_EQ(outbox.UnfinishedPayload(7), payload.size());
    EXPECT_EQ(outbox.UnfinishedPayload(8), 0U);
    if (adopt) outbox.Adopt(7, {payload, "", ""});
    std::string got;
    for (bool sent = false; !sent;) {
      got += ReadAll();
      outbox.BeginRound();
      sent = (adopt ? outbox.Flush() : outbox.SendFrame(7, header.data(), {payload, "", ""})) == Outbox::Outcome::kSent;
    }
    got += ReadAll();
    EXPECT_TRUE(got == frame) << got.size() << " of " << frame.size() << " bytes, adopt: " << adopt;
    EXPECT_TRUE(outbox.empty());
  }
}

TEST_F(OutboxTest, SaysThatThePeerIsGone) {
  Outbox outbox(*near_);
  far_.Reset();
  EXPECT_TRUE(outbox.Append("x"));
  EXPECT_EQ(outbox.Flush(), Outbox::Outcome::kFailed);
}

// --- flood meter ---

TEST(FrameMeter, AllowsABurstThenARate) {
  base::FakeClock clock;
  FrameMeter meter(clock.Now());
  nghttp2_frame_hd ping{};
  ping.type = NGHTTP2_PING;
  int taken = 0;
  while (meter.Take(ping, clock)) ++taken;
  EXPECT_EQ(taken, 1'000);
  clock.Advance(seconds(1));
  while (meter.Take(ping, clock)) ++taken;
  EXPECT_EQ(taken, 1'100);
  nghttp2_frame_hd data{};
  data.type = NGHTTP2_DATA;
  EXPECT_FALSE(meter.Take(data, clock)) << "empty and not the end";
  data.length = 1;
  EXPECT_TRUE(meter.Take(data, clock));
}

// --- loop ---

class CountingAlarm : public Alarm {
 public:
  CountingAlarm(Loop& loop, std::string name, std::string& fired) : Alarm(loop), name_(name), fired_(fired) {}

 private:
  void OnAlarm() override { fired_ += name_; }
  std::string name_;
  std::string& fired_;
};

TEST(Loop, FiresAlarmsInOrderAndNotTheCancelled) {
  auto loop = *Loop::Create();
  std::string fired;
  CountingAlarm late(*loop, "late ", fired), early(*loop, "early ", fired), cancelled(*loop, "cancelled ", fired);
  const auto now = loop->Now();
  late.Arm(now - seconds(3));
  cancelled.Arm(now - seconds(2));
  early.Arm(now - seconds(1));
  late.Arm(now);
  cancelled.Cancel();
  loop->Post([&] { loop->Quit(); });
  loop->Run();
  EXPECT_EQ(fired, "early late ");
}

TEST(Loop, DropsTasksAfterItsEnd) {
  auto loop = *Loop::Create();
  const auto alive = std::make_shared<int>(1);
  loop->Post([&] { loop->Quit(); });
  loop->Run();
  loop->Post([alive] { FAIL(); });
  EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace chancery::edge
