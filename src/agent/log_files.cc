#include "agent/log_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
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
  std::unique_ptr<LogFiles> files(new LogFiles(path, limits));
  auto pump = OutputPump::Start([to = files.get()](std::string_view text) { to->Write(text); });
  if (!pump) return pump.error();
  files->pump_ = *std::move(pump);
  return files;
}

LogFiles::LogFiles(fs::path path, Limits limits) : path_(std::move(path)), limits_(limits) {
  std::error_code error;
  file_ = OpenFile(path_);
  written_ = fs::file_size(path_, error);
  if (error) written_ = 0;
  if (const auto numbers = NumbersOf(path_); !numbers.empty()) next_ = numbers.back() + 1;
}

LogFiles::~LogFiles() {
  pump_.reset();
  if (file_ >= 0) close(file_);
}

void LogFiles::Write(std::string_view text) {
  if (written_ > 0 && written_ + text.size() > limits_.bytes) Rotate();
  while (!text.empty() && file_ >= 0) {
    const ssize_t put = write(file_, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return;
    text.remove_prefix(static_cast<size_t>(put));
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
