#include "cli/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <regex>
#include <set>
#include <utility>

namespace chancery::cli {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kNodeArn = "arn:aws:appmesh:us-east-1:123456789012:mesh/shop/virtualNode/web_prod";
constexpr const char* kGatewayPath = "mesh/shop@210987654321/virtualGateway/edge";
constexpr const char* kSignedRegion =
    "/static_resources/clusters/0/typed_extension_protocol_options/"
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions/http_filters/0/typed_config/region";

Environment EnvironmentOf(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
}

BootstrapOptions Minimal() {
  BootstrapOptions options;
  options.resource_arn = kNodeArn;
  options.xds = Endpoint{"127.0.0.1", 18000, ""};
  return options;
}

base::Result<std::string> MakeText(const BootstrapOptions& options) {
  std::vector<std::string> warnings;
  return MakeBootstrap(options, warnings);
}

json::value Make(const BootstrapOptions& options) {
  auto text = MakeText(options);
  EXPECT_TRUE(text) << (text ? "" : text.error().message);
  return text ? json::parse(*text) : json::value();
}

json::value MakeFrom(std::map<std::string, std::string> variables) {
  variables.try_emplace("APPMESH_RESOURCE_ARN", kNodeArn);
  variables.try_emplace("APPMESH_XDS_ENDPOINT", "127.0.0.1:18000");
  auto options = FromEnvironment(EnvironmentOf(std::move(variables)));
  EXPECT_TRUE(options) << (options ? "" : options.error().message);
  return options ? Make(*options) : json::value();
}

// The value at a JSON pointer, or null.
json::value At(const json::value& value, const char* pointer) {
  json::error_code error;
  const json::value* found = value.find_pointer(pointer, error);
  return found == nullptr ? json::value() : *found;
}

void ExpectAt(const json::value& value, const char* pointer, const char* expected) {
  EXPECT_EQ(At(value, pointer), json::parse(expected)) << pointer;
}

TEST(BootstrapTest, TheWholeOfAMinimalOne) {
  json::value made = Make(Minimal());
  made.as_object().erase("stats_config");
  EXPECT_EQ(made, json::parse(R"({
    "node": {
      "id": "arn:aws:appmesh:us-east-1:123456789012:mesh/shop/virtualNode/web_prod",
      "cluster": "arn:aws:appmesh:us-east-1:123456789012:mesh/shop/virtualNode/web_prod"
    },
    "admin": {
      "access_log": [{
        "name": "envoy.access_loggers.file",
        "typed_config": {
          "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
          "path": "/tmp/envoy_admin_access.log"
        }
      }],
      "address": {"socket_address": {"address": "127.0.0.1", "port_value": 9901}}
    },
    "dynamic_resources": {
      "lds_config": {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"},
      "cds_config": {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"},
      "ads_config": {
        "api_type": "GRPC",
        "transport_api_version": "V3",
        "set_node_on_first_message_only": true,
        "grpc_services": [{
          "google_grpc": {
            "target_uri": "127.0.0.1:18000",
            "stat_prefix": "ads",
            "channel_args": {"args": {
              "grpc.http2.max_pings_without_data": {"int_value": "0"},
              "grpc.keepalive_time_ms": {"int_value": "10000"},
              "grpc.keepalive_timeout_ms": {"int_value": "20000"},
              "grpc.max_reconnect_backoff_ms": {"int_value": "5000"}
            }}
          },
          "retry_policy": {"retry_back_off": {"base_interval": "0.500s", "max_interval": "5s"}}
        }]
      }
    },
    "cluster_manager": {"outlier_detection": {"event_log_path": "/dev/stdout"}},
    "layered_runtime": {"layers": [
      {"name": "static_layer_0", "static_layer": {"re2.max_program_size.error_level": 1000}},
      {"name": "admin_layer", "admin_layer": {}}
    ]}
  })"));
}

TEST(BootstrapTest, EqualOptionsGiveEqualBytes) {
  BootstrapOptions options = Minimal();
  options.bind = {"127.0.1.1", "127.0.1.2", "127.0.1.3"};
  options.platform.k8s = {{"k8sVersion", "1.30"}, {"podUid", "u"}};
  EXPECT_EQ(*MakeText(options), *MakeText(options));
}

TEST(BootstrapTest, BindAddressesAreNodeMetadataAndNothingElse) {
  BootstrapOptions options = Minimal();
  const std::string without = *MakeText(options);
  options.bind.ingress = "127.0.1.1";
  options.bind.egress = "127.0.1.2";
  json::value made = Make(options);
  ExpectAt(made, "/node/metadata/chancery.bind", R"({"ingress": "127.0.1.1", "egress": "127.0.1.2"})");
  made.at("node").as_object().erase("metadata");
  EXPECT_EQ(made, json::parse(without));
  options.bind = {};
  EXPECT_EQ(*MakeText(options), without);
}

TEST(BootstrapTest, AllSevenTagPatternsAreAnchored) {
  const json::value made = Make(Minimal());
  const json::array& tags = made.at("stats_config").at("stats_tags").as_array();
  ASSERT_EQ(tags.size(), 7U);
  for (const json::value& tag : tags) EXPECT_EQ(tag.at("regex").as_string().front(), '^') << tag;
}

// What the tags take out of names that the image's own, slow patterns were written for (§1.5).
TEST(BootstrapTest, TagPatternsFindWhatTheyShould) {
  const json::value made = Make(Minimal());
  const std::vector<std::pair<std::string, std::set<std::string>>> cases = {
      {"http.ingress.http.5555.downstream_rq_2xx", {"appmesh.listener_protocol=http", "appmesh.listener_port=5555"}},
      {"tcp.ingress.tcp.3306.downstream_cx_total", {"appmesh.listener_protocol=tcp", "appmesh.listener_port=3306"}},
      {"listener.0.0.0.0_15000.http.ingress.http2.8080.downstream_rq_2xx",
       {"appmesh.listener_protocol=http2", "appmesh.listener_port=8080"}},
      {"listener.[__]_15000.http.ingress.grpc.1.downstream_rq_2xx",
       {"appmesh.listener_protocol=grpc", "appmesh.listener_port=1"}},
      {"http.ingress.http.5555.rds.rds_ingress_http_5555.update_success",
       {"appmesh.listener_protocol=http", "appmesh.listener_port=5555",
        "envoy_rds_route_config=rds_ingress_http_5555"}},
      {"http.ingress.downstream_rq_2xx", {}},
      {"cluster.cds_egress_m_n_http_80.upstream_rq_2xx", {}},
      {"cluster.x.http.ingress.http.5555.y", {}},
  };
  for (const auto& [name, expected] : cases) {
    std::set<std::string> found;
    for (const json::value& tag : made.at("stats_config").at("stats_tags").as_array()) {
      std::smatch match;
      if (!std::regex_search(name, match, std::regex(json::value_to<std::string>(tag.at("regex"))))) continue;
      found.insert(json::value_to<std::string>(tag.at("tag_name")) + "=" + match[2].str());
    }
    EXPECT_EQ(found, expected) << name;
  }
}

// A name as long as the API allows everywhere it may stand: Envoy tries every pattern on every name.
TEST(BootstrapTest, TagPatternsTakeTheLongestNamesAtOnce) {
  const std::string longest(255, 'a');
  const std::string cluster = "cds_egress_" + longest + "_" + longest + "_http2_65535";
  const json::value made = Make(Minimal());
  const std::vector<std::string> names = {
      "cluster." + cluster + ".upstream_rq_retry_limit_exceeded",
      "http.egress.rds.rds_egress_http2_65535." + cluster,
      "http.ingress.http2.65535.rds." + longest + ".update_success",
      "vhost." + longest + ".vcluster.other.upstream_rq_retry",
      "listener." + longest + ".http.ingress",
  };
  for (const json::value& tag : made.at("stats_config").at("stats_tags").as_array()) {
    const std::regex pattern(json::value_to<std::string>(tag.at("regex")));
    for (const std::string& name : names) {
      std::smatch match;
      const bool found = std::regex_search(name, match, pattern, std::regex_constants::match_continuous);
      EXPECT_EQ(found, std::regex_search(name, pattern)) << "not decided at the start of " << name;
    }
  }
}

TEST(BootstrapTest, WhatTheHostIsGoesIntoTheNode) {
  BootstrapOptions options = Minimal();
  options.platform.ipv4 = {{"eth0", {"10.0.0.7/24"}}, {"lo", {"127.0.0.1/8"}}};
  options.platform.ecs = {{"ecsLaunchType", "AWS_ECS_FARGATE"}};
  options.platform.system = {{"systemKernelVersion", "6.1"}};
  options.platform.ip_families = "IPv4_ONLY";
  options.platform.zone = "us-east-1a";
  json::value made = Make(options);
  ExpectAt(made, "/node/metadata/aws.appmesh.task.interfaces",
           R"({"ipv4": {"eth0": ["10.0.0.7/24"], "lo": ["127.0.0.1/8"]}})");
  ExpectAt(made, "/node/metadata/aws.appmesh.platformInfo",
           R"({"ecsPlatformInfo": {"ecsLaunchType": "AWS_ECS_FARGATE"}, "AvailabilityZone": "us-east-1a",
               "systemInfo": {"systemKernelVersion": "6.1"}, "supportedIPFamilies": "IPv4_ONLY"})");
  ExpectAt(made, "/node/locality", "null");
  options.platform.region = "us-east-1";
  options.platform.zone_id = "use1-az4";
  ExpectAt(Make(options), "/node/locality", R"({"region": "us-east-1", "zone": "use1-az4"})");
}

TEST(BootstrapTest, EachVariableHasItsEffect) {
  struct Case {
    std::map<std::string, std::string> variables;
    const char* pointer;
    const char* expected;
  };
  const std::vector<Case> cases = {
      {{{"APPMESH_RESOURCE_ARN", ""}, {"APPMESH_RESOURCE_NAME", kGatewayPath}},
       "/node/id",
       R"("mesh/shop@210987654321/virtualGateway/edge")"},
      {{{"APPMESH_RESOURCE_ARN", ""}, {"APPMESH_VIRTUAL_NODE_NAME", "mesh/m/virtualNode/n"}},
       "/node/id",
       R"("mesh/m/virtualNode/n")"},
      {{{"APPMESH_RESOURCE_CLUSTER", "web"}}, "/node/cluster", R"("web")"},
      {{{"APPMESH_VIRTUAL_NODE_CLUSTER", "web"}}, "/node/cluster", R"("web")"},
      {{{"APPMESH_XDS_ENDPOINT", "unix:///run/xds.sock"}},
       "/dynamic_resources/ads_config/grpc_services/0/google_grpc/target_uri",
       R"("unix:///run/xds.sock")"},
      {{{"APPMESH_XDS_ENDPOINT", "[::1]:9"}},
       "/dynamic_resources/ads_config/grpc_services/0/google_grpc/target_uri",
       R"("[::1]:9")"},
      {{{"CHANCERY_XDS_TLS_CA", "ca.pem"}, {"CHANCERY_XDS_CLIENT_CERT", "c.pem"}, {"CHANCERY_XDS_CLIENT_KEY", "k.pem"}},
       "/dynamic_resources/ads_config/grpc_services/0/google_grpc/channel_credentials/ssl_credentials",
       R"({"root_certs": {"filename": "ca.pem"}, "private_key": {"filename": "k.pem"},
           "cert_chain": {"filename": "c.pem"}})"},
      {{{"CHANCERY_XDS_TLS_CA", "ca.pem"}, {"CHANCERY_XDS_TOKEN_FILE", "token"}},
       "/dynamic_resources/ads_config/grpc_services/0/google_grpc/call_credentials/0/from_plugin/typed_config/"
       "secret_data",
       R"({"filename": "token"})"},
      {{{"CHANCERY_XDS_GRPC", "envoy"},
        {"CHANCERY_XDS_AUTH", "sigv4"},
        {"AWS_REGION", "eu-north-1"},
        {"APPMESH_RESOURCE_ARN", kGatewayPath}},
       kSignedRegion,
       R"("eu-north-1")"},
      {{{"CHANCERY_XDS_GRPC", "envoy"}, {"CHANCERY_XDS_AUTH", "sigv4"}, {"APPMESH_RESOURCE_ARN", kGatewayPath}},
       kSignedRegion,
       R"("us-east-1")"},
      {{{"CHANCERY_XDS_GRPC", "envoy"}, {"CHANCERY_XDS_AUTH", "sigv4"}, {"AWS_REGION", "eu-north-1"}},
       kSignedRegion,  // its ARN knows better
       R"("us-east-1")"},
      {{{"CHANCERY_XDS_GRPC", "envoy"},
        {"CHANCERY_XDS_AUTH", "sigv4"},
        {"CHANCERY_XDS_REGION", "eu-west-3"},
        {"AWS_REGION", "eu-north-1"}},
       kSignedRegion,
       R"("eu-west-3")"},
      // Every container of AWS has it, whatever way in its proxy takes.
      {{{"APPMESH_XDS_ENDPOINT", "unix:///run/xds.sock"}, {"AWS_REGION", "eu-north-1"}},
       "/dynamic_resources/ads_config/grpc_services/0/google_grpc/target_uri",
       R"("unix:///run/xds.sock")"},
      {{{"CHANCERY_XDS_INITIAL_METADATA", "authorization=Bearer t"}},
       "/dynamic_resources/ads_config/grpc_services/0/initial_metadata",
       R"([{"key": "authorization", "value": "Bearer t"}])"},
      {{{"ENVOY_ADMIN_ACCESS_PORT", "9999"}},
       "/admin/address",
       R"({"socket_address": {"address": "127.0.0.1", "port_value": 9999}})"},
      {{{"ENVOY_ADMIN_ACCESS_ENABLE_IPV6", "true"}},
       "/admin/address",
       R"({"socket_address": {"address": "::", "port_value": 9901, "ipv4_compat": true}})"},
      {{{"ENVOY_ADMIN_MODE", "uds"}}, "/admin/address", R"({"pipe": {"path": "/tmp/envoy_admin.sock", "mode": 384}})"},
      {{{"ENVOY_ADMIN_ACCESS_LOG_FILE", "/dev/null"}}, "/admin/access_log/0/typed_config/path", R"("/dev/null")"},
      {{{"ENVOY_INITIAL_FETCH_TIMEOUT", "5"}}, "/dynamic_resources/cds_config/initial_fetch_timeout", R"("5s")"},
      {{{"ENVOY_INITIAL_FETCH_TIMEOUT", "5"}}, "/dynamic_resources/lds_config/initial_fetch_timeout", R"("5s")"},
      {{{"ENVOY_OUTLIER_DETECTION_EVENT_LOG_PATH", "/dev/null"}},
       "/cluster_manager/outlier_detection/event_log_path",
       R"("/dev/null")"},
      {{{"ENVOY_STATS_FLUSH_INTERVAL", "1m1.5s"}}, "/stats_flush_interval", R"("61.500s")"},
      {{{"MAX_REQUESTS_PER_IO_CYCLE", "1"}},
       "/layered_runtime/layers/0/static_layer/http.max_requests_per_io_cycle",
       "1"},
      {{{"ENABLE_ENVOY_STATS_TAGS", "1"}},
       "/stats_config/stats_tags/0",
       R"({"tag_name": "appmesh.mesh", "fixed_value": "shop"})"},
      {{{"ENABLE_ENVOY_STATS_TAGS", "1"}},
       "/stats_config/stats_tags/1",
       R"({"tag_name": "appmesh.virtual_node", "fixed_value": "web_prod"})"},
      {{{"ENABLE_ENVOY_STATS_TAGS", "1"}, {"APPMESH_RESOURCE_ARN", kGatewayPath}},
       "/stats_config/stats_tags/1",
       R"({"tag_name": "appmesh.virtual_gateway", "fixed_value": "edge"})"},
      {{{"APPMESH_PLATFORM_K8S_POD_UID", "u-1"}, {"APPMESH_PLATFORM_K8S_VERSION", "1.30"}},
       "/node/metadata/aws.appmesh.platformInfo",
       R"({"k8sPlatformInfo": {"podUid": "u-1", "k8sVersion": "1.30"}})"},
      {{{"ENABLE_ENVOY_XRAY_TRACING", "1"},
        {"XRAY_DAEMON_PORT", "2100"},
        {"AWS_XRAY_DAEMON_ADDRESS", "10.0.0.1"},
        {"XRAY_SEGMENT_NAME", "front"}},
       "/tracing/http/typed_config",
       R"({"@type": "type.googleapis.com/envoy.config.trace.v3.XRayConfig", "segment_name": "front",
           "daemon_endpoint": {"protocol": "UDP", "address": "10.0.0.1", "port_value": 2100},
           "segment_fields": {"origin": "AWS::AppMesh::Proxy",
             "aws": {"app_mesh": {"mesh_name": "shop", "virtual_node_name": "web_prod"}}}})"},
      {{{"ENABLE_ENVOY_XRAY_TRACING", "1"}, {"XRAY_DAEMON_PORT", "1"}, {"AWS_XRAY_DAEMON_ADDRESS", "[::1]:2"}},
       "/tracing/http/typed_config/daemon_endpoint",
       R"({"protocol": "UDP", "address": "::1", "port_value": 2})"},
      {{{"ENABLE_ENVOY_XRAY_TRACING", "1"}, {"XRAY_SAMPLING_RATE", "0.251"}},
       "/tracing/http/typed_config/sampling_rule_manifest/inline_string",
       R"("{\"version\":2,\"default\":{\"fixed_target\":1,\"rate\":2.5E-1},\"rules\":[]}")"},
      {{{"ENABLE_ENVOY_XRAY_TRACING", "1"}, {"XRAY_SAMPLING_RATE", "0.05"}},
       "/tracing/http/typed_config/sampling_rule_manifest",
       "null"},
      {{{"ENABLE_ENVOY_DATADOG_TRACING", "true"}, {"DD_SERVICE", "front"}},
       "/tracing/http",
       R"({"name": "envoy.tracers.datadog", "typed_config": {
           "@type": "type.googleapis.com/envoy.config.trace.v3.DatadogConfig",
           "collector_cluster": "datadog_agent", "service_name": "front"}})"},
      {{{"ENABLE_ENVOY_DATADOG_TRACING", "1"}, {"DATADOG_TRACER_ADDRESS", "dd.local"}, {"DATADOG_TRACER_PORT", "9"}},
       "/static_resources/clusters/0",
       R"({"name": "datadog_agent", "type": "STRICT_DNS", "connect_timeout": "1s",
           "load_assignment": {"cluster_name": "datadog_agent", "endpoints": [{"lb_endpoints":
             [{"endpoint": {"address": {"socket_address": {"address": "dd.local", "port_value": 9}}}}]}]}})"},
      {{{"ENABLE_ENVOY_JAEGER_TRACING", "1"}, {"JAEGER_TRACER_VERSION", "JSON"}},
       "/tracing/http",
       R"({"name": "envoy.tracers.zipkin", "typed_config": {
           "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig", "collector_cluster": "jaeger",
           "collector_endpoint": "/api/v2/spans", "shared_span_context": false,
           "collector_endpoint_version": "HTTP_JSON"}})"},
      {{{"ENABLE_ENVOY_JAEGER_TRACING", "1"}, {"JAEGER_TRACER_ADDRESS", "10.0.0.2"}, {"JAEGER_TRACER_PORT", "9"}},
       "/static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address",
       R"({"socket_address": {"address": "10.0.0.2", "port_value": 9}})"},
      {{{"ENABLE_ENVOY_OTEL_TRACING", "1"}, {"OTEL_SERVICE_NAME", "front"}},
       "/tracing/http",
       R"({"name": "envoy.tracers.opentelemetry", "typed_config": {
           "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig", "service_name": "front",
           "grpc_service": {"envoy_grpc": {"cluster_name": "opentelemetry_collector"}}}})"},
      {{{"ENABLE_ENVOY_OTEL_TRACING", "1"}, {"OTEL_TRACER_ADDRESS", "10.0.0.2"}, {"OTEL_TRACER_PORT", "9"}},
       "/static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address",
       R"({"socket_address": {"address": "10.0.0.2", "port_value": 9}})"},
      {{{"ENABLE_ENVOY_DOG_STATSD", "1"}, {"STATSD_ADDRESS", "10.0.0.3"}, {"STATSD_PORT", "9"}},
       "/stats_sinks",
       R"([{"name": "envoy.stat_sinks.dog_statsd", "typed_config": {
            "@type": "type.googleapis.com/envoy.config.metrics.v3.DogStatsdSink",
            "address": {"socket_address": {"protocol": "UDP", "address": "10.0.0.3", "port_value": 9}}}}])"},
      {{{"ENABLE_ENVOY_DOG_STATSD", "1"}, {"STATSD_SOCKET_PATH", "/run/dsd.sock"}, {"STATSD_PORT", "9"}},
       "/stats_sinks/0/typed_config/address",
       R"({"pipe": {"path": "/run/dsd.sock"}})"},
      {{{"APPMESH_METRIC_EXTENSION_VERSION", "1"}},
       "/stats_config/stats_tags/1",
       R"({"tag_name": "VirtualNode", "fixed_value": "web_prod"})"},
      {{{"APPMESH_METRIC_EXTENSION_VERSION", "1"}}, "/node/metadata/aws.appmesh.metric_filter", R"({"level": "1"})"},
      {{{"APPNET_FIPS_MODE_ENABLED", "true"}},
       "/node/metadata/aws.appmesh.platformInfo",
       R"({"fipsModeEnabled": true})"},
      {{{"APPMESH_SDS_SOCKET_PATH", "/run/agent.sock"}},
       "/static_resources/clusters/0",
       R"({"name": "static_cluster_sds_unix_socket", "type": "STATIC", "connect_timeout": "1s",
           "load_assignment": {"cluster_name": "static_cluster_sds_unix_socket", "endpoints": [{"lb_endpoints":
             [{"endpoint": {"address": {"pipe": {"path": "/run/agent.sock"}}}}]}]},
           "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
             "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
             "explicit_http_config": {"http2_protocol_options": {}}}}})"},
  };
  std::set<std::string> covered;
  for (const Case& test : cases) {
    ExpectAt(MakeFrom(test.variables), test.pointer, test.expected);
    for (const auto& [name, value] : test.variables) covered.insert(name);
  }
  covered.insert("APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION");  // third of its kind
  for (const char* file : {"ENVOY_TRACING_CFG_FILE", "ENVOY_STATS_CONFIG_FILE", "ENVOY_STATS_SINKS_CFG_FILE",
                           "ENVOY_RESOURCES_CONFIG_FILE", "XRAY_SAMPLING_RULE_MANIFEST"}) {
    covered.insert(file);  // config_files_test.cc
  }
  for (const Setting& setting : Settings()) {
    for (const std::string_view name : setting.variables) EXPECT_TRUE(covered.contains(std::string(name))) << name;
  }
}

