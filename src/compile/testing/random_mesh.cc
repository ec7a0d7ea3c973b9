#include "compile/testing/random_mesh.h"

#include <rapidcheck.h>

#include <map>

#include "compile/testing/world.h"

namespace chancery::compile::testing {

// At full size at once: the mesh, not the numbers in it, is what may be small.
int Below(int limit) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, limit)); }
bool OneIn(int n) { return Below(n) == 0; }

namespace {

namespace api = chancery::model;
using model::Kind;

template <typename T>
T Among(std::initializer_list<T> values) {
  return *(values.begin() + Below(static_cast<int>(values.size())));
}

// Few names, ports and prefixes: things collide.
std::string NodeName() { return Among<std::string>({"a", "b", "a_b", "a-b http", "\"q\\"}); }
std::string ServiceName() {
  return Among<std::string>({"s.local", "S.local", "s.local:80", "*", "t.local", "*.local", "bad\nname"});
}
std::string RouterName() { return Among<std::string>({"r", "q"}); }
std::string GatewayName() { return Among<std::string>({"g", "h"}); }
int Port() { return Among({80, 443, 8080, 15000, 15001}); }
std::string Regex() { return Among<std::string>({".*a.*", "(?!a)", "(", "x{1000}{1000}", "((a{100}){10})"}); }

api::PortProtocol AnyProtocol() { return static_cast<api::PortProtocol>(1 + (OneIn(2) ? 0 : Below(4))); }

template <typename Duration>
void Fill(Duration& duration) {
  duration.set_unit(OneIn(2) ? api::DURATION_UNIT_S : api::DURATION_UNIT_MS);
  duration.set_value(Among<int64_t>({0, 1, 1500, INT64_MAX}));
}

std::string PathOrNone() { return Among<std::string>({"/a.pem", "/b.pem", "/b.pem", ""}); }
std::string SecretOrNone() { return Among<std::string>({"spiffe://shop", "secret", "secret", ""}); }

// Of a listener or a client; of kinds that do not exist too: none, and files without names.
template <typename Certificate>
void FillCertificate(Certificate& certificate) {
  if (OneIn(2)) {
    certificate.mutable_file()->set_certificate_chain(PathOrNone());
    certificate.mutable_file()->set_private_key(PathOrNone());
  } else if (!OneIn(4)) {
    certificate.mutable_sds()->set_secret_name(SecretOrNone());
  } else if constexpr (requires { certificate.mutable_acm(); }) {
    if (OneIn(2)) certificate.mutable_acm()->set_certificate_arn("arn:aws:acm:us-east-1:111111111111:certificate/c");
  }
}

template <typename Validation>
void FillValidation(Validation& validation) {
  auto& trust = *validation.mutable_trust();
  if (OneIn(2)) {
    trust.mutable_file()->set_certificate_chain(PathOrNone());
  } else if (!OneIn(4)) {
    trust.mutable_sds()->set_secret_name(SecretOrNone());
  } else if constexpr (requires { trust.mutable_acm(); }) {
    if (OneIn(2))
      trust.mutable_acm()->add_certificate_authority_arns("arn:aws:acm-pca:us-east-1:1:certificate-authority/c");
  }
  for (int i = OneIn(2) ? Below(3) : 0; i > 0; --i) {
    validation.mutable_subject_alternative_names()->mutable_match()->add_exact(
        Among<std::string>({"a.example", "*.example", "spiffe://shop/a", "10.0.0.1", ""}));
  }
}

template <typename Tls>
void FillClientTls(Tls& tls) {
  if (!OneIn(8)) FillValidation(*tls.mutable_validation());
  if (OneIn(3)) FillCertificate(*tls.mutable_certificate());
  if (OneIn(2)) tls.set_enforce(OneIn(2));
  if (OneIn(3)) tls.add_ports(Port());
}

template <typename Tls>
void FillServerTls(Tls& tls) {
  tls.set_mode(static_cast<decltype(tls.mode())>(Below(4)));
  if (!OneIn(8)) FillCertificate(*tls.mutable_certificate());
  if (OneIn(3)) FillValidation(*tls.mutable_validation());
}

template <typename Logging>
void FillLogging(Logging& logging) {
  auto& file = *logging.mutable_access_log()->mutable_file();
  file.set_path("/dev/stdout");
  if (OneIn(3)) {
    file.mutable_format()->set_text("%START_TIME%\n");
  } else if (OneIn(2)) {
    for (const char* key : {"time", "time"}) {
      auto& entry = *file.mutable_format()->add_json();
      entry.set_key(key);
      entry.set_value("%START_TIME%");
    }
  }
}

template <typename Pool>
void FillPool(Pool& pool) {
  switch (Below(3)) {
    case 0:
      pool.mutable_http()->set_max_connections(Among({0, 1, INT32_MAX}));
      if (OneIn(2)) pool.mutable_http()->set_max_pending_requests(Among({1, INT32_MAX}));
      break;
    case 1:
      pool.mutable_http2()->set_max_requests(Among({1, INT32_MAX}));
      break;
    default:
      pool.mutable_grpc()->set_max_requests(2);
  }
}

void FillHealthCheck(api::HealthCheckPolicy& check) {
  check.set_protocol(static_cast<api::PortProtocol>(Below(5)));
  check.set_path(Among<std::string>({"/ping", "/", "", "bad\r\n"}));
  if (OneIn(4)) check.set_port(Port());
  check.set_interval_millis(Among<int64_t>({0, 5000, INT64_MAX}));
  check.set_timeout_millis(Among<int64_t>({0, 2000, INT64_MAX}));
  check.set_healthy_threshold(Among({0, 2, INT32_MAX}));
  check.set_unhealthy_threshold(Among({0, 10, INT32_MAX}));
}

void FillOutlierDetection(api::OutlierDetection& detection) {
  detection.set_max_server_errors(Among<int64_t>({0, 5, INT64_MAX}));
  Fill(*detection.mutable_interval());
  Fill(*detection.mutable_base_ejection_duration());
  detection.set_max_ejection_percent(Among({0, 10, 100, INT32_MAX}));
}

// Several kinds at once, as no valid spec has them: the listener's own counts.
void FillListenerTimeout(api::ListenerTimeout& timeout) {
  if (OneIn(2)) Fill(*timeout.mutable_http()->mutable_per_request());
  if (OneIn(2)) Fill(*timeout.mutable_http2()->mutable_idle());
  if (OneIn(2)) Fill(*timeout.mutable_grpc()->mutable_per_request());
  if (OneIn(2)) Fill(*timeout.mutable_tcp()->mutable_idle());
}

api::VirtualNodeSpec RandomNode() {
  api::VirtualNodeSpec spec;
  for (int i = Below(4); i > 0; --i) {
    auto& listener = *spec.add_listeners();
    listener.mutable_port_mapping()->set_port(Port());
    listener.mutable_port_mapping()->set_protocol(AnyProtocol());
    if (OneIn(4)) FillListenerTimeout(*listener.mutable_timeout());
    if (OneIn(4)) FillPool(*listener.mutable_connection_pool());
    if (OneIn(8)) listener.mutable_connection_pool()->mutable_tcp()->set_max_connections(9);
    if (OneIn(4)) FillHealthCheck(*listener.mutable_health_check());
    if (OneIn(4)) FillOutlierDetection(*listener.mutable_outlier_detection());
    if (OneIn(3)) FillServerTls(*listener.mutable_tls());
  }
  for (int i = Below(6); i > 0; --i) {
    auto& backend = *spec.add_backends()->mutable_virtual_service();
    backend.set_virtual_service_name(ServiceName());
    if (OneIn(3)) FillClientTls(*backend.mutable_client_policy()->mutable_tls());
  }
  if (OneIn(8)) FillClientTls(*spec.mutable_backend_defaults()->mutable_client_policy()->mutable_tls());
  if (OneIn(4)) FillLogging(*spec.mutable_logging());
  if (OneIn(6)) {
    spec.mutable_service_discovery()->mutable_aws_cloud_map()->set_service_name("s");
  } else if (!OneIn(6)) {
    auto& dns = *spec.mutable_service_discovery()->mutable_dns();
    dns.set_hostname(Among<std::string>({"a.example", "b.example.", "10.0.0.1", "", "with space"}));
    if (OneIn(3)) dns.set_ip_preference(static_cast<api::IpPreference>(1 + Below(4)));
    if (OneIn(3)) dns.set_response_type(api::DNS_RESPONSE_TYPE_ENDPOINTS);
  }
  return spec;
}

template <typename Targets>
void FillTargets(Targets& targets) {
  for (int i = Below(4); i >= 0; --i) {
    auto& target = *targets.Add();
    target.set_virtual_node(NodeName());
    target.set_weight(Among({0, 0, 1, 50}));
    if (OneIn(2)) target.set_port(Port());
  }
}

// Of an HTTP header or of gRPC metadata. Nothing: present.
template <typename Method>
void FillHeaderMethod(Method& method) {
  switch (Below(6)) {
    case 0:
      method.set_exact(Among<std::string>({"", "v", "bad\nvalue"}));
      break;
    case 1:
      method.set_prefix(Among<std::string>({"", "v"}));
      break;
    case 2:
      method.set_suffix("v");
      break;
    case 3:
      method.mutable_range()->set_start(Among<int64_t>({INT64_MIN, 0, 5}));
      method.mutable_range()->set_end(Among<int64_t>({INT64_MAX, 0, 5}));
      break;
    case 4:
      method.set_regex(Regex());
      break;
    default:
      break;
  }
}

template <typename Match>
void FillGrpcMatch(Match& match) {
  if (OneIn(2)) match.set_service_name(Among<std::string>({"a.B", "bad\nname", ""}));
  if (OneIn(3)) match.set_port(Port());
  if (OneIn(3)) {
    auto& metadata = *match.add_metadata();
    metadata.set_name("x-a");
    metadata.set_invert(OneIn(2));
    FillHeaderMethod(*metadata.mutable_match());
  }
}

void FillGrpcRoute(api::GrpcRoute& route) {
  FillTargets(*route.mutable_action()->mutable_weighted_targets());
  FillGrpcMatch(*route.mutable_match());
  if (OneIn(3)) route.mutable_match()->set_method_name("Get");
  if (OneIn(3)) Fill(*route.mutable_timeout()->mutable_idle());
  if (OneIn(2)) {
    auto& policy = *route.mutable_retry_policy();
    policy.add_grpc_retry_events(static_cast<api::GrpcRetryPolicyEvent>(Below(7)));
    policy.add_tcp_retry_events(api::TCP_RETRY_POLICY_EVENT_CONNECTION_ERROR);
    policy.set_max_retries(Among<int64_t>({0, 2}));
  }
}

template <typename Match>
void FillHttpMatch(Match& match) {
  switch (Below(5)) {
    case 0:
      match.set_prefix(Among<std::string>({"/", "/a", "/a/b", "", "x"}));
      break;
    case 1:
      match.mutable_path()->set_exact("/exact");
      break;
    case 2:
      match.mutable_path()->set_regex(Regex());
      break;
    default:
      match.set_prefix("/");
  }
  if (OneIn(3)) {
    auto& header = *match.add_headers();
    header.set_name(Among<std::string>({"x-a", "X-B", "bad\nname"}));
    header.set_invert(OneIn(2));
    FillHeaderMethod(*header.mutable_match());
  }
  if (OneIn(4)) match.add_query_parameters()->set_name("q");
  if (OneIn(4)) match.set_port(Port());
}

void FillHttpRoute(api::HttpRoute& route) {
  FillTargets(*route.mutable_action()->mutable_weighted_targets());
  FillHttpMatch(*route.mutable_match());
  if (OneIn(3)) Fill(*route.mutable_timeout()->mutable_per_request());
  if (OneIn(3)) {
    route.mutable_retry_policy()->add_http_retry_events(
        Among<std::string>({"server-error", "stream-error", "unknown"}));
    route.mutable_retry_policy()->set_max_retries(Among<int64_t>({0, 2, INT64_MAX}));
    Fill(*route.mutable_retry_policy()->mutable_per_retry_timeout());
  }
}

api::RouteSpec RandomRoute() {
  api::RouteSpec spec;
  switch (Below(6)) {
    case 0:
      FillTargets(*spec.mutable_tcp_route()->mutable_action()->mutable_weighted_targets());
      if (OneIn(3)) spec.mutable_tcp_route()->mutable_match()->set_port(Port());
      if (OneIn(3)) Fill(*spec.mutable_tcp_route()->mutable_timeout()->mutable_idle());
      break;
    case 1:
      FillGrpcRoute(*spec.mutable_grpc_route());
      break;
    case 2:
      FillHttpRoute(*spec.mutable_http2_route());
      break;
    case 3:
      if (OneIn(3)) break;  // no kind of route
      [[fallthrough]];
    default:
      FillHttpRoute(*spec.mutable_http_route());
  }
  if (OneIn(2)) spec.set_priority(Below(3));
  return spec;
}

api::VirtualRouterSpec RandomRouter() {
  api::VirtualRouterSpec spec;
  for (int i = Below(3); i > 0; --i) {
    auto& mapping = *spec.add_listeners()->mutable_port_mapping();
    mapping.set_port(Port());
    mapping.set_protocol(AnyProtocol());
  }
  return spec;
}

api::VirtualServiceSpec RandomService() {
  api::VirtualServiceSpec spec;
  if (OneIn(2)) {
    spec.mutable_provider()->mutable_virtual_router()->set_virtual_router_name(RouterName());
  } else if (!OneIn(4)) {
    spec.mutable_provider()->mutable_virtual_node()->set_virtual_node_name(NodeName());
  }
  return spec;
}

api::VirtualGatewaySpec RandomGateway() {
  api::VirtualGatewaySpec spec;
  for (int i = Below(3); i >= 0; --i) {
    auto& listener = *spec.add_listeners();
    listener.mutable_port_mapping()->set_port(Port());
    listener.mutable_port_mapping()->set_protocol(static_cast<api::VirtualGatewayPortProtocol>(1 + Below(3)));
    if (OneIn(4)) FillPool(*listener.mutable_connection_pool());
    if (OneIn(3)) FillServerTls(*listener.mutable_tls());
  }
  if (OneIn(4)) FillClientTls(*spec.mutable_backend_defaults()->mutable_client_policy()->mutable_tls());
  if (OneIn(3)) FillLogging(*spec.mutable_logging());
  return spec;
}

template <typename Target>
void FillGatewayTarget(Target& target) {
  target.mutable_virtual_service()->set_virtual_service_name(ServiceName());
  if (OneIn(3)) target.set_port(Port());
}

template <typename Match>
void FillHostname(Match& match) {
  if (OneIn(2)) return;
  const auto name = Among<std::string>({"x.example", "X.example", ".example", "*", "s.local", "bad\nname"});
  OneIn(2) ? match.mutable_hostname()->set_exact(name) : match.mutable_hostname()->set_suffix(name);
}

api::GatewayRouteSpec RandomGatewayRoute() {
  api::GatewayRouteSpec spec;
  if (OneIn(5)) {
    auto& route = *spec.mutable_grpc_route();
    FillGatewayTarget(*route.mutable_action()->mutable_target());
    FillGrpcMatch(*route.mutable_match());
    FillHostname(*route.mutable_match());
  } else {
    auto& route = OneIn(4) ? *spec.mutable_http2_route() : *spec.mutable_http_route();
    FillGatewayTarget(*route.mutable_action()->mutable_target());
    FillHttpMatch(*route.mutable_match());
    FillHostname(*route.mutable_match());
    auto& rewrite = *route.mutable_action()->mutable_rewrite();
    if (OneIn(3)) rewrite.mutable_hostname()->set_default_target_hostname(api::DEFAULT_GATEWAY_ROUTE_REWRITE_DISABLED);
    if (OneIn(3)) rewrite.mutable_prefix()->set_value(Among<std::string>({"/", "/v/", "bad\r\n"}));
    if (OneIn(3)) rewrite.mutable_path()->set_exact("/p");
  }
  if (OneIn(2)) spec.set_priority(Below(3));
  return spec;
}

api::MeshSpec RandomMesh() {
  api::MeshSpec spec;
  if (OneIn(2)) spec.mutable_egress_filter()->set_type(api::EGRESS_FILTER_TYPE_ALLOW_ALL);
  if (OneIn(3)) spec.mutable_service_discovery()->set_ip_preference(static_cast<api::IpPreference>(1 + Below(4)));
  return spec;
}

}  // namespace

