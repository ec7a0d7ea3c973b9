#include "store/data_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace chancery::store {
namespace {

using base::Code;
using base::Error;

Error Refused(const std::filesystem::path& path, std::string_view what, int error) {
  return {Code::kUnavailable,
          fmt::format("data directory '{}': {}: {}", path.string(), what, std::generic_category().message(error)),
          {}};
}

base::Status MakeDirectory(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return base::Status::Ok();
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return Refused(path, "cannot be made", errno);
  if (!std::filesystem::is_directory(path, error)) return Refused(path, "cannot be used", ENOTDIR);
  return base::Status::Ok();
}

// What the holder wrote; only digits, since the file may hold anything.
std::string ReadHolder(int fd) {
  std::array<char, 20> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  const std::string_view read(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  const std::string_view digits = read.substr(0, read.find_first_not_of("0123456789"));
  return digits.empty() ? "unknown" : std::string(digits);
}

base::Status Lock(const std::filesystem::path& path, int fd) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Refused(path, "cannot be locked", errno);
    return Error{Code::kUnavailable,
                 fmt::format("data directory '{}' is in use by process {}", path.string(), ReadHolder(fd)),
                 {}};
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return Refused(path, "its lock file cannot be written", errno);
  }
  return base::Status::Ok();
}

}  // namespace

base::Result<std::unique_ptr<DataDir>> DataDir::Open(const std::filesystem::path& path) {
  CHANCERY_RETURN_IF_ERROR(MakeDirectory(path));
  const int fd = ::open((path / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Refused(path, "its lock file cannot be opened", errno);
  const base::Status locked = Lock(path, fd);
  if (!locked) {
    ::close(fd);
    return locked.error();
  }
  return std::unique_ptr<DataDir>(new DataDir(path, fd));
}

DataDir::~DataDir() { ::close(lock_fd_); }

}  // namespace chancery::store
