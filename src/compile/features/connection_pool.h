#pragma once

#include <chancery/model/virtual_gateway.pb.h>
#include <chancery/model/virtual_node.pb.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "compile/ir.h"

// Connection pools (contract/envoy.md §2.3, §2.7): the server's own proxy holds to them on the way to
// its application, a gateway on the way to its second hop. What is not named stays unlimited.
namespace chancery::compile {

// The API's sizes begin at 1.
inline uint32_t PoolSize(int64_t value) {
  return static_cast<uint32_t>(std::clamp<int64_t>(value, 1, ir::Limits::kUnlimited));
}

// Nothing when the pool is not of the listener's protocol, as the API requires: it is not applied
// then. `Pool` is that of a node or of a gateway, which has none for tcp.
template <typename Pool>
std::optional<ir::Limits> ToLimits(const Pool& pool, ir::Protocol protocol) {
  ir::Limits limits;
  if (protocol == ir::Protocol::kHttp && pool.has_http()) {
    limits.connections = PoolSize(pool.http().max_connections());
    if (pool.http().has_max_pending_requests()) {
      limits.pending_requests = PoolSize(pool.http().max_pending_requests());
    }
    return limits;
  }
  if (protocol == ir::Protocol::kHttp2 && pool.has_http2()) {
    limits.requests = PoolSize(pool.http2().max_requests());
    return limits;
  }
  if (protocol == ir::Protocol::kGrpc && pool.has_grpc()) {
    limits.requests = PoolSize(pool.grpc().max_requests());
    return limits;
  }
  if constexpr (requires { pool.tcp(); }) {
    if (protocol == ir::Protocol::kTcp && pool.has_tcp()) {
      limits.connections = PoolSize(pool.tcp().max_connections());
      return limits;
    }
  }
  return std::nullopt;
}

}  // namespace chancery::compile
