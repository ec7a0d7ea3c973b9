#include "cli/observability_settings.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/address.h"
#include "cli/parse.h"

namespace chancery::cli {
namespace {

using base::Error;
using base::Status;
using Options = BootstrapOptions;
using Text = const std::string&;

Status SetPort(Endpoint& endpoint, const std::string& value) {
  return Assign(endpoint.port, ParseNumberBetween(value, 1, 65535));
}

Status SetHost(Endpoint& endpoint, const std::string& value) {
  // What an address of HOST:PORT may have before its port.
  if (!base::IsIpAddress(value) && !base::SplitHostPort(value + ":1")) {
    return Error{base::Code::kBadRequest, fmt::format("expected a host name or IP address, not '{}'", value), {}};
  }
  endpoint.host = value;
  return Status::Ok();
}

Status SetIp(Endpoint& endpoint, const std::string& value) { return Assign(endpoint.host, ParseIpAddress(value)); }

// An address with or without a port, which then overrides XRAY_DAEMON_PORT.
Status SetXrayDaemon(Options& options, const std::string& value) {
  if (base::IsIpAddress(value)) return SetIp(options.tracing.xray_daemon, value);
  auto endpoint = ParseAddressPort(value);
  if (endpoint) return Assign(options.tracing.xray_daemon, std::move(endpoint));
  return Error{base::Code::kBadRequest,
               fmt::format("expected an IP address with or without a port, not '{}'", value.substr(0, 200)),
               {}};
}

Status SetTracer(Options& options, const std::string& value) {
  auto name = ParseWord(value, {"xray", "datadog", "jaeger", "opentelemetry"});
  if (!name) return name.error();
  options.tracing.xray = *name == "xray";
  options.tracing.datadog = *name == "datadog";
  options.tracing.jaeger = *name == "jaeger";
  options.tracing.opentelemetry = *name == "opentelemetry";
  return Status::Ok();
}

// Of all tracers: only one is on.
Status SetCollector(Options& options, const std::string& value) {
  auto endpoint = ParseHostPort(value);
  if (!endpoint) return endpoint.error();
  TracingOptions& tracing = options.tracing;
  if (tracing.xray && !base::IsIpAddress(endpoint->host)) return ParseAddressPort(value).error();
  tracing.xray_daemon = tracing.datadog_agent = tracing.jaeger_collector = tracing.opentelemetry_collector = *endpoint;
  return Status::Ok();
}

// PROTO, or any text with "json" in it.
Status SetJaegerVersion(Options& options, const std::string& value) {
  auto version = ParseWord(value, {"proto", "json", "http_proto", "http_json"});
  if (!version) return version.error();
  options.tracing.jaeger_json = version->ends_with("json");
  return Status::Ok();
}

Status SetMetricExtension(Options& options, const std::string& value) {
  auto level = ParseNumberBetween(value, 0, 1);
  if (!level) return level.error();
  options.stats.extension_tags = options.platform.metric_filter = *level == 1;
  if (*level == 1) {
    options.warnings.emplace_back(
        "APPMESH_METRIC_EXTENSION_VERSION sets the tags Mesh and VirtualNode or VirtualGateway, but the metrics "
        "envoy_appmesh_* themselves were made by a filter of the App Mesh image, which no stock Envoy has");
  }
  return Status::Ok();
}

std::vector<Setting> XraySettings() {
  return {
      {"",
       {"ENABLE_ENVOY_XRAY_TRACING"},
       "BOOL",
       "Trace to AWS X-Ray",
       [](Options& o, Text v) { return Assign(o.tracing.xray, ParseBool(v)); }},
      {"",
       {"XRAY_DAEMON_PORT"},
       "PORT",
       "Port of the X-Ray daemon",
       [](Options& o, Text v) { return SetPort(o.tracing.xray_daemon, v); }},
      {"", {"AWS_XRAY_DAEMON_ADDRESS"}, "ADDRESS[:PORT]", "Address of the X-Ray daemon", SetXrayDaemon},
      {"",
       {"XRAY_SAMPLING_RATE"},
       "RATE",
       "Part of the requests that is traced",
       [](Options& o, Text v) { return Assign(o.tracing.xray_sampling_rate, ParseDecimal(v, 0, 1)); }},
      {"",
       {"XRAY_SAMPLING_RULE_MANIFEST"},
       "FILE",
       "Local sampling rules",
       [](Options& o, Text v) { return AssignText(o.tracing.xray_manifest_file, v); }},
      {"",
       {"XRAY_SEGMENT_NAME"},
       "NAME",
       "Name of the segments",
       [](Options& o, Text v) { return AssignText(o.tracing.xray_segment, v); }},
  };
}

std::vector<Setting> CollectorSettings() {
  return {
      {"",
       {"ENABLE_ENVOY_DATADOG_TRACING"},
       "BOOL",
       "Trace to Datadog",
       [](Options& o, Text v) { return Assign(o.tracing.datadog, ParseBool(v)); }},
      {"",
       {"DATADOG_TRACER_ADDRESS"},
       "HOST",
       "The Datadog agent",
       [](Options& o, Text v) { return SetHost(o.tracing.datadog_agent, v); }},
      {"",
       {"DATADOG_TRACER_PORT"},
       "PORT",
       "Port of the Datadog agent",
       [](Options& o, Text v) { return SetPort(o.tracing.datadog_agent, v); }},
      {"",
       {"DD_SERVICE"},
       "NAME",
       "Name of the service at Datadog",
       [](Options& o, Text v) { return AssignText(o.tracing.datadog_service, v); }},
      {"",
       {"ENABLE_ENVOY_JAEGER_TRACING"},
       "BOOL",
       "Trace to a collector of Zipkin's protocol, such as Jaeger",
       [](Options& o, Text v) { return Assign(o.tracing.jaeger, ParseBool(v)); }},
      {"",
       {"JAEGER_TRACER_ADDRESS"},
       "HOST",
       "The collector",
       [](Options& o, Text v) { return SetHost(o.tracing.jaeger_collector, v); }},
      {"",
       {"JAEGER_TRACER_PORT"},
       "PORT",
       "Port of the collector",
       [](Options& o, Text v) { return SetPort(o.tracing.jaeger_collector, v); }},
      {"", {"JAEGER_TRACER_VERSION"}, "PROTO|JSON", "Form of the spans", SetJaegerVersion},
      {"",
       {"ENABLE_ENVOY_OTEL_TRACING"},
       "BOOL",
       "Trace to an OpenTelemetry collector, over gRPC",
       [](Options& o, Text v) { return Assign(o.tracing.opentelemetry, ParseBool(v)); }},
      {"",
       {"OTEL_TRACER_ADDRESS"},
       "HOST",
       "The collector",
       [](Options& o, Text v) { return SetHost(o.tracing.opentelemetry_collector, v); }},
      {"",
       {"OTEL_TRACER_PORT"},
       "PORT",
       "Port of the collector",
       [](Options& o, Text v) { return SetPort(o.tracing.opentelemetry_collector, v); }},
      {"",
       {"OTEL_SERVICE_NAME"},
       "NAME",
       "Name of the service at the collector",
       [](Options& o, Text v) { return AssignText(o.tracing.opentelemetry_service, v); }},
  };
}

}  // namespace

std::vector<Setting> TracingSettings() {
  std::vector<Setting> all = XraySettings();
  for (Setting& setting : CollectorSettings()) all.push_back(std::move(setting));
  all.push_back({"--tracing", {}, "xray|datadog|jaeger|opentelemetry", "Which tracer is on", SetTracer});
  all.push_back({"--trace-collector", {}, "HOST:PORT", "Where the tracer sends to; behind --tracing", SetCollector});
  return all;
}

std::vector<Setting> StatsSettings() {
  return {
      {"--stats-flush-interval",
       {"ENVOY_STATS_FLUSH_INTERVAL"},
       "DURATION",
       "How often Envoy flushes its stats, such as 10s",
       [](Options& o, Text v) { return Assign(o.stats.flush_interval, ParseGoDuration(v)); }},
      {"--stats-tags",
       {"ENABLE_ENVOY_STATS_TAGS"},
       "",
       "Tag every stat with the mesh and the resource",
       [](Options& o, Text v) { return Assign(o.stats.fixed_tags, ParseBool(v)); }},
      {"", {"APPMESH_METRIC_EXTENSION_VERSION"}, "0|1", "Tags of the metrics extension", SetMetricExtension},
      {"--dog-statsd",
       {"ENABLE_ENVOY_DOG_STATSD"},
       "",
       "Send stats to a DogStatsD daemon, 127.0.0.1:8125 by default",
       [](Options& o, Text v) { return Assign(o.stats.dog_statsd, ParseBool(v)); }},
      {"",
       {"STATSD_ADDRESS"},
       "ADDRESS",
       "Address of the DogStatsD daemon",
       [](Options& o, Text v) { return SetIp(o.stats.dog_statsd_address, v); }},
      {"",
       {"STATSD_PORT"},
       "PORT",
       "Port of the DogStatsD daemon",
       [](Options& o, Text v) { return SetPort(o.stats.dog_statsd_address, v); }},
      {"",
       {"STATSD_SOCKET_PATH"},
       "PATH",
       "Unix socket of the DogStatsD daemon",
       [](Options& o, Text v) {
         o.stats.dog_statsd_address = {"", 0, v};
         return Status::Ok();
       }},
      {"--statsd",
       {},
       "ADDRESS:PORT",
       "Send stats to a statsd daemon without tags",
       [](Options& o, Text v) { return Assign(o.stats.statsd, ParseAddressPort(v)); }},
  };
}

std::vector<Setting> FileSettings() {
  return {
      {"",
       {"ENVOY_TRACING_CFG_FILE"},
       "FILE",
       "A tracer in place of the generated one",
       [](Options& o, Text v) { return AssignText(o.files.tracing.path, v); }},
      {"",
       {"ENVOY_STATS_CONFIG_FILE"},
       "FILE",
       "A stats_config in place of the generated one",
       [](Options& o, Text v) { return AssignText(o.files.stats.path, v); }},
      {"",
       {"ENVOY_STATS_SINKS_CFG_FILE"},
       "FILE",
       "Stats sinks in place of the generated one",
       [](Options& o, Text v) { return AssignText(o.files.sinks.path, v); }},
      {"",
       {"ENVOY_RESOURCES_CONFIG_FILE"},
       "FILE",
       "More of a bootstrap",
       [](Options& o, Text v) { return AssignText(o.files.resources.path, v); }},
  };
}

}  // namespace chancery::cli
