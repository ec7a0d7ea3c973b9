#pragma once

#include <chancery/model/virtual_gateway.pb.h>
#include <chancery/model/virtual_node.pb.h>

#include <cstdint>
#include <set>

#include "compile/ir.h"

// Whether a client has to originate TLS (the decision table of contract/envoy.md §2.8). TLS is not
// served yet: a target for which the answer is yes gets no traffic rather than plaintext.
namespace chancery::compile {

struct ClientTls {
  bool present = false;
  bool enforce = true;
  std::set<uint32_t> ports;  // empty: all

  bool Requires(uint32_t target_port, bool server_has_tls) const {
    const bool applies = present && (ports.empty() || ports.contains(target_port));
    return server_has_tls || (applies && enforce);
  }
};

// `Policy` is the client policy of a backend, or the default one of a node or a gateway.
template <typename Policy>
ClientTls ToClientTls(const Policy& policy) {
  ClientTls tls;
  tls.present = policy.has_tls();
  tls.enforce = !policy.tls().has_enforce() || policy.tls().enforce();
  tls.ports.insert(policy.tls().ports().begin(), policy.tls().ports().end());
  return tls;
}

// Anything but a plain DISABLED. `Listener` is that of a node or of a gateway.
template <typename Listener>
bool HasServerTls(const Listener& listener) {
  constexpr int kDisabled = chancery::model::LISTENER_TLS_MODE_DISABLED;
  static_assert(kDisabled == int{chancery::model::VIRTUAL_GATEWAY_LISTENER_TLS_MODE_DISABLED});
  return listener.has_tls() && static_cast<int>(listener.tls().mode()) != kDisabled;
}

}  // namespace chancery::compile
