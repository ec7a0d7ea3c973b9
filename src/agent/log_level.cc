#include "agent/log_level.h"

#include <spdlog/spdlog.h>

namespace chancery::agent {

base::Status LogLevel::Set(const std::string& level) {
  CHANCERY_RETURN_IF_ERROR(set_(level));
  base::MutexLock lock(mutex_);
  until_.reset();
  if (level != usual_) until_ = clock_.Now() + hold_;
  return base::Status::Ok();
}

void LogLevel::Forget() {
  base::MutexLock lock(mutex_);
  until_.reset();
}

void LogLevel::Tick() {
  constexpr std::chrono::seconds kRetry{5};
  {
    base::MutexLock lock(mutex_);
    if (!until_ || clock_.Now() < *until_) return;
    until_ = clock_.Now() + kRetry;
  }
  const auto status = set_(usual_);
  if (!status) {
    spdlog::warn("Envoy's log level could not be set back to {}: {}", usual_, status.error().message);
    return;
  }
  spdlog::info("Envoy's log level is {} again", usual_);
  base::MutexLock lock(mutex_);
  until_.reset();
}

}  // namespace chancery::agent
