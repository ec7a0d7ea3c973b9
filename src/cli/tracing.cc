#include "cli/tracing.h"

#include <envoy/config/bootstrap/v3/bootstrap.pb.h>
#include <envoy/config/trace/v3/datadog.pb.h>
#include <envoy/config/trace/v3/opentelemetry.pb.h>
#include <envoy/config/trace/v3/xray.pb.h>
#include <envoy/config/trace/v3/zipkin.pb.h>
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>

#include "cli/static_cluster.h"

namespace chancery::cli {
namespace {

namespace json = boost::json;
namespace trace = envoy::config::trace::v3;
using base::Code;
using base::Error;
using base::Status;
using envoy::config::bootstrap::v3::Bootstrap;

constexpr double kXrayDefaultRate = 0.05;

std::string Or(const std::string& name, const std::string& otherwise) { return name.empty() ? otherwise : name; }

std::string ServiceName(const model::ResourceKey& key) { return key.mesh.name + "/" + key.name; }

// The member is deprecated, and the only one that connection managers without a provider take.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
void SetTracer(std::string_view name, const google::protobuf::Message& config, Bootstrap& bootstrap) {
  auto& http = *bootstrap.mutable_tracing()->mutable_http();
  http.set_name(std::string(name));
  http.mutable_typed_config()->PackFrom(config);
}
#pragma GCC diagnostic pop

// One request each second, and this part of the others.
std::string ManifestOf(double rate) {
  const json::value manifest = {
      {"version", 2}, {"default", {{"fixed_target", 1}, {"rate", rate}}}, {"rules", json::array()}};
  return json::serialize(manifest);
}

void AddXray(const TracingOptions& options, const model::ResourceKey& key, Bootstrap& bootstrap) {
  trace::XRayConfig config;
  config.set_segment_name(Or(options.xray_segment, ServiceName(key)));
  auto& daemon = *config.mutable_daemon_endpoint();
  daemon.set_protocol(envoy::config::core::v3::SocketAddress::UDP);
  daemon.set_address(options.xray_daemon.host);
  daemon.set_port_value(options.xray_daemon.port);
  auto& fields = *config.mutable_segment_fields();
  fields.set_origin("AWS::AppMesh::Proxy");
  // Of gateways too: X-Ray knows no other member.
  auto& mesh = *(*fields.mutable_aws()->mutable_fields())["app_mesh"].mutable_struct_value()->mutable_fields();
  mesh["mesh_name"].set_string_value(key.mesh.name);
  mesh["virtual_node_name"].set_string_value(key.name);
  const double rate = std::round(options.xray_sampling_rate.value_or(kXrayDefaultRate) * 100) / 100;
  if (!options.xray_manifest.empty()) {
    config.mutable_sampling_rule_manifest()->set_inline_string(options.xray_manifest);
  } else if (rate != kXrayDefaultRate) {
    config.mutable_sampling_rule_manifest()->set_inline_string(ManifestOf(rate));
  }
  SetTracer("envoy.tracers.xray", config, bootstrap);
}

void AddDatadog(const TracingOptions& options, const model::ResourceKey& key, Bootstrap& bootstrap) {
  constexpr std::string_view kCluster = "datadog_agent";
  trace::DatadogConfig config;
  config.set_collector_cluster(std::string(kCluster));
  config.set_service_name(Or(options.datadog_service, "envoy-" + ServiceName(key)));
  SetTracer("envoy.tracers.datadog", config, bootstrap);
  AddStaticCluster(kCluster, options.datadog_agent, ClusterProtocol::kHttp1, bootstrap);
}

void AddJaeger(const TracingOptions& options, Bootstrap& bootstrap) {
  constexpr std::string_view kCluster = "jaeger";
  trace::ZipkinConfig config;
  config.set_collector_cluster(std::string(kCluster));
  config.set_collector_endpoint("/api/v2/spans");
  config.set_collector_endpoint_version(options.jaeger_json ? trace::ZipkinConfig::HTTP_JSON
                                                            : trace::ZipkinConfig::HTTP_PROTO);
  config.mutable_shared_span_context()->set_value(false);
  SetTracer("envoy.tracers.zipkin", config, bootstrap);
  AddStaticCluster(kCluster, options.jaeger_collector, ClusterProtocol::kHttp1, bootstrap);
}

void AddOpenTelemetry(const TracingOptions& options, const model::ResourceKey& key, Bootstrap& bootstrap) {
  constexpr std::string_view kCluster = "opentelemetry_collector";
  trace::OpenTelemetryConfig config;
  config.set_service_name(Or(options.opentelemetry_service, ServiceName(key)));
  config.mutable_grpc_service()->mutable_envoy_grpc()->set_cluster_name(std::string(kCluster));
  SetTracer("envoy.tracers.opentelemetry", config, bootstrap);
  AddStaticCluster(kCluster, options.opentelemetry_collector, ClusterProtocol::kHttp2, bootstrap);
}

}  // namespace

Status AddTracing(const TracingOptions& options, const model::ResourceKey& key, Bootstrap& bootstrap) {
  if (options.xray + options.datadog + options.jaeger + options.opentelemetry > 1) {
    return Error{Code::kBadRequest,
                 "only one tracer can be on: set one of ENABLE_ENVOY_XRAY_TRACING, ENABLE_ENVOY_DATADOG_TRACING, "
                 "ENABLE_ENVOY_JAEGER_TRACING and ENABLE_ENVOY_OTEL_TRACING",
                 {}};
  }
  if (options.xray) AddXray(options, key, bootstrap);
  if (options.datadog) AddDatadog(options, key, bootstrap);
  if (options.jaeger) AddJaeger(options, bootstrap);
  if (options.opentelemetry) AddOpenTelemetry(options, key, bootstrap);
  return Status::Ok();
}

Status CheckSamplingManifest(const std::string& text) {
  json::error_code error;
  const json::value manifest = json::parse(text, error);
  const auto wrong = [](std::string_view why) { return Error{Code::kBadRequest, std::string(why), {}}; };
  if (error || !manifest.is_object()) return wrong("is no JSON object");
  const json::value* version = manifest.as_object().if_contains("version");
  if (version == nullptr || *version != 2) return wrong("must have version 2, the only one that Envoy reads");
  const json::value* rule = manifest.as_object().if_contains("default");
  if (rule == nullptr || !rule->is_object()) return wrong("must have a default rule");
  return Status::Ok();
}

}  // namespace chancery::cli
