#include "agent/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace chancery::agent {
namespace {

using base::Code;
using base::Error;

Error Failed(std::string_view what, int number) {
  return {Code::kUnavailable, fmt::format("{}: {}", what, std::strerror(number)), {}};
}

// In the child: only calls that are safe after a fork of a process with threads. Reports to `report` and ends when
// something fails.
[[noreturn]] void RunChild(char* const* arguments, const Program& program, int report, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);
  if (getppid() == parent) {  // else it ended before the kernel knew of our bond
    if (program.output >= 0) dup2(program.output, STDOUT_FILENO);
    if (program.errors >= 0) dup2(program.errors, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    execv(program.path.c_str(), arguments);
  }
  const int number = errno;
  [[maybe_unused]] const ssize_t written = write(report, &number, sizeof number);
  _exit(127);
}

// Blocks until the child has become the program, or says why not.
base::Result<int> Await(pid_t child, int report, const std::string& path) {
  int number = 0;
  ssize_t got = 0;
  do {
    got = read(report, &number, sizeof number);
  } while (got < 0 && errno == EINTR);
  close(report);
  if (got != sizeof number) return static_cast<int>(child);
  waitpid(child, nullptr, 0);
  return Failed(path, number);
}

}  // namespace

base::Result<int> StartProgram(const Program& program) {
  std::vector<std::string> words = {program.path};
  words.insert(words.end(), program.arguments.begin(), program.arguments.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::array<int, 2> report{};
  if (pipe2(report.data(), O_CLOEXEC) != 0) return Failed("pipe", errno);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) RunChild(arguments.data(), program, report[1], parent);
  const int number = errno;
  close(report[1]);
  if (child < 0) {
    close(report[0]);
    return Failed("fork", number);
  }
  return Await(child, report[0], program.path);
}

std::string PrivilegeOf(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return "";
  if ((status.st_mode & S_ISUID) != 0) return "is setuid";
  // Without the group's x the bit means something else.
  if ((status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP)) return "is setgid";
  return getxattr(path.c_str(), "security.capability", nullptr, 0) > 0 ? "has file capabilities" : "";
}

void PrepareToSupervise() {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace chancery::agent
