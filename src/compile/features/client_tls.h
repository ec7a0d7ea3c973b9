#pragma once

#include <chancery/model/virtual_gateway.pb.h>
#include <chancery/model/virtual_node.pb.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "compile/features/certificate_source.h"
#include "compile/features/server_tls.h"
#include "compile/ir.h"

// Whether and how a client originates TLS: the decision table of contract/envoy.md §2.8.
namespace chancery::compile {

// The client policy of a backend, or the default one of a node or a gateway.
struct ClientPolicy {
  // In the order in which policies are given the clusters' observed names: the most demanding first.
  enum class Kind : uint8_t { kEnforced, kNotEnforced, kNone };
  Kind kind = Kind::kNone;
  std::set<uint32_t> ports;  // those of targets that it is for; empty: all
  // Unless kNone.
  std::optional<ir::Validation> validation;
  std::optional<ir::Certificate> certificate;
  // Not empty when it asks for what cannot be served: no target that it applies to is reached.
  std::string not_served;

  bool AppliesTo(uint32_t target_port) const {
    return kind != Kind::kNone && (ports.empty() || ports.contains(target_port));
  }
};

// `Policy` is that of a node or of a gateway.
template <typename Policy>
ClientPolicy ToClientPolicy(const Policy& from) {
  ClientPolicy policy;
  if (!from.has_tls()) return policy;
  const auto& tls = from.tls();
  const bool enforced = !tls.has_enforce() || tls.enforce();
  policy.kind = enforced ? ClientPolicy::Kind::kEnforced : ClientPolicy::Kind::kNotEnforced;
  policy.ports.insert(tls.ports().begin(), tls.ports().end());
  policy.validation = ToValidation(tls.validation(), policy.not_served);
  if (tls.has_certificate()) policy.certificate = ToCertificate(tls.certificate(), policy.not_served);
  return policy;
}

// One listener of a virtual node, as its clients know it.
struct TlsTarget {
  uint32_t port = 0;
  ir::Protocol protocol = ir::Protocol::kHttp;
  const ServerTls& server;  // borrowed
  // The name by which the node is discovered: sent as SNI, and what its certificate is to carry when
  // the policy lists no names.
  std::string_view discovery_name;
};

// Nothing is plaintext. `why` is set, and nothing returned, when the target must not be reached: TLS
// is never replaced by less of it.
std::optional<ir::UpstreamTls> ToClientTls(const ClientPolicy& policy, const TlsTarget& target, std::string& why);

// Why no handshake of this client with this server can succeed; empty when one may.
std::string ContradictionOf(const std::optional<ir::UpstreamTls>& tls, const ServerTls& server);

// Tells clusters of one target and different TLS apart: "plaintext", or "tls-" and eight hexadecimal
// digits made of all that it says.
std::string MarkOf(const std::optional<ir::UpstreamTls>& tls);

}  // namespace chancery::compile