TEST(BootstrapTest, EnvoyGrpcUsesAStaticHttp2Cluster) {
  BootstrapOptions options = Minimal();
  options.xds_grpc = XdsGrpc::kEnvoy;
  json::value made = Make(options);
  ExpectAt(made, "/dynamic_resources/ads_config/grpc_services/0/envoy_grpc",
           R"({"cluster_name": "ads", "authority": "127.0.0.1"})");
  ExpectAt(made, "/static_resources/clusters/0/type", R"("STATIC")");
  ExpectAt(made, "/static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address",
           R"({"socket_address": {"address": "127.0.0.1", "port_value": 18000}})");
  options.xds = Endpoint{"xds.example.org", 443, ""};
  ExpectAt(Make(options), "/static_resources/clusters/0/type", R"("STRICT_DNS")");
}

TEST(BootstrapTest, EnvoyGrpcNamesTheControlPlanesHostAsItsAuthority) {
  constexpr const char* kAuthority = "/dynamic_resources/ads_config/grpc_services/0/envoy_grpc/authority";
  BootstrapOptions options = Minimal();
  options.xds_grpc = XdsGrpc::kEnvoy;
  for (const auto& [host, authority] :
       {std::pair{"xds.example.org", R"("xds.example.org")"}, std::pair{"::1", R"("[::1]")"}}) {
    options.xds = Endpoint{host, 443, ""};
    ExpectAt(Make(options), kAuthority, authority);
  }
  options.xds = Endpoint{"", 0, "/run/xds.sock"};
  EXPECT_TRUE(At(Make(options), kAuthority).is_null());
}

