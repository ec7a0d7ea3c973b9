#include "app/audit_file.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <ctime>
#include <fstream>

namespace chancery::app {
namespace {

namespace json = boost::json;

constexpr size_t kMaxFile = 64 << 20;
constexpr size_t kOldFiles = 8;
// Of one call; a body of 1 MiB can refer to twenty thousand.
constexpr size_t kMaxResources = 100;

std::string Time(int64_t ms) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(ms / 1000)), ms % 1000);
}

// A process that was killed may have left half a line; the next one is to be a line of its own.
void EndLastLine(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  if (!file.seekg(-1, std::ios::end) || file.get() == '\n') return;
  file.seekp(0, std::ios::end);
  file.put('\n');
}

}  // namespace

base::Result<std::unique_ptr<AuditFile>> AuditFile::Open(const std::string& path) {
  EndLastLine(path);
  try {
    auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, kMaxFile, kOldFiles);
    auto logger = std::make_shared<spdlog::logger>("audit", std::move(sink));
    logger->set_pattern("%v");
    return std::unique_ptr<AuditFile>(new AuditFile(std::move(logger)));
  } catch (const spdlog::spdlog_ex& error) {
    return base::Error{base::Code::kUnavailable, error.what(), {}};
  }
}

AuditFile::AuditFile(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) {
  // Called where lines could not be written; the flusher's thread may outlive us.
  logger_->set_error_handler([torn = torn_, told = std::make_shared<std::atomic<std::time_t>>(0)](const auto& why) {
    *torn = true;
    const std::time_t now = std::time(nullptr);
    if (told->exchange(now) != now) spdlog::error("audit: lines are lost: {}", why);
  });
  // The flusher of spdlog knows its registered loggers alone.
  spdlog::drop(logger_->name());
  spdlog::register_logger(logger_);
  spdlog::flush_every(std::chrono::seconds(1));
}

AuditFile::~AuditFile() {
  spdlog::drop(logger_->name());
  logger_->flush();
}

void AuditFile::Write(const frontend::AuditEvent& event) {
  // A disk that was full may have taken half a line.
  if (torn_->exchange(false)) logger_->info("");
  logger_->info(AuditLine(event));
}

std::string AuditLine(const frontend::AuditEvent& event) {
  json::object line{{"time", Time(event.time_ms)}, {"requestId", event.request_id}};
  const auto add = [&line](std::string_view name, std::string_view value) {
    if (!value.empty()) line[name] = value;
  };
  add("actor", event.actor);
  add("accessKeyId", event.access_key_id);
  add("claimedAccessKeyId", event.claimed_access_key_id);
  add("source", event.source);
  add("operation", event.operation);
  if (!event.resources.empty()) {
    const size_t named = std::min(event.resources.size(), kMaxResources);
    line["resources"] = json::array(event.resources.begin(), event.resources.begin() + static_cast<ptrdiff_t>(named));
    if (named < event.resources.size()) line["moreResources"] = event.resources.size() - named;
  }
  if (!event.arguments.empty()) {
    json::object& arguments = line["arguments"].emplace_object();
    for (const auto& [name, value] : event.arguments) arguments[name] = value;
  }
  if (event.txn) line["txn"] = *event.txn;
  line["status"] = event.status;
  add("error", event.error);
  return json::serialize(line);
}

}  // namespace chancery::app
