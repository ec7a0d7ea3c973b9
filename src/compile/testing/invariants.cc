#include "compile/testing/invariants.h"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/tls.pb.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "compile/testing/validate_rules.h"

namespace chancery::compile::testing {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::config::listener::v3::FilterChain;
using envoy::config::listener::v3::FilterChainMatch;
using envoy::config::listener::v3::Listener;
using envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
using envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy;

namespace v3 = envoy::extensions::transport_sockets::tls::v3;

class Checker {
 public:
  explicit Checker(const ProxyConfig& config) : config_(config) {}

  std::vector<std::string> Run() {
    CheckFragments();
    for (const FragmentPtr& fragment : config_.fragments) {
      if (fragment->type == FragmentType::kCluster) CheckCluster(*fragment);
      if (fragment->type == FragmentType::kListener) CheckListener(*fragment);
      if (fragment->type == FragmentType::kRoute) CheckRoutes(*fragment);
    }
    for (const std::string& name : NamesOf(FragmentType::kRoute)) {
      if (!asked_for_.contains(name)) Break("no listener asks for " + name);
    }
    return std::move(broken_);
  }

 private:
  void Break(std::string what) { broken_.push_back(std::move(what)); }

  std::set<std::string> NamesOf(FragmentType type) const {
    std::set<std::string> names;
    for (const FragmentPtr& fragment : config_.fragments) {
      if (fragment->type == type) names.insert(fragment->name);
    }
    return names;
  }

  void CheckFragments() {
    for (size_t i = 1; i < config_.fragments.size(); ++i) {
      const Fragment& before = *config_.fragments[i - 1];
      const Fragment& here = *config_.fragments[i];
      if (std::tie(before.type, before.name) >= std::tie(here.type, here.name))
        Break(here.name + " is out of order or twice there");
    }
    const auto clusters = NamesOf(FragmentType::kCluster);
    for (const FragmentPtr& fragment : config_.fragments) {
      const auto message = ParseEnvoy(TypeUrl(fragment->type), fragment->bytes);
      if (message == nullptr) {
        Break(fragment->name + " cannot be parsed");
        continue;
      }
      for (const std::string& rule : BrokenRules(*message)) Break(fragment->name + ": " + rule);
      for (const std::string& cluster : fragment->clusters) {
        if (!clusters.contains(cluster)) Break(fragment->name + " uses unknown cluster " + cluster);
      }
    }
    if (!std::is_sorted(config_.warnings.begin(), config_.warnings.end())) Break("the warnings are not sorted");
  }

  void CheckCluster(const Fragment& fragment) {
    Cluster cluster;
    cluster.ParseFromString(fragment.bytes);
    const bool http2 = cluster.typed_extension_protocol_options_size() > 0;
    for (const auto& check : cluster.health_checks()) {
      if (check.has_grpc_health_check() && !http2) Break(fragment.name + " has a grpc check without HTTP/2");
    }
    const bool dns = cluster.type() == Cluster::LOGICAL_DNS || cluster.type() == Cluster::STRICT_DNS;
    const bool waits = !cluster.has_wait_for_warm_on_init() || cluster.wait_for_warm_on_init().value();
    if (dns && waits) Break(fragment.name + " holds back its proxy until its name resolves");
    if (dns != fragment.dns) Break(fragment.name + " is marked as DNS, or is not, against its type");
    const bool provided = cluster.lb_policy() == Cluster::CLUSTER_PROVIDED;
    if (provided != (cluster.type() == Cluster::ORIGINAL_DST))
      Break(fragment.name + " has another load balancing policy");
    if (cluster.has_transport_socket()) CheckClientTls(fragment.name, cluster.transport_socket());
  }

