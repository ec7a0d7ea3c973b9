#include "agent/log_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace chancery::agent {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Error;

int OpenFile(const fs::path& path) { return open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644); }

// The N of `name.N`.
std::optional<uint64_t> NumberOf(const fs::path& file, const fs::path& log) {
  const std::string name = file.filename();
  const std::string prefix = log.filename().string() + ".";
  if (!name.starts_with(prefix)) return std::nullopt;
  uint64_t number = 0;
  const auto [stop, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
  if (error != std::errc() || stop != name.data() + name.size()) return std::nullopt;
  return number;
}

// Of the rotated files, in order.
std::vector<uint64_t> NumbersOf(const fs::path& log) {
  std::vector<uint64_t> numbers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(log.parent_path(), error)) {
    if (const auto number = NumberOf(entry.path(), log)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

fs::path Rotated(const fs::path& log, uint64_t number) { return fmt::format("{}.{}", log.string(), number); }

}  // namespace

base::Result<std::unique_ptr<LogFiles>> LogFiles::Open(const fs::path& directory, const std::string& name,
                                                       Limits limits) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) {
    return Error{Code::kBadRequest, fmt::format("{} is no directory", directory.string()), {}};
  }
  const fs::path path = directory / name;
  const int file = OpenFile(path);
  if (file < 0) return Error{Code::kBadRequest, fmt::format("{} cannot be written", path.string()), {}};
  close(file);
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Error{Code::kUnavailable, "pipe", {}};
  return std::unique_ptr<LogFiles>(new LogFiles(path, limits, ends[0], ends[1]));
}

LogFiles::LogFiles(fs::path path, Limits limits, int read_end, int write_end)
    : path_(std::move(path)), limits_(limits), read_end_(read_end), write_end_(write_end) {
  std::error_code error;
  file_ = OpenFile(path_);
  written_ = fs::file_size(path_, error);
  if (error) written_ = 0;
  if (const auto numbers = NumbersOf(path_); !numbers.empty()) next_ = numbers.back() + 1;
  thread_ = std::thread([this] { Pump(); });
}

LogFiles::~LogFiles() {
  close(write_end_);
  thread_.join();
  close(read_end_);
  if (file_ >= 0) close(file_);
}

void LogFiles::Pump() {
  std::array<char, 64 << 10> buffer{};
  while (true) {
    const ssize_t got = read(read_end_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    Write(buffer.data(), static_cast<size_t>(got));
  }
}

void LogFiles::Write(const char* bytes, size_t count) {
  if (written_ > 0 && written_ + count > limits_.bytes) Rotate();
  while (count > 0 && file_ >= 0) {
    const ssize_t put = write(file_, bytes, count);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return;
    bytes += put;
    count -= static_cast<size_t>(put);
    written_ += static_cast<uintmax_t>(put);
  }
}

void LogFiles::Rotate() {
  if (file_ >= 0) close(file_);
  std::error_code error;
  fs::rename(path_, Rotated(path_, next_++), error);
  const std::vector<uint64_t> numbers = NumbersOf(path_);
  for (size_t i = 0; i + limits_.kept < numbers.size(); ++i) fs::remove(Rotated(path_, numbers[i]), error);
  file_ = OpenFile(path_);
  written_ = 0;
}

}  // namespace chancery::agent
