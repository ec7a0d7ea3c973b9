#include "compile/testing/simulation/simulate.h"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compile/testing/simulation/connection.h"
#include "compile/testing/simulation/headers.h"
#include "compile/testing/simulation/hosts.h"
#include "compile/testing/simulation/known_fields.h"
#include "compile/testing/simulation/routes.h"
#include "compile/testing/simulation/text.h"
#include "compile/testing/world.h"

namespace chancery::compile::testing {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::config::listener::v3::FilterChain;
using envoy::config::listener::v3::Listener;
using envoy::config::route::v3::Route;
using envoy::config::route::v3::RouteConfiguration;
using envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
using envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy;

constexpr int64_t kDefaultStreamIdleMillis = 300'000;
constexpr int64_t kDefaultTcpIdleMillis = 3'600'000;

int64_t ToMillis(const google::protobuf::Duration& duration) {
  return duration.seconds() * 1000 + duration.nanos() / 1'000'000;
}

// What a gRPC client is told instead of an HTTP status.
uint32_t GrpcStatusOf(uint32_t http) {
  constexpr uint32_t kPermissionDenied = 7;
  constexpr uint32_t kUnimplemented = 12;
  constexpr uint32_t kUnavailable = 14;
  return http == 404 ? kUnimplemented : (http == 403 ? kPermissionDenied : kUnavailable);
}

class Simulation {
 public:
  Simulation(const ProxyConfig& config, const Call& call, RepeatedHeaders repeated)
      : config_(config), call_(call), repeated_(repeated) {}

  Outcome Run() {
    const std::vector<std::string> unknown = FieldsNotSimulated(config_);
    if (!unknown.empty()) return Finish(End::kNotSimulated, fmt::format("{}", fmt::join(unknown, ", ")));
    request_ = RequestOf(call_);
    Pass(call_);
    return std::move(outcome_);
  }

 private:
  Outcome& Finish(End end, std::string note = "") {
    outcome_.end = end;
    outcome_.note = std::move(note);
    if (outcome_.status == 0) outcome_.status = StatusFor(end);
    if (outcome_.status != 0 && IsGrpc(request_)) outcome_.grpc_status = GrpcStatusOf(outcome_.status);
    return outcome_;
  }

  // Through the listener that the connection arrives at, and on.
  void Pass(const Call& connection) {
    const std::string name = ListenerAt(config_, connection.listener_port);
    if (name.empty()) return void(Finish(End::kNoListener));
    const auto listener = Parsed<Listener>(config_, FragmentType::kListener, name);
    Hop& hop = outcome_.hops.emplace_back();
    hop.listener = name;
    const Accepted accepted = Accept(listener, connection);
    hop.chain = accepted.chain;
    if (accepted.end != End::kForwarded) return void(Finish(accepted.end, accepted.note));
    const FilterChain& chain = listener.filter_chains(accepted.chain);
    const auto& filter = chain.filters(0).typed_config();
    if (TcpProxy proxy; filter.UnpackTo(&proxy)) return PassBytes(proxy, hop);
    HttpConnectionManager manager;
    if (!filter.UnpackTo(&manager)) return void(Finish(End::kNotSimulated, filter.type_url()));
    // TLS that ends here or plaintext: anything else is not HTTP.
    if (connection.speaks != Call::Speaks::kHttp || (connection.tls && !accepted.over_tls)) {
      return void(Finish(End::kNotHttp));
    }
    PassRequest(manager, accepted.over_tls, hop);
  }

  void PassBytes(const TcpProxy& proxy, Hop& hop) {
    hop.stat_prefix = proxy.stat_prefix();
    hop.idle_millis = proxy.has_idle_timeout() ? ToMillis(proxy.idle_timeout()) : kDefaultTcpIdleMillis;
    if (!proxy.cluster().empty()) hop.choices = {{.cluster = proxy.cluster()}};
    for (const auto& target : proxy.weighted_clusters().clusters()) {
      hop.choices.push_back({.cluster = target.name(), .weight = target.weight()});
    }
    Judge(hop);
    if (outcome_.end != End::kForwarded) outcome_.status = 0;  // closed, without an answer
  }

