#include <fmt/format.h>

#include <utility>

#include "cli/bootstrap.h"
#include "cli/observability_settings.h"
#include "cli/parse.h"

// The table of contract/envoy.md §1.3: what a flag or a variable sets.
namespace chancery::cli {
namespace {

using base::Status;

Status SetXdsGrpc(BootstrapOptions& options, const std::string& value) {
  if (value != "google" && value != "envoy") {
    return base::Error{base::Code::kBadRequest, fmt::format("expected google or envoy, not '{}'", value), {}};
  }
  options.xds_grpc = value == "google" ? XdsGrpc::kGoogle : XdsGrpc::kEnvoy;
  return Status::Ok();
}

Status SetXdsAuth(BootstrapOptions& options, const std::string& value) {
  if (value != "sigv4") return base::Error{base::Code::kBadRequest, fmt::format("expected sigv4, not '{}'", value), {}};
  options.xds_access.sigv4 = true;
  return Status::Ok();
}

Status SetAdminMode(BootstrapOptions& options, const std::string& value) {
  if (value != "tcp" && value != "uds") {
    return base::Error{base::Code::kBadRequest, fmt::format("expected tcp or uds, not '{}'", value), {}};
  }
  if (value == "uds") options.admin = {"", 0, "/tmp/envoy_admin.sock"};
  return Status::Ok();
}

Status SetAdminPort(BootstrapOptions& options, const std::string& value) {
  auto port = ParseNumber(value, 65535);
  if (!port) return port.error();
  options.admin.port = static_cast<uint16_t>(*port);
  return Status::Ok();
}

Status SetAdminIpv6(BootstrapOptions& options, const std::string& value) {
  auto on = ParseBool(value);
  if (!on) return on.error();
  if (*on) options.admin.host = "::";
  options.admin_ipv4_compat = *on;
  return Status::Ok();
}

// A flag gives the whole address, whatever the variables said.
Status SetAdmin(BootstrapOptions& options, const std::string& value) {
  options.admin_ipv4_compat = false;
  return Assign(options.admin, value.starts_with("unix:") ? ParseXdsEndpoint(value) : ParseAddressPort(value));
}

// Envoy would look for another one below the directory that it happens to be started in.
Status SetSdsSocket(BootstrapOptions& options, const std::string& value) {
  if (!value.starts_with('/') && !value.starts_with('@')) {
    return base::Error{base::Code::kBadRequest,
                       fmt::format("expected an absolute path, or @NAME for an abstract socket, not '{}'", value),
                       {}};
  }
  return AssignText(options.sds_socket, value);
}

Status SetFetchTimeout(BootstrapOptions& options, const std::string& value) {
  return Assign(options.initial_fetch_timeout, ParseSeconds(value, 0, 86'400));
}

Status SetRequestsPerCycle(BootstrapOptions& options, const std::string& value) {
  return Assign(options.max_requests_per_io_cycle, ParseNumber(value, 1'000'000));
}

using Options = BootstrapOptions;
using Text = const std::string&;

// Each line of the next tables says where a value goes.
std::vector<Setting> IdentitySettings() {
  return {
      {"--resource-arn",
       {"APPMESH_RESOURCE_ARN", "APPMESH_RESOURCE_NAME", "APPMESH_VIRTUAL_NODE_NAME"},
       "ARN",
       "The virtual node or virtual gateway whose proxy this is: an ARN or mesh/MESH/virtualNode/NAME",
       [](Options& o, Text v) { return AssignText(o.resource_arn, v); }},
      {"--cluster",
       {"APPMESH_RESOURCE_CLUSTER", "APPMESH_VIRTUAL_NODE_CLUSTER"},
       "NAME",
       "How the proxy calls itself in traces and metrics; the resource by default",
       [](Options& o, Text v) { return AssignText(o.cluster, v); }},
      {"--xds",
       {"APPMESH_XDS_ENDPOINT"},
       "HOST:PORT",
       "Where the control plane is; also unix:///PATH",
       [](Options& o, Text v) { return Assign(o.xds, ParseXdsEndpoint(v)); }},
      {"--xds-grpc",
       {"CHANCERY_XDS_GRPC"},
       "google|envoy",
       "Which of Envoy's gRPC clients asks; only google has grpc.ads.* stats",
       SetXdsGrpc},
  };
}

std::vector<Setting> AccessSettings() {
  return {
      {"--xds-tls-ca",
       {"CHANCERY_XDS_TLS_CA"},
       "FILE",
       "Speak TLS with the control plane; who certifies it, in PEM",
       [](Options& o, Text v) { return AssignText(o.xds_access.tls_ca, v); }},
      {"--xds-client-cert",
       {"CHANCERY_XDS_CLIENT_CERT"},
       "FILE",
       "The proxy's certificate chain in PEM, which says who it is",
       [](Options& o, Text v) { return AssignText(o.xds_access.client_certificate, v); }},
      {"--xds-client-key",
       {"CHANCERY_XDS_CLIENT_KEY"},
       "FILE",
       "Private key to --xds-client-cert in PEM",
       [](Options& o, Text v) { return AssignText(o.xds_access.client_key, v); }},
      {"--xds-token-file",
       {"CHANCERY_XDS_TOKEN_FILE"},
       "FILE",
       "A bearer token: the token alone with --xds-grpc google, a secret in Envoy's form with envoy",
       [](Options& o, Text v) { return AssignText(o.xds_access.token_file, v); }},
      {"--xds-auth",
       {"CHANCERY_XDS_AUTH"},
       "sigv4",
       "Sign the stream with the AWS_* variables of Envoy's environment",
       SetXdsAuth},
      {"--xds-region",
       {"CHANCERY_XDS_REGION"},
       "REGION",
       "What --xds-auth sigv4 signs for; the region of the resource's ARN, or AWS_REGION, by default",
       [](Options& o, Text v) { return AssignText(o.xds_access.region, v); }},
      {"",
       {"AWS_REGION"},
       "REGION",
       "What is signed for by a node id that is no ARN; us-east-1 by default",
       [](Options& o, Text v) { return AssignText(o.region, v); }},
      {"--xds-initial-metadata",
       {"CHANCERY_XDS_INITIAL_METADATA"},
       "NAME=VALUE",
       "A header that every stream carries as it is, such as 'authorization=Bearer TOKEN'",
       [](Options& o, Text v) { return SetInitialMetadata(o.xds_access, v); }},
  };
}

std::vector<Setting> AdminSettings() {
  return {
      {"", {"ENVOY_ADMIN_MODE"}, "tcp|uds", "uds: the admin interface on /tmp/envoy_admin.sock", SetAdminMode},
      {"", {"ENVOY_ADMIN_ACCESS_PORT"}, "PORT", "Port of the admin interface", SetAdminPort},
      {"", {"ENVOY_ADMIN_ACCESS_ENABLE_IPV6"}, "BOOL", "The admin interface on :: for IPv6 and IPv4", SetAdminIpv6},
      {"--admin",
       {},
       "ADDRESS:PORT",
       "Where Envoy's admin interface listens, also unix:///PATH; 127.0.0.1:9901 by default",
       SetAdmin},
      {"--admin-access-log",
       {"ENVOY_ADMIN_ACCESS_LOG_FILE"},
       "FILE",
       "Access log of the admin interface; /tmp/envoy_admin_access.log by default",
       [](Options& o, Text v) { return AssignText(o.admin_access_log, v); }},
      {"--outlier-event-log",
       {"ENVOY_OUTLIER_DETECTION_EVENT_LOG_PATH"},
       "FILE",
       "Where ejections are logged; /dev/stdout by default",
       [](Options& o, Text v) { return AssignText(o.outlier_event_log, v); }},
  };
}

std::vector<Setting> ProxySettings() {
  return {
      {"--initial-fetch-timeout",
       {"ENVOY_INITIAL_FETCH_TIMEOUT"},
       "SECONDS",
       "How long Envoy waits for its first configuration before it goes on without; 0, for ever, by default",
       SetFetchTimeout},
      {"--max-requests-per-io-cycle",
       {"MAX_REQUESTS_PER_IO_CYCLE"},
       "N",
       "How many requests of one connection are taken per turn",
       SetRequestsPerCycle},
      {"--sds-socket",
       {"APPMESH_SDS_SOCKET_PATH"},
       "PATH",
       "Unix socket of a local secret agent, such as SPIRE's",
       SetSdsSocket},
      {"--dns-resolver",
       {},
       "ADDRESS:PORT",
       "A DNS server to ask instead of the host's",
       [](Options& o, Text v) { return Assign(o.dns_resolver, ParseAddressPort(v)); }},
  };
}

std::vector<Setting> BindSettings() {
  return {
      {"--bind-ingress",
       {},
       "ADDRESS",
       "Without interception: the ingress listener takes each listener port on this address",
       [](Options& o, Text v) { return Assign(o.bind.ingress, ParseIpAddress(v)); }},
      {"--bind-egress",
       {},
       "ADDRESS",
       "Without interception: the egress listener takes each backend port on this address",
       [](Options& o, Text v) { return Assign(o.bind.egress, ParseIpAddress(v)); }},
      {"--bind-application",
       {},
       "ADDRESS",
       "The application's address instead of 127.0.0.1",
       [](Options& o, Text v) { return Assign(o.bind.application, ParseIpAddress(v)); }},
  };
}

std::vector<Setting> PlatformSettings() {
  return {
      {"",
       {"APPMESH_PLATFORM_K8S_VERSION"},
       "TEXT",
       "In the node's metadata",
       [](Options& o, Text v) { return AssignText(o.platform.k8s["k8sVersion"], v); }},
      {"",
       {"APPMESH_PLATFORM_K8S_POD_UID"},
       "TEXT",
       "In the node's metadata",
       [](Options& o, Text v) { return AssignText(o.platform.k8s["podUid"], v); }},
      {"",
       {"APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION"},
       "TEXT",
       "In the node's metadata",
       [](Options& o, Text v) { return AssignText(o.platform.k8s["appMeshControllerVersion"], v); }},
      {"",
       {"APPNET_FIPS_MODE_ENABLED"},
       "BOOL",
       "In the node's metadata",
       [](Options& o, Text v) { return Assign(o.platform.fips, ParseBool(v)); }},
  };
}

// In the order in which --help names them.
std::vector<Setting> MakeSettings() {
  std::vector<Setting> all;
  for (const auto& table : {IdentitySettings(), AccessSettings(), AdminSettings(), ProxySettings(), BindSettings(),
                            TracingSettings(), StatsSettings(), FileSettings(), PlatformSettings()}) {
    all.insert(all.end(), table.begin(), table.end());
  }
  return all;
}

}  // namespace

std::span<const Setting> Settings() {
  static const std::vector<Setting> settings = MakeSettings();
  return settings;
}

base::Result<BootstrapOptions> FromEnvironment(const Environment& environment) {
  BootstrapOptions options;
  CHANCERY_RETURN_IF_ERROR(ApplyEnvironment(Settings(), environment, options));
  for (const UnusedVariable& unused : UnusedVariables()) {
    const std::optional<std::string> value = environment(std::string(unused.name));
    if (!unused.warn || !value || value->empty() || *value == "0" || *value == "false") continue;
    options.warnings.push_back(fmt::format("{} has no effect: {}", unused.name, unused.reason));
  }
  return options;
}

}  // namespace chancery::cli