TEST(BootstrapTest, WhatFollowsTheNameOfTheResourceIsTheProxysOwn) {
  BootstrapOptions options = Minimal();
  for (const char* id : {"mesh/shop/virtualNode/web_prod/extra", "mesh/shop/virtualNode/web_prod/task/7",
                         "arn:aws:appmesh:us-east-1:123456789012:mesh/shop/virtualNode/web_prod/x:y/z"}) {
    options.resource_arn = id;
    EXPECT_EQ(At(Make(options), "/node/id"), id);
  }
}

TEST(BootstrapTest, DnsResolver) {
  BootstrapOptions options = Minimal();
  options.dns_resolver = Endpoint{"127.0.1.53", 5353, ""};
  ExpectAt(Make(options), "/typed_dns_resolver_config", R"({
    "name": "envoy.network.dns_resolver.cares",
    "typed_config": {
      "@type": "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
      "resolvers": [{"socket_address": {"address": "127.0.1.53", "port_value": 5353}}]
    }
  })");
}

TEST(BootstrapTest, WhatIsMissingOrOfNoProxyIsNamed) {
  const std::vector<std::pair<std::function<void(BootstrapOptions&)>, std::string>> cases = {
      {[](BootstrapOptions& o) { o.resource_arn = ""; }, "--resource-arn (or APPMESH_RESOURCE_ARN) is required"},
      {[](BootstrapOptions& o) { o.xds.reset(); }, "--xds (or APPMESH_XDS_ENDPOINT) is required"},
      {[](BootstrapOptions& o) { o.resource_arn = "web"; }, "--resource-arn: 'web' names no resource"},
      {[](BootstrapOptions& o) { o.resource_arn = "mesh/shop/virtualService/web"; },
       "--resource-arn: 'mesh/shop/virtualService/web' is neither a virtual node nor a virtual gateway"},
      {[](BootstrapOptions& o) { o.resource_arn = "arn:aws:s3:us-east-1:123456789012:mesh/shop/virtualNode/web"; },
       "is not an ARN of appmesh"},
  };
  for (const auto& [spoil, expected] : cases) {
    BootstrapOptions options = Minimal();
    spoil(options);
    auto made = MakeText(options);
    ASSERT_FALSE(made) << expected;
    EXPECT_EQ(made.error().code, base::Code::kBadRequest);
    EXPECT_THAT(made.error().message, HasSubstr(expected));
  }
}

