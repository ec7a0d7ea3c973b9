#include "agent/standard_streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <thread>

#include "agent/process.h"
#include "base/unique_fd.h"
#include "base/write_all.h"

namespace chancery::agent {
namespace {

// A stream as systemd gives it, and its other end.
std::array<base::UniqueFd, 2> Sockets() {
  std::array<int, 2> ends{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

// What comes, up to so many bytes.
std::string Read(int descriptor, size_t bytes) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 1; got > 0 && text.size() < bytes;) {
    got = read(descriptor, buffer.data(), buffer.size());
    if (got > 0) text.append(buffer.data(), static_cast<size_t>(got));
  }
  return text;
}

TEST(StandardStreamsTest, APipeOfOursNeedsNoPump) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const base::UniqueFd read_end(ends[0]);
  const base::UniqueFd write_end(ends[1]);
  EXPECT_TRUE(CanBeOpenedAnew(write_end.get()));
  EXPECT_EQ(*PumpUnlessOpenable(write_end.get()), nullptr);
}

TEST(StandardStreamsTest, AChildOfOneWhoHasASocketOpensDevStdout) {
  auto [ours, others] = Sockets();
  ASSERT_FALSE(CanBeOpenedAnew(ours.get()));
  auto pump = PumpUnlessOpenable(ours.get());
  ASSERT_TRUE(pump && *pump != nullptr);
  const auto pid =
      StartProgram({"/bin/sh", {"-c", "echo access > /dev/stdout; echo plain"}, (*pump)->descriptor(), -1});
  ASSERT_TRUE(pid);
  int status = 0;
  ASSERT_EQ(waitpid(*pid, &status, 0), *pid);
  pump->reset();
  ours.Reset();
  EXPECT_EQ(Read(others.get(), 1000), "access\nplain\n");
}

// Writes until no more fits.
void Fill(int output) {
  const int flags = fcntl(output, F_GETFL);
  ASSERT_EQ(fcntl(output, F_SETFL, flags | O_NONBLOCK), 0);
  const std::string text(4096, 'x');
  while (write(output, text.data(), text.size()) > 0) {
  }
  EXPECT_EQ(errno, EAGAIN);
  ASSERT_EQ(fcntl(output, F_SETFL, flags), 0);
}

TEST(StandardStreamsTest, AStreamThatNobodyReadsHoldsUpNoEnd) {
  auto [ours, others] = Sockets();
  auto pump = PumpUnlessOpenable(ours.get());
  ASSERT_TRUE(pump && *pump != nullptr);
  Fill(ours.get());
  Fill((*pump)->descriptor());
  pump->reset();  // returns
}

TEST(StandardStreamsTest, AStreamThatMustNotBlockIsWaitedFor) {
  auto [ours, others] = Sockets();
  ASSERT_EQ(fcntl(ours.get(), F_SETFL, O_NONBLOCK), 0);
  auto pump = PumpUnlessOpenable(ours.get());
  ASSERT_TRUE(pump && *pump != nullptr);
  const std::string text(1'000'000, 'x');
  std::string read;
  std::thread reader([&, from = others.get()] { read = Read(from, text.size()); });
  EXPECT_TRUE(base::WriteAll((*pump)->descriptor(), text));
  reader.join();
  EXPECT_EQ(read.size(), text.size());
}

TEST(OutputPumpTest, SomebodyElseWhoHasThePipeIsNotWaitedFor) {
  std::string taken;
  auto pump = OutputPump::Start([&](std::string_view text, int) { taken += text; });
  ASSERT_TRUE(pump);
  const base::UniqueFd others(dup((*pump)->descriptor()));
  EXPECT_TRUE(base::WriteAll(others.get(), "last words"));
  pump->reset();  // returns
  EXPECT_EQ(taken, "last words");
}

TEST(StandardStreamsTest, AStreamThatIsGoneLosesWhatIsPrinted) {
  auto [ours, others] = Sockets();
  auto pump = PumpUnlessOpenable(ours.get());
  ASSERT_TRUE(pump && *pump != nullptr);
  others.Reset();
  const auto before = signal(SIGPIPE, SIG_IGN);
  EXPECT_TRUE(base::WriteAll((*pump)->descriptor(), "lost"));
  pump->reset();  // returns
  signal(SIGPIPE, before);
}

}  // namespace
}  // namespace chancery::agent
