#include "intercept/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/program.h"
#include "base/write_all.h"

extern char** environ;

namespace chancery::intercept {
namespace {

using base::Code;
using base::Error;

constexpr size_t kMaxOutput = 4 << 20;

// Files in memory for the three streams: no pipe can fill up, whatever order the program reads and writes in.
class Scratch {
 public:
  Scratch() : fd_(memfd_create("chancery", MFD_CLOEXEC)) {}
  ~Scratch() {
    if (fd_ >= 0) close(fd_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  int fd() const { return fd_; }

  bool Fill(std::string_view text) { return base::WriteAll(fd_, text) && lseek(fd_, 0, SEEK_SET) == 0; }

  std::string Content() {
    std::string text;
    std::array<char, 65536> buffer;
    lseek(fd_, 0, SEEK_SET);
    while (text.size() < kMaxOutput) {
      const ssize_t got = read(fd_, buffer.data(), buffer.size());
      if (got <= 0) break;
      text.append(buffer.data(), static_cast<size_t>(got));
    }
    return text;
  }

 private:
  int fd_;
};

// The exit code, or 128 and more for a signal.
base::Result<int> Spawn(const std::string& path, const std::vector<std::string>& words, std::array<int, 3> streams) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int target = 0; target < 3; ++target) {
    posix_spawn_file_actions_adddup2(&actions, streams[static_cast<size_t>(target)], target);
  }
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int failed = posix_spawn(&child, path.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return Error{Code::kInternal, fmt::format("cannot run {}: {}", path, std::strerror(failed)), {}};
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return Error{Code::kInternal, fmt::format("cannot wait for {}", path), {}};
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

base::Result<std::string> FindProgram(const std::string& name) {
  const char* path = std::getenv("PATH");
  // An administrator's folders are often missing from a user's or a container's PATH.
  return base::FindProgram(name, fmt::format("{}:/usr/sbin:/sbin", path == nullptr ? "" : path));
}

base::Result<std::string> RunProgram(const std::vector<std::string>& words, const std::string& input) {
  const auto path = FindProgram(words.front());
  if (!path) return Error{Code::kNotFound, fmt::format("{} is not installed", words.front()), {}};
  Scratch in;
  Scratch out;
  Scratch err;
  if (in.fd() < 0 || out.fd() < 0 || err.fd() < 0 || !in.Fill(input)) {
    return Error{Code::kInternal, "no memory for the streams of a program", {}};
  }
  const auto code = Spawn(*path, words, {in.fd(), out.fd(), err.fd()});
  if (!code) return code.error();
  if (*code == 0) return out.Content();
  std::string said = err.Content().substr(0, 2000);
  while (said.ends_with('\n')) said.pop_back();
  return Error{Code::kInternal, fmt::format("{} ended with {}: {}", words.front(), *code, said), {}};
}

}  // namespace chancery::intercept