  void CheckListener(const Fragment& fragment) {
    Listener listener;
    listener.ParseFromString(fragment.bytes);
    if (listener.filter_chains_size() == 0) Break(fragment.name + " has no chains");
    const uint32_t port = listener.address().socket_address().port_value();
    if (!ports_.insert(port).second) Break(fmt::format("two listeners on port {}", port));
    std::set<std::string> matches;
    bool https_with_address = false;
    bool https_without_address = false;
    std::set<std::string> clusters;
    for (const FilterChain& chain : listener.filter_chains()) {
      const auto& match = chain.filter_chain_match();
      if (!matches.insert(match.SerializeAsString()).second) Break(fragment.name + " has two chains of one match");
      if (match.destination_port().value() == 443) {
        (match.prefix_ranges_size() > 0 ? https_with_address : https_without_address) = true;
      }
      CheckFilter(fragment.name, match, chain.filters(0).typed_config(), clusters);
      if (chain.has_transport_socket()) CheckServerTls(fragment.name, chain.transport_socket());
      CheckTransport(fragment.name, listener, match, chain.has_transport_socket());
    }
    CheckTwins(fragment.name, listener);
    if (https_with_address && https_without_address) Break(fragment.name + " chooses a chain on 443 by chance");
    if (!std::equal(clusters.begin(), clusters.end(), fragment.clusters.begin(), fragment.clusters.end())) {
      Break(fragment.name + " does not name its clusters");
    }
  }

  void CheckClientTls(const std::string& cluster, const envoy::config::core::v3::TransportSocket& socket) {
    v3::UpstreamTlsContext context;
    if (!socket.typed_config().UnpackTo(&context)) return Break(cluster + ": no client TLS");
    CheckContext(cluster, context.common_tls_context());
    if (context.common_tls_context().tls_certificates_size() +
            context.common_tls_context().tls_certificate_sds_secret_configs_size() >
        1) {
      Break(cluster + " has two client certificates");
    }
  }

  void CheckServerTls(const std::string& listener, const envoy::config::core::v3::TransportSocket& socket) {
    v3::DownstreamTlsContext context;
    if (!socket.typed_config().UnpackTo(&context)) return Break(listener + ": no server TLS");
    const auto& common = context.common_tls_context();
    CheckContext(listener, common);
    if (common.tls_certificates_size() + common.tls_certificate_sds_secret_configs_size() != 1) {
      Break(listener + " needs one server certificate");
    }
    // Trust without the demand would let in clients that show no certificate.
    const bool validates =
        common.validation_context_type_case() != v3::CommonTlsContext::VALIDATION_CONTEXT_TYPE_NOT_SET;
    if (validates != context.require_client_certificate().value())
      Break(listener + " half asks for client certificates");
  }

  void CheckContext(const std::string& name, const v3::CommonTlsContext& context) {
    const auto& plain = context.validation_context();
    if (plain.match_typed_subject_alt_names_size() > 0 && !plain.has_trusted_ca()) Break(name + ": names without a CA");
    if (context.has_validation_context() && !plain.has_trusted_ca()) Break(name + " validates against nothing");
    if (context.has_combined_validation_context() &&
        !context.combined_validation_context().has_validation_context_sds_secret_config()) {
      Break(name + " combines nothing");
    }
  }

  // A chain for TLS or plaintext alone needs the inspector on its port, or it gets nothing, or everything.
  void CheckTransport(const std::string& name, const Listener& listener, const FilterChainMatch& match, bool tls) {
    if (tls && match.transport_protocol() == "raw_buffer") Break(name + " asks for a handshake in plaintext");
    if (match.transport_protocol() == "tls" && !tls) Break(name + " passes TLS on as it came");
    if (match.transport_protocol().empty()) return;
    const uint32_t port = match.destination_port().value();
    if (!Inspects(listener, port)) Break(fmt::format("{} does not inspect port {}", name, port));
  }

  static bool Inspects(const Listener& listener, uint32_t port) {
    for (const auto& filter : listener.listener_filters()) {
      if (filter.name() != "envoy.filters.listener.tls_inspector") continue;
      if (!filter.has_filter_disabled()) return true;
      const auto& enabled = filter.filter_disabled().not_match();
      const auto in = [port](const auto& rule) {
        return int64_t{rule.destination_port_range().start()} <= port &&
               port < int64_t{rule.destination_port_range().end()};
      };
      return in(enabled) || std::any_of(enabled.or_match().rules().begin(), enabled.or_match().rules().end(), in);
    }
    return false;
  }