TEST(EnvironmentTest, ABadValueNamesItsVariable) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"APPMESH_XDS_ENDPOINT", "nowhere"},
      {"ENVOY_ADMIN_MODE", "http"},
      {"ENVOY_ADMIN_ACCESS_PORT", "99999"},
      {"ENVOY_ADMIN_ACCESS_ENABLE_IPV6", "maybe"},
      {"ENVOY_INITIAL_FETCH_TIMEOUT", "5s"},
      {"ENVOY_STATS_FLUSH_INTERVAL", "5"},
      {"ENABLE_ENVOY_STATS_TAGS", "on"},
      {"MAX_REQUESTS_PER_IO_CYCLE", "-1"},
      {"XRAY_SAMPLING_RATE", "1.5"},
      {"XRAY_SAMPLING_RATE", "5%"},
      {"XRAY_DAEMON_PORT", "0"},
      {"AWS_XRAY_DAEMON_ADDRESS", "xray.local:2000"},
      {"DATADOG_TRACER_PORT", "65536"},
      {"DATADOG_TRACER_ADDRESS", "a b"},
      {"JAEGER_TRACER_VERSION", "thrift"},
      {"STATSD_ADDRESS", "statsd.local"},
      {"STATSD_PORT", "x"},
      {"APPMESH_METRIC_EXTENSION_VERSION", "2"},
  };
  for (const auto& [name, value] : cases) {
    auto options = FromEnvironment(EnvironmentOf({{name, value}}));
    ASSERT_FALSE(options) << name;
    EXPECT_THAT(options.error().message, testing::StartsWith(name + ": expected "));
  }
}

TEST(EnvironmentTest, WhatIsNotSupportedWarnsWhenItIsAskedFor) {
  auto options = FromEnvironment(EnvironmentOf(
      {{"APPNET_LISTENER_PORT_MAPPING", "{}"}, {"APPNET_CONTAINER_IP_MAPPING", ""}, {"ENVOY_LOG_LEVEL", "debug"}}));
  ASSERT_TRUE(options);
  EXPECT_THAT(options->warnings,
              ElementsAre("APPNET_LISTENER_PORT_MAPPING has no effect: belongs to ECS Service Connect, which is not "
                          "served"));
}

TEST(EnvironmentTest, NoVariableIsInBothTablesOrTwice) {
  std::set<std::string_view> seen;
  for (const Setting& setting : Settings()) {
    for (const std::string_view name : setting.variables) EXPECT_TRUE(seen.insert(name).second) << name;
  }
  for (const UnusedVariable& unused : UnusedVariables()) EXPECT_TRUE(seen.insert(unused.name).second) << unused.name;
}

}  // namespace
}  // namespace chancery::cli
