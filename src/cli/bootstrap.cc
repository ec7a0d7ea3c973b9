#include "cli/bootstrap.h"

#include <envoy/config/bootstrap/v3/bootstrap.pb.h>
#include <envoy/extensions/access_loggers/file/v3/file.pb.h>
#include <envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver.pb.h>
#include <envoy/extensions/upstreams/http/v3/http_protocol_options.pb.h>
#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <array>
#include <memory>
#include <utility>

#include "base/address.h"
#include "cli/parse.h"
#include "model/resource.h"
#include "model/serialize.h"

namespace chancery::cli {
namespace {

namespace core = envoy::config::core::v3;
using envoy::config::bootstrap::v3::Bootstrap;
using envoy::config::cluster::v3::Cluster;

constexpr std::string_view kXdsCluster = "ads";
constexpr std::string_view kSdsCluster = "static_cluster_sds_unix_socket";

base::Error Missing(std::string_view what) {
  return {base::Code::kBadRequest, fmt::format("{} is required", what), {}};
}

std::string ToHostPort(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", endpoint.host, endpoint.port) : fmt::format("{}:{}", endpoint.host, endpoint.port);
}

void ToAddress(const Endpoint& endpoint, core::Address& address) {
  if (!endpoint.pipe.empty()) {
    address.mutable_pipe()->set_path(endpoint.pipe);
    return;
  }
  address.mutable_socket_address()->set_address(endpoint.host);
  address.mutable_socket_address()->set_port_value(endpoint.port);
}

// The resource that `arn` names; only nodes and gateways have proxies (§1.1).
base::Result<model::ResourceKey> ParseProxyResource(const std::string& arn) {
  base::Result<model::ResourceKey> key = Missing("");
  if (arn.starts_with("arn:")) {
    auto parsed = model::ParseArn(arn);
    key = parsed ? base::Result<model::ResourceKey>(parsed->key) : parsed.error();
  } else {
    // The owner of a bare path is the server's to say.
    key = model::ParseResourcePath(arn, "000000000000");
  }
  if (!key) return base::Error{key.error().code, fmt::format("--resource-arn: {}", key.error().message), {}};
  if (key->kind != model::Kind::kVirtualNode && key->kind != model::Kind::kVirtualGateway) {
    return base::Error{base::Code::kBadRequest,
                       fmt::format("--resource-arn: '{}' is neither a virtual node nor a virtual gateway", arn),
                       {}};
  }
  return key;
}

void SetText(google::protobuf::Struct& object, const std::string& name, const std::string& value) {
  if (!value.empty()) (*object.mutable_fields())[name].set_string_value(value);
}

void SetNode(const BootstrapOptions& options, core::Node& node) {
  node.set_id(options.resource_arn);
  node.set_cluster(options.cluster.empty() ? options.resource_arn : options.cluster);
  google::protobuf::Struct bind;
  SetText(bind, "ingress", options.bind.ingress);
  SetText(bind, "egress", options.bind.egress);
  SetText(bind, "application", options.bind.application);
  if (bind.fields_size() > 0) {
    *(*node.mutable_metadata()->mutable_fields())["chancery.bind"].mutable_struct_value() = std::move(bind);
  }
  if (options.k8s_platform.empty()) return;
  auto* platform = (*node.mutable_metadata()->mutable_fields())["aws.appmesh.platformInfo"].mutable_struct_value();
  auto* k8s = (*platform->mutable_fields())["k8sPlatformInfo"].mutable_struct_value();
  for (const auto& [name, value] : options.k8s_platform) SetText(*k8s, name, value);
}

void SetAdmin(const BootstrapOptions& options, envoy::config::bootstrap::v3::Admin& admin) {
  ToAddress(options.admin, *admin.mutable_address());
  if (!options.admin.pipe.empty()) admin.mutable_address()->mutable_pipe()->set_mode(0600);
  if (options.admin_ipv4_compat && options.admin.pipe.empty()) {
    admin.mutable_address()->mutable_socket_address()->set_ipv4_compat(true);
  }
  envoy::extensions::access_loggers::file::v3::FileAccessLog file;
  file.set_path(options.admin_access_log);
  auto* log = admin.add_access_log();
  log->set_name("envoy.access_loggers.file");
  log->mutable_typed_config()->PackFrom(file);
}

// How long a proxy waits at most before it asks again after its stream ended. Envoy's own limit is
// 30 s, gRPC's two minutes, and an answer that is silence, because nothing changed, resets neither:
// proxies would find a restarted control plane late.
constexpr int kMaxReconnectSeconds = 5;

void SetReconnect(core::GrpcService& service) {
  auto& backoff = *service.mutable_retry_policy()->mutable_retry_back_off();
  backoff.mutable_base_interval()->set_nanos(500'000'000);
  backoff.mutable_max_interval()->set_seconds(kMaxReconnectSeconds);
}

// The keepalive of the App Mesh image.
void SetChannelArgs(core::GrpcService::GoogleGrpc& service) {
  constexpr std::array<std::pair<std::string_view, int>, 4> kArgs = {
      {{"grpc.http2.max_pings_without_data", 0},
       {"grpc.keepalive_time_ms", 10'000},
       {"grpc.keepalive_timeout_ms", 20'000},
       {"grpc.max_reconnect_backoff_ms", kMaxReconnectSeconds * 1000}}};
  for (const auto& [name, value] : kArgs) {
    (*service.mutable_channel_args()->mutable_args())[std::string(name)].set_int_value(value);
  }
}

void SetHttp2(Cluster& cluster, bool keepalive) {
  envoy::extensions::upstreams::http::v3::HttpProtocolOptions http;
  auto* http2 = http.mutable_explicit_http_config()->mutable_http2_protocol_options();
  if (keepalive) {
    http2->mutable_connection_keepalive()->mutable_interval()->set_seconds(10);
    http2->mutable_connection_keepalive()->mutable_timeout()->set_seconds(20);
  }
  (*cluster.mutable_typed_extension_protocol_options())["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]
      .PackFrom(http);
}

void AddStaticCluster(std::string_view name, const Endpoint& endpoint, bool keepalive, Bootstrap& bootstrap) {
  Cluster& cluster = *bootstrap.mutable_static_resources()->add_clusters();
  cluster.set_name(std::string(name));
  const bool is_name = endpoint.pipe.empty() && !base::IsIpAddress(endpoint.host);
  cluster.set_type(is_name ? Cluster::STRICT_DNS : Cluster::STATIC);
  cluster.mutable_connect_timeout()->set_seconds(1);
  cluster.mutable_load_assignment()->set_cluster_name(std::string(name));
  auto* lb_endpoint = cluster.mutable_load_assignment()->add_endpoints()->add_lb_endpoints();
  ToAddress(endpoint, *lb_endpoint->mutable_endpoint()->mutable_address());
  SetHttp2(cluster, keepalive);
}

// One config source for CDS and LDS: ADS.
void SetAdsSource(const BootstrapOptions& options, core::ConfigSource& source) {
  source.mutable_ads();
  source.mutable_initial_fetch_timeout()->set_seconds(options.initial_fetch_timeout.count());
  source.set_resource_api_version(core::V3);
}

void SetAds(const BootstrapOptions& options, Bootstrap& bootstrap) {
  auto& dynamic = *bootstrap.mutable_dynamic_resources();
  SetAdsSource(options, *dynamic.mutable_lds_config());
  SetAdsSource(options, *dynamic.mutable_cds_config());
  auto& ads = *dynamic.mutable_ads_config();
  ads.set_api_type(core::ApiConfigSource::GRPC);
  ads.set_transport_api_version(core::V3);
  // Otherwise each ACK repeats the node, 50 to 60 kB (contract/xds.md 26).
  ads.set_set_node_on_first_message_only(true);
  auto& service = *ads.add_grpc_services();
  SetReconnect(service);
  if (options.xds_grpc == XdsGrpc::kEnvoy) {
    service.mutable_envoy_grpc()->set_cluster_name(std::string(kXdsCluster));
    AddStaticCluster(kXdsCluster, *options.xds, true, bootstrap);
    SetAccess(options, *bootstrap.mutable_static_resources()->mutable_clusters()->rbegin());
    return;
  }
  auto& google = *service.mutable_google_grpc();
  google.set_target_uri(options.xds->pipe.empty() ? ToHostPort(*options.xds) : "unix://" + options.xds->pipe);
  google.set_stat_prefix("ads");
  SetChannelArgs(google);
  SetAccess(options, google);
}

void SetRuntime(const BootstrapOptions& options, Bootstrap& bootstrap) {
  auto& layer = *bootstrap.mutable_layered_runtime()->add_layers();
  layer.set_name("static_layer_0");
  auto& fields = *layer.mutable_static_layer()->mutable_fields();
  fields["re2.max_program_size.error_level"].set_number_value(1000);
  if (options.max_requests_per_io_cycle) {
    fields["http.max_requests_per_io_cycle"].set_number_value(*options.max_requests_per_io_cycle);
  }
  auto& admin = *bootstrap.mutable_layered_runtime()->add_layers();
  admin.set_name("admin_layer");
  admin.mutable_admin_layer();
}

// Anchored at the start of the name: the image's own forms cost a backtracking search over every
// stat name, seconds of CPU at start (contract/envoy.md §1.5). Same labels, no cost.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kTagPatterns = {{
    {"appmesh.listener_protocol", R"(^http\.ingress\.((\w+)\.)[0-9]+\.)"},
    {"appmesh.listener_protocol", R"(^tcp\.ingress\.((\w+)\.)[0-9]+\.)"},
    {"appmesh.listener_protocol", R"(^listener\.[0-9a-f.:_\[\]]+\.http\.ingress\.((\w+)\.)[0-9]+\.)"},
    {"appmesh.listener_port", R"(^http\.ingress\.\w+\.(([0-9]+)\.))"},
    {"appmesh.listener_port", R"(^tcp\.ingress\.\w+\.(([0-9]+)\.))"},
    {"appmesh.listener_port", R"(^listener\.[0-9a-f.:_\[\]]+\.http\.ingress\.\w+\.(([0-9]+)\.))"},
    {"envoy_rds_route_config", R"(^http\.ingress\.\w+\.[0-9]+\.rds\.(([^.]+)\.))"},
}};

void SetStats(const BootstrapOptions& options, const model::ResourceKey& key, Bootstrap& bootstrap) {
  auto add = [&](std::string_view name) {
    auto* tag = bootstrap.mutable_stats_config()->add_stats_tags();
    tag->set_tag_name(std::string(name));
    return tag;
  };
  if (options.stats_tags) {
    const bool node = key.kind == model::Kind::kVirtualNode;
    add("appmesh.mesh")->set_fixed_value(key.mesh.name);
    add(node ? "appmesh.virtual_node" : "appmesh.virtual_gateway")->set_fixed_value(key.name);
  }
  for (const auto& [name, regex] : kTagPatterns) add(name)->set_regex(std::string(regex));
  if (options.stats_flush_interval) {
    const int64_t millis = options.stats_flush_interval->count();
    bootstrap.mutable_stats_flush_interval()->set_seconds(millis / 1000);
    bootstrap.mutable_stats_flush_interval()->set_nanos(static_cast<int>(millis % 1000) * 1'000'000);
  }
}

void SetDnsResolver(const Endpoint& resolver, Bootstrap& bootstrap) {
  envoy::extensions::network::dns_resolver::cares::v3::CaresDnsResolverConfig cares;
  ToAddress(resolver, *cares.add_resolvers());
  auto& extension = *bootstrap.mutable_typed_dns_resolver_config();
  extension.set_name("envoy.network.dns_resolver.cares");
  extension.mutable_typed_config()->PackFrom(cares);
}

base::Result<std::string> ToJson(const Bootstrap& bootstrap) {
  const std::unique_ptr<google::protobuf::util::TypeResolver> resolver(
      google::protobuf::util::NewTypeResolverForDescriptorPool("type.googleapis.com",
                                                               google::protobuf::DescriptorPool::generated_pool()));
  google::protobuf::util::JsonPrintOptions print;
  print.add_whitespace = true;
  print.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::BinaryToJsonString(
      resolver.get(), "type.googleapis.com/" + bootstrap.GetDescriptor()->full_name(),
      model::SerializeSorted(bootstrap), &json, print);
  if (!status.ok()) return base::Error{base::Code::kInternal, status.ToString(), {}};
  return json;
}

}  // namespace

base::Result<std::string> MakeBootstrap(const BootstrapOptions& options) {
  if (options.resource_arn.empty()) return Missing("--resource-arn (or APPMESH_RESOURCE_ARN)");
  if (!options.xds) return Missing("--xds (or APPMESH_XDS_ENDPOINT)");
  CHANCERY_RETURN_IF_ERROR(CheckXdsAccess(options));
  auto key = ParseProxyResource(options.resource_arn);
  if (!key) return key.error();
  Bootstrap bootstrap;
  SetNode(options, *bootstrap.mutable_node());
  SetAdmin(options, *bootstrap.mutable_admin());
  SetAds(options, bootstrap);
  if (!options.sds_socket.empty()) AddStaticCluster(kSdsCluster, {"", 0, options.sds_socket}, false, bootstrap);
  bootstrap.mutable_cluster_manager()->mutable_outlier_detection()->set_event_log_path(options.outlier_event_log);
  SetRuntime(options, bootstrap);
  SetStats(options, *key, bootstrap);
  if (options.dns_resolver) SetDnsResolver(*options.dns_resolver, bootstrap);
  return ToJson(bootstrap);
}

}  // namespace chancery::cli