  // Of the chains that ask for TLS on a port there is one for plaintext too, and the other way round; on the egress
  // side plaintext alone may stand beside what passes through.
  void CheckTwins(const std::string& name, const Listener& listener) {
    if (listener.traffic_direction() != envoy::config::core::v3::INBOUND) return;
    std::map<uint32_t, std::multiset<std::string>> transports;
    for (const FilterChain& chain : listener.filter_chains()) {
      const auto& match = chain.filter_chain_match();
      transports[match.destination_port().value()].insert(match.transport_protocol());
    }
    for (const auto& [port, kinds] : transports) {
      if (kinds != std::multiset<std::string>{""} && kinds != std::multiset<std::string>{"raw_buffer", "tls"})
        Break(fmt::format("{} has chains on port {} that are no twins", name, port));
    }
  }

  void CheckFilter(const std::string& listener, const FilterChainMatch& match, const google::protobuf::Any& config,
                   std::set<std::string>& clusters) {
    HttpConnectionManager manager;
    if (config.UnpackTo(&manager)) {
      const std::string& routes = manager.rds().route_config_name();
      if (!NamesOf(FragmentType::kRoute).contains(routes)) Break(listener + " asks for unknown " + routes);
      const std::string asker = fmt::format("{} {}", listener, match.destination_port().value());
      const std::string& first = asked_for_.emplace(routes, asker).first->second;
      if (first != asker) Break(listener + ": chains of two ports share " + routes);
      return;
    }
    TcpProxy proxy;
    if (!config.UnpackTo(&proxy)) return Break(listener + " has another filter");
    if (!proxy.cluster().empty()) clusters.insert(proxy.cluster());
    for (const auto& cluster : proxy.weighted_clusters().clusters()) clusters.insert(cluster.name());
  }

  void CheckRoutes(const Fragment& fragment) {
    envoy::config::route::v3::RouteConfiguration config;
    config.ParseFromString(fragment.bytes);
    std::set<std::string> domains;
    std::set<std::string> clusters;
    for (const auto& host : config.virtual_hosts()) {
      for (std::string domain : host.domains()) {
        std::transform(domain.begin(), domain.end(), domain.begin(), [](unsigned char c) { return std::tolower(c); });
        if (!domains.insert(domain).second) Break(fragment.name + " has domain " + domain + " twice");
      }
      for (const auto& route : host.routes()) CheckAction(fragment.name, route, clusters);
    }
    if (!std::equal(clusters.begin(), clusters.end(), fragment.clusters.begin(), fragment.clusters.end())) {
      Break(fragment.name + " does not name its clusters");
    }
  }

  void CheckAction(const std::string& name, const envoy::config::route::v3::Route& route,
                   std::set<std::string>& clusters) {
    if (!route.has_route()) return;
    if (route.route().has_path_rewrite_policy()) Break(name + " rewrites paths as Envoy 1.36 does not");
    CheckRetries(name, route.route().retry_policy());
    if (route.route().has_cluster()) clusters.insert(route.route().cluster());
    uint64_t sum = 0;
    for (const auto& cluster : route.route().weighted_clusters().clusters()) {
      sum += cluster.weight().value();
      clusters.insert(cluster.name());
    }
    if (route.route().has_weighted_clusters() && sum == 0) Break(name + " has a split of no weight");
  }

  // An unknown token is accepted and ignored.
  void CheckRetries(const std::string& name, const envoy::config::route::v3::RetryPolicy& policy) {
    static const std::set<std::string> kKnown = {"",
                                                 "cancelled",
                                                 "deadline-exceeded",
                                                 "internal",
                                                 "resource-exhausted",
                                                 "unavailable",
                                                 "reset",
                                                 "connect-failure",
                                                 "refused-stream",
                                                 "retriable-status-codes"};
    std::istringstream tokens(policy.retry_on());
    for (std::string token; std::getline(tokens, token, ',');) {
      if (!kKnown.contains(token)) Break(name + " retries on the unknown " + token);
    }
  }

  const ProxyConfig& config_;
  std::set<uint32_t> ports_;
  std::map<std::string, std::string> asked_for_;  // by the name of the routes: listener and port
  std::vector<std::string> broken_;
};

}  // namespace

std::vector<std::string> BrokenInvariants(const ProxyConfig& config) { return Checker(config).Run(); }

}  // namespace chancery::compile::testing
