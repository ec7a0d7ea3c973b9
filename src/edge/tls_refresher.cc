#include "edge/tls_refresher.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace chancery::edge {
namespace {

constexpr std::chrono::seconds kInterval{1};

}  // namespace

TlsRefresher::TlsRefresher(tls::ContextFiles files, Loop& loop, Context& context)
    : Alarm(loop), files_(std::move(files)), loop_(loop), context_(context) {
  context_.tls.Set(files_.context());
}

void TlsRefresher::Start() { Arm(loop_.Now() + kInterval); }

void TlsRefresher::OnAlarm() {
  const auto renewed = files_.Refresh();
  if (renewed && *renewed) {
    context_.tls.Set(files_.context());
    spdlog::info("edge: the TLS files have changed, new connections use them");
  }
  std::string error = renewed ? std::string() : base::ToString(renewed.error());
  if (!error.empty() && error != error_) spdlog::warn("edge: the TLS files from before stay in force: {}", error);
  error_ = std::move(error);
  Start();
}

}  // namespace chancery::edge