  void PassRequest(const HttpConnectionManager& manager, bool over_tls, Hop& hop) {
    hop.http = true;
    hop.stat_prefix = manager.stat_prefix();
    hop.route_config = manager.rds().route_config_name();
    if (FindFragment(config_, FragmentType::kRoute, hop.route_config) == nullptr) {
      return void(Finish(End::kNotSimulated, "waits for the route configuration " + hop.route_config));
    }
    Prepare(request_, over_tls, manager.normalize_path().value(), manager.merge_slashes());
    const auto routes = Parsed<RouteConfiguration>(config_, FragmentType::kRoute, hop.route_config);
    const auto* host = ChooseVirtualHost(routes, request_.host);
    if (host != nullptr) hop.virtual_host = host->name();
    hop.route = host == nullptr ? -1 : ChooseRoute(*host, request_, repeated_);
    if (hop.route < 0) return void(Finish(End::kNotFound));
    // Envoy refuses an upgrade of a request that has a route; without one it is 404 as ever.
    if (IsUpgradeRefused(manager)) return void(Finish(End::kUpgradeRefused));
    const int64_t idle =
        manager.has_stream_idle_timeout() ? ToMillis(manager.stream_idle_timeout()) : kDefaultStreamIdleMillis;
    Follow(host->routes(hop.route), idle, hop);
  }

  bool IsUpgradeRefused(const HttpConnectionManager& manager) const {
    const std::string wanted = LowerCase(request_.Value("upgrade").value_or(""));
    if (wanted.empty()) return false;
    return std::ranges::none_of(manager.upgrade_configs(), [&](const auto& config) {
      return LowerCase(config.upgrade_type()) == wanted && (!config.has_enabled() || config.enabled().value());
    });
  }

  void Follow(const Route& route, int64_t idle, Hop& hop) {
    hop.choices = ChoicesOf(route);
    for (const std::string& name : route.response_headers_to_remove()) hop.response_headers_removed.push_back(name);
    if (route.has_route()) {
      Rewrite(route, request_);
      SetLimits(route, idle, hop);
    }
    hop.scheme = request_.scheme, hop.host = request_.host, hop.path = request_.path, hop.headers = request_.headers;
    if (route.has_direct_response()) {
      outcome_.status = route.direct_response().status();
      return void(Finish(End::kAnswered));
    }
    Judge(hop);
    if (outcome_.end == End::kForwarded && hop.choices.size() == 1) FollowInward(hop.choices.front().cluster);
  }

  // What becomes of each cluster; the whole call ends as all of them do that have a weight.
  void Judge(Hop& hop) {
    std::optional<End> common;
    bool same = true;
    for (Choice& choice : hop.choices) {
      choice.end = EndAt(choice.cluster);
      if (choice.weight == 0) continue;
      same = same && (!common || *common == choice.end);
      common = choice.end;
    }
    Finish(same && common ? *common : End::kForwarded);
  }

  End EndAt(const std::string& name) const {
    if (FindFragment(config_, FragmentType::kCluster, name) == nullptr) return End::kNoCluster;
    const auto cluster = Parsed<Cluster>(config_, FragmentType::kCluster, name);
    const bool no_endpoints = cluster.type() == Cluster::STATIC && cluster.load_assignment().endpoints().empty();
    return no_endpoints ? End::kNoEndpoints : End::kForwarded;
  }

  // A gateway's first hop ends at its own egress listener.
  void FollowInward(const std::string& name) {
    const auto cluster = Parsed<Cluster>(config_, FragmentType::kCluster, name);
    if (cluster.type() != Cluster::STATIC || outcome_.hops.size() > 1) return;
    const auto& endpoint = cluster.load_assignment().endpoints(0).lb_endpoints(0).endpoint();
    const auto& address = endpoint.address().socket_address();
    const bool own =
        address.address() == "127.0.0.1" || address.address() == "::1" || address.address() == "0:0:0:0:0:0:0:1";
    if (!own || ListenerAt(config_, address.port_value()).empty()) return;
    Call inward = To(address.port_value());
    inward.address = address.address();
    Pass(inward);
  }

  const ProxyConfig& config_;
  const Call& call_;
  const RepeatedHeaders repeated_;
  Request request_;
  Outcome outcome_;
};

}  // namespace

Outcome Simulate(const ProxyConfig& config, const Call& call, RepeatedHeaders repeated) {
  return Simulation(config, call, repeated).Run();
}

std::string Where(const ProxyConfig& config, const Call& call, RepeatedHeaders repeated) {
  return Simulate(config, call, repeated).Short();
}

}  // namespace chancery::compile::testing