model::ResourcePtr RandomResource() {
  switch (Below(14)) {
    case 0:
      return MakeResource(Kind::kMesh, "", kMesh.name, RandomMesh());
    case 1:
      return MakeResource(Kind::kVirtualRouter, "", RouterName(), RandomRouter());
    case 2:
    case 3:
      return MakeResource(Kind::kVirtualGateway, "", GatewayName(), RandomGateway());
    case 4:
    case 5:
    case 6:
      return MakeResource(Kind::kRoute, RouterName(), Among<std::string>({"x", "y", "z"}), RandomRoute());
    case 7:
    case 8:
      return MakeResource(Kind::kVirtualService, "", ServiceName(), RandomService());
    case 9:
    case 10:
      return MakeResource(Kind::kGatewayRoute, GatewayName(), Among<std::string>({"x", "y", "z"}),
                          RandomGatewayRoute());
    default:
      return MakeResource(Kind::kVirtualNode, "", NodeName(), RandomNode());
  }
}

std::vector<model::ResourcePtr> RandomResources() {
  std::map<model::ResourceKey, model::ResourcePtr> resources;
  for (int i = *rc::gen::inRange(0, 60); i > 0; --i) {
    auto resource = RandomResource();
    resources[resource->key] = resource;
  }
  std::vector<model::ResourcePtr> result;
  for (auto& [key, resource] : resources) result.push_back(resource);
  return result;
}

model::Snapshot ToSnapshot(const std::vector<model::ResourcePtr>& resources) {
  model::Snapshot snapshot(kMesh);
  for (const auto& resource : resources) snapshot.Put(resource);
  return snapshot;
}

std::vector<ProxyKey> AllProxies() {
  std::vector<ProxyKey> keys;
  for (const char* node : {"a", "b", "a_b", "a-b http", "\"q\\"}) keys.push_back({kMesh, Kind::kVirtualNode, node});
  for (const char* gateway : {"g", "h"}) keys.push_back({kMesh, Kind::kVirtualGateway, gateway});
  return keys;
}

std::string Contents(const ProxyConfig& config) {
  std::string text;
  for (const FragmentPtr& fragment : config.fragments)
    text += fragment->name + "\n" + fragment->bytes + fragment->hash.ToHex() + "\n";
  for (const Warning& warning : config.warnings)
    text += warning.parent + "/" + warning.name + ": " + warning.text + "\n";
  return text;
}

}  // namespace chancery::compile::testing
