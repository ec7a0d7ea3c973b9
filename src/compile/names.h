#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compile/ir.h"

// The names of everything a proxy is given (contract/envoy.md §3.1). They are made here and nowhere
// taken apart again: the parts may contain any character.
namespace chancery::compile::names {

std::string_view ProtocolName(ir::Protocol protocol);

std::string IngressListener(bool dual_stack, uint32_t port);
std::string EgressListener(bool dual_stack);
std::string IngressRoutes(ir::Protocol protocol, uint32_t port);
std::string EgressRoutes(ir::Protocol protocol, uint32_t port);

std::string IngressCluster(std::string_view mesh, std::string_view node, ir::Protocol protocol, uint32_t port);
std::string EgressCluster(std::string_view mesh, std::string_view node, ir::Protocol protocol, uint32_t port);
// A further cluster to the same listener, for clients with another TLS policy: `mark` comes after the node, so
// that protocol and port stay the last two parts, on which users' relabelling relies.
std::string MarkedEgressCluster(std::string_view mesh, std::string_view node, std::string_view mark,
                                ir::Protocol protocol, uint32_t port);
// `listener_port` only when the gateway has several listeners.
std::string SelfRedirectCluster(std::string_view mesh, std::string_view gateway, std::optional<uint32_t> listener_port,
                                ir::Protocol protocol);
std::string AmazonAwsCluster(std::string_view mesh);
std::string AllowAllCluster(std::string_view mesh);
// Our own: has no endpoints and answers 503 for targets that cannot be served.
std::string NotServedCluster(std::string_view mesh);

// "ingress", or "ingress.http.8080" when the resource has several listeners.
std::string IngressStatPrefix(bool several, ir::Protocol protocol, uint32_t port);

// The proxy's own, of its bootstrap: a secret agent on the same host (§1.6).
inline constexpr std::string_view kSecretAgentCluster = "static_cluster_sds_unix_socket";
inline constexpr std::string_view kEgressStatPrefix = "egress";
inline constexpr std::string_view kLocalServiceHost = "local_service";
inline constexpr std::string_view kSelfRedirectHost = "self_redirect";
inline constexpr std::string_view kDefaultBackendHost = "default_backend";
inline constexpr std::string_view kAllowAllHost = "mesh_allow_all";
inline constexpr std::string_view kVirtualServiceHeader = "x-app-mesh-virtual-service";

inline constexpr uint32_t kIngressPort = 15000;
inline constexpr uint32_t kEgressPort = 15001;

}  // namespace chancery::compile::names
