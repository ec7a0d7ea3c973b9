#include "agent/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

namespace chancery::agent {
namespace {

using testing::HasSubstr;

int WaitFor(int pid) {
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return status;
}

// What `command` prints.
std::string OutputOf(const std::string& command) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const auto pid = StartProgram({"/bin/sh", {"-c", command}, ends[1], ends[1]});
  EXPECT_TRUE(pid);
  close(ends[1]);
  std::string text(4096, '\0');
  size_t got = 0;
  for (ssize_t more = 1; more > 0; got += static_cast<size_t>(more)) {
    more = read(ends[0], text.data() + got, text.size() - got);
  }
  close(ends[0]);
  WaitFor(*pid);
  text.resize(got);
  return text;
}

TEST(ProcessTest, RunsItAndGivesItsExit) {
  const auto pid = StartProgram({"/bin/sh", {"-c", "exit 7"}});
  ASSERT_TRUE(pid);
  const int status = WaitFor(*pid);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(ProcessTest, TellsAProgramThatOutlivesItsParent) {
  const auto path = std::filesystem::temp_directory_path() / ("chancery_process_" + std::to_string(getpid()));
  std::ofstream(path) << "#!/bin/sh\n";
  const auto with_mode = [&](mode_t mode) {
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return PrivilegeOf(path);
  };
  EXPECT_EQ(with_mode(0755), "");
  EXPECT_EQ(with_mode(04755), "is setuid");
  EXPECT_EQ(with_mode(02755), "is setgid");
  EXPECT_EQ(with_mode(02644), "");
  // CAP_NET_BIND_SERVICE, permitted and effective (linux/capability.h, vfs_cap_data of revision 2).
  const std::array<uint32_t, 5> capability = {0x02000001, 1U << 10U, 0, 0, 0};
  if (setxattr(path.c_str(), "security.capability", capability.data(), sizeof capability, 0) == 0) {
    EXPECT_EQ(with_mode(0755), "has file capabilities");
  }
  std::filesystem::remove(path);
  EXPECT_EQ(PrivilegeOf(path), "");
}

TEST(ProcessTest, OneThatCannotBeRunIsAnErrorThatNamesIt) {
  const auto pid = StartProgram({"/nowhere/envoy", {}});
  ASSERT_FALSE(pid);
  EXPECT_EQ(pid.error().message, "/nowhere/envoy: No such file or directory");
}

TEST(ProcessTest, OutputGoesWhereItIsTold) { EXPECT_EQ(OutputOf("echo out; echo err >&2"), "out\nerr\n"); }

TEST(ProcessTest, NoOtherDescriptorIsInherited) {
  const int kept = open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  ASSERT_GE(kept, 0);
  EXPECT_EQ(OutputOf("test -e /proc/self/fd/" + std::to_string(kept) + " && echo inherited; true"), "");
  close(kept);
}

TEST(ProcessTest, SignalsAreNotBlockedInIt) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  EXPECT_THAT(OutputOf("grep SigBlk /proc/self/status"), HasSubstr("0000000000000000"));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(ProcessTest, ItLeadsAGroupOfItsOwn) {
  const auto pid = StartProgram({"/bin/sleep", {"60"}});
  ASSERT_TRUE(pid);
  EXPECT_EQ(getpgid(*pid), *pid);
  kill(*pid, SIGKILL);
  WaitFor(*pid);
}

// What tells an orphan from a child whose parent ended: the parent here is a child of the test.
TEST(ProcessTest, ItIsKilledWithItsParent) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    const auto pid = StartProgram({"/bin/sleep", {"3600"}, ends[1]});
    _exit(pid ? 0 : 1);  // without a word to the child
  }
  close(ends[1]);
  EXPECT_EQ(WaitFor(parent), 0);
  char byte = 0;
  // The only one that still holds the other end is the grandchild: the end of the file is its end.
  EXPECT_EQ(read(ends[0], &byte, 1), 0);
  close(ends[0]);
}

}  // namespace
}  // namespace chancery::agent
