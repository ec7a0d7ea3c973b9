#pragma once

#include <string_view>

#include "agent/envoy_admin.h"
#include "agent/health.h"
#include "agent/log_level.h"
#include "agent/stats_snapshots.h"
#include "base/clock.h"
#include "frontend/message.h"
#include "frontend/rate_limit.h"

namespace chancery::agent {

// The agent's HTTP API, in the paths and parameters of the App Mesh agent (contract/envoy.md §1.3):
//
//   GET  /status                                   HealthReport as JSON
//   POST /drain_listeners[?inboundonly][&graceful]
//   POST /enableLogging?level=LEVEL                for a while
//   GET  /stats/prometheus[?usedonly][&filter=metrics_extension][&delta]
//
// Of the calls that Envoy answers it takes 10 a second, 20 at once, as that agent did: Envoy answers on the thread that
// also takes its configuration. Nobody is asked who they are: who reaches the address may do all of it. Handle may be
// called on several threads at once and blocks while Envoy answers. Borrows all it is made of.
class Api {
 public:
  struct Parts {
    const base::Clock& clock;
    const EnvoyAdmin& admin;
    const Health& health;
    LogLevel& log_level;
    // Null: snapshots are off.
    const StatsSnapshots* snapshots;
  };

  explicit Api(Parts parts) : parts_(parts), limiter_(parts.clock, {10, 20}) {}

  frontend::Answer Handle(const frontend::Request& request);

 private:
  frontend::Answer Drain(std::string_view query);
  frontend::Answer EnableLogging(std::string_view query);
  frontend::Answer Stats(std::string_view query);

  const Parts parts_;
  frontend::RateLimiter limiter_;
};

}  // namespace chancery::agent
