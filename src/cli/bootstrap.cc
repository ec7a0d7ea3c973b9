#include "cli/bootstrap.h"

#include <envoy/config/bootstrap/v3/bootstrap.pb.h>
#include <envoy/extensions/access_loggers/file/v3/file.pb.h>
#include <envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver.pb.h>
#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <array>
#include <memory>
#include <utility>

#include "base/address.h"
#include "cli/static_cluster.h"
#include "model/resource.h"
#include "model/serialize.h"

namespace chancery::cli {
namespace {

namespace core = envoy::config::core::v3;
using envoy::config::bootstrap::v3::Bootstrap;

constexpr std::string_view kXdsCluster = "ads";
constexpr std::string_view kSdsCluster = "static_cluster_sds_unix_socket";

base::Error Missing(std::string_view what) {
  return {base::Code::kBadRequest, fmt::format("{} is required", what), {}};
}

// As a URI has it: an IPv6 address in brackets.
std::string ToUriHost(const std::string& host) {
  return host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
}

std::string ToHostPort(const Endpoint& endpoint) {
  return fmt::format("{}:{}", ToUriHost(endpoint.host), endpoint.port);
}

// The resource that `arn` names; only nodes and gateways have proxies, and what follows the name is ignored (§1.1).
base::Result<model::ResourceKey> ParseProxyResource(const std::string& arn) {
  // The owner of a bare path is the server's to say.
  constexpr std::string_view kAnyAccount = "000000000000";
  if (auto id = model::ParseNodeId(arn, kAnyAccount)) return id->key;
  // Why not.
  base::Result<model::ResourceKey> key = Missing("");
  if (arn.starts_with("arn:")) {
    auto parsed = model::ParseArn(arn);
    key = parsed ? base::Result<model::ResourceKey>(parsed->key) : parsed.error();
  } else {
    key = model::ParseResourcePath(arn, kAnyAccount);
  }
  if (!key) return base::Error{key.error().code, fmt::format("--resource-arn: {}", key.error().message), {}};
  return base::Error{base::Code::kBadRequest,
                     fmt::format("--resource-arn: '{}' is neither a virtual node nor a virtual gateway", arn),
                     {}};
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
  SetPlatform(options.platform, node);
}

void SetAdmin(const BootstrapOptions& options, envoy::config::bootstrap::v3::Admin& admin) {
  SetAddress(options.admin, *admin.mutable_address());
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
  SetAccess(options, service);
  if (options.xds_grpc == XdsGrpc::kEnvoy) {
    service.mutable_envoy_grpc()->set_cluster_name(std::string(kXdsCluster));
    // Else Envoy takes the cluster's name, which no front of the control plane knows (contract/envoy.md §7.4).
    if (options.xds->pipe.empty()) service.mutable_envoy_grpc()->set_authority(ToUriHost(options.xds->host));
    AddStaticCluster(kXdsCluster, *options.xds, ClusterProtocol::kHttp2Keepalive, bootstrap);
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

void SetDnsResolver(const Endpoint& resolver, Bootstrap& bootstrap) {
  envoy::extensions::network::dns_resolver::cares::v3::CaresDnsResolverConfig cares;
  SetAddress(resolver, *cares.add_resolvers());
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

base::Status ReadFiles(BootstrapOptions& options) {
  for (ConfigFile* file :
       {&options.files.tracing, &options.files.stats, &options.files.sinks, &options.files.resources}) {
    if (file->path.empty()) continue;
    CHANCERY_RETURN_IF_ERROR(Assign(file->text, ReadConfigFile(file->variable, file->path)));
  }
  TracingOptions& tracing = options.tracing;
  if (tracing.xray_manifest_file.empty() || !tracing.xray) return base::Status::Ok();
  constexpr std::string_view kManifest = "XRAY_SAMPLING_RULE_MANIFEST";
  CHANCERY_RETURN_IF_ERROR(
      Assign(tracing.xray_manifest, ReadConfigFile(std::string(kManifest), tracing.xray_manifest_file)));
  auto checked = CheckSamplingManifest(tracing.xray_manifest);
  if (checked) return checked;
  return base::Error{base::Code::kBadRequest,
                     fmt::format("{}: {} {}", kManifest, tracing.xray_manifest_file, checked.error().message),
                     {}};
}

base::Result<std::string> MakeBootstrap(const BootstrapOptions& options, std::vector<std::string>& warnings) {
  if (options.resource_arn.empty()) return Missing("--resource-arn (or APPMESH_RESOURCE_ARN)");
  if (!options.xds) return Missing("--xds (or APPMESH_XDS_ENDPOINT)");
  CHANCERY_RETURN_IF_ERROR(CheckXdsAccess(options));
  auto key = ParseProxyResource(options.resource_arn);
  if (!key) return key.error();
  Bootstrap bootstrap;
  SetNode(options, *bootstrap.mutable_node());
  SetAdmin(options, *bootstrap.mutable_admin());
  SetAds(options, bootstrap);
  if (!options.sds_socket.empty()) {
    AddStaticCluster(kSdsCluster, {"", 0, options.sds_socket}, ClusterProtocol::kHttp2, bootstrap);
  }
  bootstrap.mutable_cluster_manager()->mutable_outlier_detection()->set_event_log_path(options.outlier_event_log);
  SetRuntime(options, bootstrap);
  if (options.files.tracing.path.empty()) CHANCERY_RETURN_IF_ERROR(AddTracing(options.tracing, *key, bootstrap));
  if (options.files.stats.path.empty()) AddStatsTags(options.stats, *key, bootstrap);
  if (options.files.sinks.path.empty()) AddStatsSinks(options.stats, bootstrap);
  SetFlushInterval(options.stats, bootstrap);
  if (options.dns_resolver) SetDnsResolver(*options.dns_resolver, bootstrap);
  auto text = ToJson(bootstrap);
  return text ? MergeFiles(*text, options.files, warnings) : text;
}

}  // namespace chancery::cli
