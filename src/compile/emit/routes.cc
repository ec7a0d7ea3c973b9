#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.pb.h>

#include "compile/emit/emit.h"
#include "compile/emit/proto.h"
#include "model/serialize.h"

namespace chancery::compile::emit {
namespace {

namespace v3 = envoy::config::route::v3;

void SetString(const ir::StringMatch& from, envoy::type::matcher::v3::StringMatcher& to) {
  switch (from.kind) {
    case ir::StringMatch::Kind::kExact:
      return to.set_exact(from.value);
    case ir::StringMatch::Kind::kPrefix:
      return to.set_prefix(from.value);
    case ir::StringMatch::Kind::kSuffix:
      return to.set_suffix(from.value);
    case ir::StringMatch::Kind::kRegex:
      return to.mutable_safe_regex()->set_regex(from.value);
  }
}

void SetHeader(const ir::HeaderMatch& from, v3::HeaderMatcher& to) {
  to.set_name(from.name);
  to.set_invert_match(from.invert);
  if (const auto* text = std::get_if<ir::StringMatch>(&from.value)) {
    SetString(*text, *to.mutable_string_match());
  } else if (const auto* range = std::get_if<ir::RangeMatch>(&from.value)) {
    to.mutable_range_match()->set_start(range->start);
    to.mutable_range_match()->set_end(range->end);
  } else {
    to.set_present_match(true);
  }
}

void SetMatch(const ir::RouteMatch& from, v3::RouteMatch& to) {
  switch (from.kind) {
    case ir::RouteMatch::Path::kPrefix:
      to.set_prefix(from.path);
      break;
    case ir::RouteMatch::Path::kExact:
      to.set_path(from.path);
      break;
    case ir::RouteMatch::Path::kRegex:
      to.mutable_safe_regex()->set_regex(from.path);
      break;
  }
  for (const ir::HeaderMatch& header : from.headers) SetHeader(header, *to.add_headers());
  for (const ir::QueryMatch& query : from.query) {
    auto& parameter = *to.add_query_parameters();
    parameter.set_name(query.name);
    if (query.exact) {
      parameter.mutable_string_match()->set_exact(*query.exact);
    } else {
      parameter.set_present_match(true);
    }
  }
  if (from.grpc) to.mutable_grpc();
}

void SetRetry(const ir::Retry& from, v3::RetryPolicy& to) {
  to.set_retry_on(from.retry_on);
  to.mutable_num_retries()->set_value(from.num_retries);
  if (from.per_try_timeout) *to.mutable_per_try_timeout() = ToDuration(*from.per_try_timeout);
  for (const uint32_t code : from.status_codes) to.add_retriable_status_codes(code);
  auto& predicate = *to.add_retry_host_predicate();
  predicate.set_name("envoy.retry_host_predicates.previous_hosts");
  *predicate.mutable_typed_config() =
      Pack(envoy::extensions::retry::host::previous_hosts::v3::PreviousHostsPredicate());
  to.set_host_selection_retry_max_attempts(5);
}

void SetAction(const ir::Route& from, v3::RouteAction& to) {
  if (const auto* single = std::get_if<ir::ToCluster>(&from.action)) {
    to.set_cluster(single->cluster);
  } else {
    for (const ir::Target& target : std::get<ir::Split>(from.action).targets) {
      auto& cluster = *to.mutable_weighted_clusters()->add_clusters();
      cluster.set_name(target.cluster);
      cluster.mutable_weight()->set_value(target.weight);
    }
  }
  if (from.prefix_rewrite) to.set_prefix_rewrite(*from.prefix_rewrite);
  if (from.host_rewrite) to.set_host_rewrite_literal(*from.host_rewrite);
  if (from.timeouts.request) *to.mutable_timeout() = ToDuration(*from.timeouts.request);
  if (from.timeouts.idle) *to.mutable_idle_timeout() = ToDuration(*from.timeouts.idle);
  if (from.retry) SetRetry(*from.retry, *to.mutable_retry_policy());
}

void SetRoute(const ir::Route& from, v3::Route& to) {
  SetMatch(from.match, *to.mutable_match());
  if (const auto* answer = std::get_if<ir::Answer>(&from.action)) {
    to.mutable_direct_response()->set_status(answer->status);
  } else {
    SetAction(from, *to.mutable_route());
  }
  if (from.target_service) {
    auto& metadata = (*to.mutable_metadata()->mutable_filter_metadata())[kStatsMetadata];
    (*metadata.mutable_fields())["config"].set_string_value(StatsTags("TargetVirtualService", *from.target_service));
  }
  for (const auto& [name, value] : from.set_headers) {
    auto& option = *to.add_request_headers_to_add();
    option.mutable_header()->set_key(name);
    option.mutable_header()->set_value(value);
    // Beside a value of the client's own, the client would choose (contract/envoy.md §2.7).
    option.set_append_action(envoy::config::core::v3::HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD);
  }
  for (const std::string& name : from.remove_request_headers) to.add_request_headers_to_remove(name);
  for (const std::string& name : from.remove_response_headers) to.add_response_headers_to_remove(name);
}

// No request has this path; Envoy then counts all of them as vcluster.other (contract/envoy.md §3.2).
void AddVirtualCluster(v3::VirtualHost& to) {
  auto& cluster = *to.add_virtual_clusters();
  cluster.set_name("none");
  auto& path = *cluster.add_headers();
  path.set_name(":path");
  path.mutable_string_match()->set_exact("/.chancery-none");
}

void AddClusters(const ir::Route& route, std::vector<std::string>& clusters) {
  if (const auto* single = std::get_if<ir::ToCluster>(&route.action)) clusters.push_back(single->cluster);
  if (const auto* split = std::get_if<ir::Split>(&route.action)) {
    for (const ir::Target& target : split->targets) clusters.push_back(target.cluster);
  }
}

}  // namespace

FragmentPtr EmitRoutes(const ir::RouteConfig& from) {
  v3::RouteConfiguration config;
  std::vector<std::string> clusters;
  config.set_name(from.name);
  for (const ir::VirtualHost& host : from.hosts) {
    auto& to = *config.add_virtual_hosts();
    to.set_name(host.name);
    for (const std::string& domain : host.domains) to.add_domains(domain);
    if (host.virtual_cluster) AddVirtualCluster(to);
    for (const ir::Route& route : host.routes) {
      SetRoute(route, *to.add_routes());
      AddClusters(route, clusters);
    }
  }
  return MakeFragment(FragmentType::kRoute, from.name, model::SerializeSorted(config),
                      {.clusters = std::move(clusters)});
}

}  // namespace chancery::compile::emit
