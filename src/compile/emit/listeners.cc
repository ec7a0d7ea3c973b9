#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/access_loggers/file/v3/file.pb.h>
#include <envoy/extensions/filters/http/router/v3/router.pb.h>
#include <envoy/extensions/filters/listener/original_dst/v3/original_dst.pb.h>
#include <envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>

#include "compile/emit/emit.h"
#include "compile/emit/proto.h"
#include "compile/emit/tls.h"
#include "model/serialize.h"

namespace chancery::compile::emit {
namespace {

using envoy::config::listener::v3::Listener;
using envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
using envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy;
using EnvoyAccessLog = envoy::config::accesslog::v3::AccessLog;

EnvoyAccessLog ToProto(const ir::AccessLog& from) {
  envoy::extensions::access_loggers::file::v3::FileAccessLog file;
  file.set_path(from.path);
  if (const auto* text = std::get_if<std::string>(&from.format)) {
    file.mutable_log_format()->mutable_text_format_source()->set_inline_string(*text);
  } else if (const auto* json = std::get_if<std::map<std::string, std::string>>(&from.format)) {
    auto& fields = *file.mutable_log_format()->mutable_json_format()->mutable_fields();
    for (const auto& [key, value] : *json) fields[key].set_string_value(value);
  }
  EnvoyAccessLog log;
  log.set_name("envoy.access_loggers.file");
  *log.mutable_typed_config() = Pack(file);
  return log;
}

// The pieces common to every HTTP chain (contract/envoy.md §2.1).
HttpConnectionManager ToProto(const ir::HttpChain& from) {
  HttpConnectionManager manager;
  manager.set_stat_prefix(from.stat_prefix);
  manager.mutable_rds()->set_route_config_name(from.route_config);
  auto& source = *manager.mutable_rds()->mutable_config_source();
  source.mutable_ads();
  source.set_resource_api_version(envoy::config::core::v3::V3);
  auto& router = *manager.add_http_filters();
  router.set_name("envoy.filters.http.router");
  *router.mutable_typed_config() = Pack(envoy::extensions::filters::http::router::v3::Router());
  manager.mutable_tracing();
  if (from.websocket) {
    auto& upgrade = *manager.add_upgrade_configs();
    upgrade.set_upgrade_type("websocket");
    upgrade.mutable_enabled()->set_value(true);
  }
  manager.mutable_normalize_path()->set_value(true);
  manager.set_merge_slashes(true);
  manager.set_path_with_escaped_slashes_action(HttpConnectionManager::KEEP_UNCHANGED);
  return manager;
}

TcpProxy ToProto(const ir::TcpChain& from) {
  TcpProxy proxy;
  proxy.set_stat_prefix(from.stat_prefix);
  if (from.targets.size() == 1) {
    proxy.set_cluster(from.targets.front().cluster);
  } else {
    for (const ir::Target& target : from.targets) {
      auto& cluster = *proxy.mutable_weighted_clusters()->add_clusters();
      cluster.set_name(target.cluster);
      cluster.set_weight(target.weight);
    }
  }
  if (from.idle) *proxy.mutable_idle_timeout() = ToDuration(*from.idle);
  return proxy;
}

void AddRange(const char* address, envoy::config::listener::v3::FilterChainMatch& match) {
  auto& range = *match.add_prefix_ranges();
  range.set_address_prefix(address);
  range.mutable_prefix_len()->set_value(0);
}

void SetMatch(const ir::FilterChain& from, bool dual_stack, envoy::config::listener::v3::FilterChainMatch& match) {
  if (from.port) match.mutable_destination_port()->set_value(*from.port);
  if (from.any_address) AddRange("0.0.0.0", match);
  if (from.any_address && dual_stack) AddRange("::", match);
  for (const std::string& name : from.server_names) match.add_server_names(name);
  if (from.local_only) match.set_source_type(envoy::config::listener::v3::FilterChainMatch::SAME_IP_OR_LOOPBACK);
  if (from.transport == ir::FilterChain::Transport::kTls) match.set_transport_protocol("tls");
  if (from.transport == ir::FilterChain::Transport::kPlaintext) match.set_transport_protocol("raw_buffer");
}

void AddChain(const ir::Listener& listener, const ir::FilterChain& from, Listener& to) {
  auto& chain = *to.add_filter_chains();
  SetMatch(from, listener.dual_stack, *chain.mutable_filter_chain_match());
  if (from.tls) {
    chain.mutable_transport_socket()->set_name(kTlsSocket);
    *chain.mutable_transport_socket()->mutable_typed_config() = ToTlsContext(*from.tls);
  }
  auto& filter = *chain.add_filters();
  if (const auto* http = std::get_if<ir::HttpChain>(&from.filter)) {
    HttpConnectionManager manager = ToProto(*http);
    if (listener.access_log) *manager.add_access_log() = ToProto(*listener.access_log);
    filter.set_name("envoy.filters.network.http_connection_manager");
    *filter.mutable_typed_config() = Pack(manager);
  } else {
    TcpProxy proxy = ToProto(std::get<ir::TcpChain>(from.filter));
    if (listener.access_log) *proxy.add_access_log() = ToProto(*listener.access_log);
    filter.set_name("envoy.filters.network.tcp_proxy");
    *filter.mutable_typed_config() = Pack(proxy);
  }
}

// Connections to one of `ports`.
void SetPorts(const std::set<uint32_t>& ports, envoy::config::listener::v3::ListenerFilterChainMatchPredicate& to) {
  for (const uint32_t port : ports) {
    auto& rule = ports.size() == 1 ? to : *to.mutable_or_match()->add_rules();
    rule.mutable_destination_port_range()->set_start(static_cast<int32_t>(port));
    rule.mutable_destination_port_range()->set_end(static_cast<int32_t>(port) + 1);
  }
}

void AddListenerFilters(const ir::Listener& from, Listener& to) {
  if (from.original_dst) {
    auto& filter = *to.add_listener_filters();
    filter.set_name("envoy.filters.listener.original_dst");
    *filter.mutable_typed_config() = Pack(envoy::extensions::filters::listener::original_dst::v3::OriginalDst());
  }
  if (!from.inspect_all && from.inspect_ports.empty()) return;
  auto& filter = *to.add_listener_filters();
  filter.set_name("envoy.filters.listener.tls_inspector");
  *filter.mutable_typed_config() = Pack(envoy::extensions::filters::listener::tls_inspector::v3::TlsInspector());
  if (!from.inspect_all) SetPorts(from.inspect_ports, *filter.mutable_filter_disabled()->mutable_not_match());
}

std::vector<std::string> ClustersOf(const ir::Listener& listener) {
  std::vector<std::string> clusters;
  for (const ir::FilterChain& chain : listener.chains) {
    const auto* tcp = std::get_if<ir::TcpChain>(&chain.filter);
    if (tcp == nullptr) continue;
    for (const ir::Target& target : tcp->targets) clusters.push_back(target.cluster);
  }
  return clusters;
}

std::vector<uint32_t> PortsOf(const ir::Listener& listener) {
  std::set<uint32_t> ports;
  for (const ir::FilterChain& chain : listener.chains) {
    if (chain.port && !chain.intercepted_only) ports.insert(*chain.port);
  }
  return {ports.begin(), ports.end()};
}

std::vector<std::string> RoutesOf(const ir::Listener& listener) {
  std::vector<std::string> routes;
  for (const ir::FilterChain& chain : listener.chains) {
    if (const auto* http = std::get_if<ir::HttpChain>(&chain.filter)) routes.push_back(http->route_config);
  }
  return routes;
}

}  // namespace

FragmentPtr EmitListener(const ir::Listener& from) {
  Listener listener;
  listener.set_name(from.name);
  auto& address = *listener.mutable_address()->mutable_socket_address();
  address.set_address(from.dual_stack ? "::" : "0.0.0.0");
  address.set_ipv4_compat(from.dual_stack);
  address.set_port_value(from.port);
  listener.set_traffic_direction(from.inbound ? envoy::config::core::v3::INBOUND : envoy::config::core::v3::OUTBOUND);
  auto& metadata = (*listener.mutable_metadata()->mutable_filter_metadata())[kStatsMetadata];
  (*metadata.mutable_fields())["config"].set_string_value(StatsTags("", ""));
  AddListenerFilters(from, listener);
  if (from.inspect_timeout) {
    *listener.mutable_listener_filters_timeout() = ToDuration(*from.inspect_timeout);
    listener.set_continue_on_listener_filters_timeout(true);
  }
  for (const ir::FilterChain& chain : from.chains) AddChain(from, chain, listener);
  return MakeFragment(
      FragmentType::kListener, from.name, model::SerializeSorted(listener),
      {.clusters = ClustersOf(from), .routes = RoutesOf(from), .ports = PortsOf(from), .slots = from.slots});
}

}  // namespace chancery::compile::emit
