#pragma once

#include "agent/options.h"
#include "base/result.h"

namespace chancery::agent {

// `chancery envoy --readiness`, the `agent -envoyReadiness` of App Mesh's container hooks: asks the running agent's
// /status until it says HEALTHY, every `readiness_interval` for `readiness_timeout`; once if one of them is zero.
// kUnavailable says what the last answer was. Blocks.
base::Status AwaitReadiness(const AgentOptions& options);

}  // namespace chancery::agent
