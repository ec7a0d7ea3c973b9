#include "agent/log_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/write_all.h"

namespace chancery::agent {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Error;

base::UniqueFd OpenFile(const fs::path& path, int more = 0) {
  return base::UniqueFd(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | more, 0644));
}

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
  if (!OpenFile(path)) return Error{Code::kBadRequest, fmt::format("{} cannot be written", path.string()), {}};
  std::unique_ptr<LogFiles> files(new LogFiles(path, limits));
  auto pump = OutputPump::Start([to = files.get()](std::string_view text, int) { to->Write(text); });
  if (!pump) return pump.error();
  files->pump_ = *std::move(pump);
  return files;
}

LogFiles::LogFiles(fs::path path, Limits limits) : path_(std::move(path)), limits_(limits) {
  if (const auto numbers = NumbersOf(path_); !numbers.empty()) next_ = numbers.back() + 1;
  Reopen(0);
}

void LogFiles::Write(std::string_view text) {
  if (file_ && written_ > 0 && written_ + text.size() > limits_.bytes) Rotate();
  if (!file_) Reopen(0);
  const bool whole = file_ && base::WriteAll(file_.get(), text);
  written_ += text.size();
  if (!whole && !losing_) spdlog::warn("Envoy's output is lost: {}: {}", path_.string(), std::strerror(errno));
  if (!whole) file_.Reset();
  losing_ = !whole;
}

void LogFiles::Reopen(int more) {
  file_ = OpenFile(path_, more);
  std::error_code error;
  written_ = fs::file_size(path_, error);
  if (error) written_ = 0;
}

void LogFiles::Rotate() {
  file_.Reset();
  std::error_code error;
  fs::rename(path_, Rotated(path_, next_++), error);
  // Where no file can be put beside it, it starts anew rather than grow.
  if (error) return Reopen(O_TRUNC);
  const std::vector<uint64_t> numbers = NumbersOf(path_);
  for (size_t i = 0; i + limits_.kept < numbers.size(); ++i) fs::remove(Rotated(path_, numbers[i]), error);
  Reopen(0);
}

}  // namespace chancery::agent
