#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/result.h"
#include "frontend/audit.h"

namespace spdlog {
class logger;
}

namespace chancery::app {

// The audit log as a file: one JSON object a line for each call of the API. A file of 64 MiB gives way to a new one,
// and eight old ones are kept as <name>.1, .2 and so on. Lines are on their way to the disk within a second; those that
// it does not take are lost, and the log says so.
// Thread-safe.
class AuditFile {
 public:
  // kUnavailable naming the file.
  static base::Result<std::unique_ptr<AuditFile>> Open(const std::string& path);
  ~AuditFile();

  void Write(const frontend::AuditEvent& event);

 private:
  explicit AuditFile(std::shared_ptr<spdlog::logger> logger);

  // Whether the last line may be half of one.
  const std::shared_ptr<std::atomic<bool>> torn_ = std::make_shared<std::atomic<bool>>(false);
  const std::shared_ptr<spdlog::logger> logger_;
};

// {"time": "...", "requestId": ..., "actor": ..., ...}; what is empty is left out. Pure.
std::string AuditLine(const frontend::AuditEvent& event);

}  // namespace chancery::app
