#include "compile/testing/simulation/known_fields.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string_view>

#include "compile/testing/validate_rules.h"

namespace chancery::compile::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The members that the simulation heeds, or that take no part in where a call goes.
const std::map<std::string_view, std::set<std::string_view>>& Known() {
  static const std::map<std::string_view, std::set<std::string_view>> known = {
      {"envoy.config.listener.v3.Listener",
       {"name", "address", "filter_chains", "listener_filters", "metadata", "traffic_direction",
        "continue_on_listener_filters_timeout", "listener_filters_timeout"}},
      {"envoy.config.listener.v3.ListenerFilter", {"name", "typed_config", "filter_disabled"}},
      {"envoy.config.listener.v3.ListenerFilterChainMatchPredicate",
       {"or_match", "and_match", "not_match", "any_match", "destination_port_range"}},
      {"envoy.config.listener.v3.FilterChain", {"filter_chain_match", "filters", "transport_socket", "name"}},
      // Calls are made on the proxy's own host: every source type is theirs.
      {"envoy.config.listener.v3.FilterChainMatch",
       {"destination_port", "prefix_ranges", "server_names", "transport_protocol", "application_protocols",
        "source_type"}},
      {"envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
       {"stat_prefix", "rds", "http_filters", "tracing", "upgrade_configs", "normalize_path", "merge_slashes",
        "path_with_escaped_slashes_action", "access_log", "codec_type", "stream_idle_timeout",
        "common_http_protocol_options"}},
      {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
       {"stat_prefix", "cluster", "weighted_clusters", "idle_timeout", "access_log"}},
      {"envoy.config.route.v3.RouteConfiguration", {"name", "virtual_hosts"}},
      {"envoy.config.route.v3.VirtualHost", {"name", "domains", "routes", "virtual_clusters"}},
      {"envoy.config.route.v3.Route",
       {"match", "route", "direct_response", "metadata", "request_headers_to_add", "request_headers_to_remove",
        "response_headers_to_remove", "name"}},
      {"envoy.config.route.v3.RouteMatch", {"prefix", "path", "safe_regex", "headers", "query_parameters", "grpc"}},
      {"envoy.config.route.v3.RouteAction",
       {"cluster", "weighted_clusters", "prefix_rewrite", "regex_rewrite", "host_rewrite_literal", "timeout",
        "idle_timeout", "retry_policy"}},
      {"envoy.config.route.v3.WeightedCluster", {"clusters"}},
      {"envoy.config.route.v3.WeightedCluster.ClusterWeight", {"name", "weight"}},
      {"envoy.config.route.v3.HeaderMatcher", {"name", "string_match", "range_match", "present_match", "invert_match"}},
      {"envoy.config.route.v3.QueryParameterMatcher", {"name", "string_match", "present_match"}},
      {"envoy.type.matcher.v3.StringMatcher", {"exact", "prefix", "suffix", "contains", "safe_regex", "ignore_case"}},
      {"envoy.type.matcher.v3.RegexMatcher", {"regex"}},
      {"envoy.config.core.v3.HeaderValueOption", {"header", "append_action"}},
  };
  return known;
}

void Walk(const Message& message, std::set<std::string>& unknown) {
  if (const auto* any = dynamic_cast<const google::protobuf::Any*>(&message)) {
    if (const auto inner = ParseEnvoy(any->type_url(), any->value())) Walk(*inner, unknown);
    return;
  }
  const std::string& type = message.GetDescriptor()->full_name();
  const auto known = Known().find(type);
  std::vector<const FieldDescriptor*> fields;
  const auto& reflection = *message.GetReflection();
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (known != Known().end() && !known->second.contains(field->name())) unknown.insert(type + "." + field->name());
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    if (!field->is_repeated()) {
      Walk(reflection.GetMessage(message, field), unknown);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      Walk(reflection.GetRepeatedMessage(message, field, i), unknown);
    }
  }
}

}  // namespace

std::vector<std::string> FieldsNotSimulated(const ProxyConfig& config) {
  std::set<std::string> unknown;
  for (const FragmentPtr& fragment : config.fragments) {
    if (fragment->type != FragmentType::kListener && fragment->type != FragmentType::kRoute) continue;
    if (const auto message = ParseEnvoy(TypeUrl(fragment->type), fragment->bytes)) Walk(*message, unknown);
  }
  return {unknown.begin(), unknown.end()};
}

}  // namespace chancery::compile::testing
