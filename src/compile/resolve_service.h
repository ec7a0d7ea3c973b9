#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compile/features/client_tls.h"
#include "compile/ir.h"
#include "compile/reader.h"
#include "compile/resolve_target.h"

namespace chancery::compile {

// What a virtual service offers on one port (contract/envoy.md §2.4).
struct ServicePort {
  uint32_t port = 0;
  ir::Protocol protocol = ir::Protocol::kHttp;
  // In the order of matching; of an HTTP protocol.
  std::vector<ir::Route> routes;
  // Of tcp: at least one, each weight at least 1.
  std::vector<ir::Target> targets;
  std::optional<ir::Millis> idle;
};

// The ports of virtual service `name`, sorted; none when it, its provider or the provider's routes
// are absent. Adds the clusters that are used by way of `targets`.
std::vector<ServicePort> ResolveService(Reader& reader, TargetResolver& targets, const std::string& name,
                                        const ClientPolicy& policy);

}  // namespace chancery::compile
