#include "compile/names.h"

#include <fmt/format.h>

namespace chancery::compile::names {
namespace {

std::string_view BindAddress(bool dual_stack) { return dual_stack ? "::" : "0.0.0.0"; }

}  // namespace

std::string_view ProtocolName(ir::Protocol protocol) {
  switch (protocol) {
    case ir::Protocol::kHttp:
      return "http";
    case ir::Protocol::kHttp2:
      return "http2";
    case ir::Protocol::kGrpc:
      return "grpc";
    case ir::Protocol::kTcp:
      return "tcp";
  }
  return "";
}

std::string IngressListener(bool dual_stack, uint32_t port) {
  return fmt::format("lds_ingress_{}_{}", BindAddress(dual_stack), port);
}

std::string EgressListener(bool dual_stack) {
  return fmt::format("lds_egress_{}_{}", BindAddress(dual_stack), kEgressPort);
}

std::string IngressRoutes(ir::Protocol protocol, uint32_t port) {
  return fmt::format("rds_ingress_{}_{}", ProtocolName(protocol), port);
}

std::string EgressRoutes(ir::Protocol protocol, uint32_t port) {
  return fmt::format("rds_egress_{}_{}", ProtocolName(protocol), port);
}

std::string IngressCluster(std::string_view mesh, std::string_view node, ir::Protocol protocol, uint32_t port) {
  return fmt::format("cds_ingress_{}_{}_{}_{}", mesh, node, ProtocolName(protocol), port);
}

std::string EgressCluster(std::string_view mesh, std::string_view node, ir::Protocol protocol, uint32_t port) {
  return fmt::format("cds_egress_{}_{}_{}_{}", mesh, node, ProtocolName(protocol), port);
}

std::string MarkedEgressCluster(std::string_view mesh, std::string_view node, std::string_view mark,
                                ir::Protocol protocol, uint32_t port) {
  return fmt::format("cds_egress_{}_{}_{}_{}_{}", mesh, node, mark, ProtocolName(protocol), port);
}

std::string SelfRedirectCluster(std::string_view mesh, std::string_view gateway, std::optional<uint32_t> listener_port,
                                ir::Protocol protocol) {
  const std::string listener = listener_port ? fmt::format("{}_", *listener_port) : "";
  return fmt::format("cds_ingress_{}_{}_self_redirect_{}{}_{}", mesh, gateway, listener, ProtocolName(protocol),
                     kEgressPort);
}

std::string AmazonAwsCluster(std::string_view mesh) { return fmt::format("cds_egress_{}_amazonaws", mesh); }

std::string AllowAllCluster(std::string_view mesh) { return fmt::format("cds_egress_{}_mesh-allow-all", mesh); }

std::string NotServedCluster(std::string_view mesh) { return fmt::format("cds_egress_{}_not-served", mesh); }

std::string IngressStatPrefix(bool several, ir::Protocol protocol, uint32_t port) {
  return several ? fmt::format("ingress.{}.{}", ProtocolName(protocol), port) : "ingress";
}

}  // namespace chancery::compile::names
