#include "cli/stats.h"

#include <envoy/config/bootstrap/v3/bootstrap.pb.h>
#include <envoy/config/metrics/v3/stats.pb.h>

#include <array>
#include <string_view>
#include <utility>

#include "cli/static_cluster.h"

namespace chancery::cli {
namespace {

namespace core = envoy::config::core::v3;
using envoy::config::bootstrap::v3::Bootstrap;

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kTagPatterns = {{
    {"appmesh.listener_protocol", R"(^http\.ingress\.((\w+)\.)[0-9]+\.)"},
    {"appmesh.listener_protocol", R"(^tcp\.ingress\.((\w+)\.)[0-9]+\.)"},
    {"appmesh.listener_protocol", R"(^listener\.[0-9a-f.:_\[\]]+\.http\.ingress\.((\w+)\.)[0-9]+\.)"},
    {"appmesh.listener_port", R"(^http\.ingress\.\w+\.(([0-9]+)\.))"},
    {"appmesh.listener_port", R"(^tcp\.ingress\.\w+\.(([0-9]+)\.))"},
    {"appmesh.listener_port", R"(^listener\.[0-9a-f.:_\[\]]+\.http\.ingress\.\w+\.(([0-9]+)\.))"},
    {"envoy_rds_route_config", R"(^http\.ingress\.\w+\.[0-9]+\.rds\.(([^.]+)\.))"},
}};

// UDP for both kinds of statsd.
void SetSinkAddress(const Endpoint& endpoint, core::Address& address) {
  SetAddress(endpoint, address);
  if (address.has_socket_address()) address.mutable_socket_address()->set_protocol(core::SocketAddress::UDP);
}

template <typename Sink>
void AddSink(std::string_view name, const Endpoint& endpoint, Bootstrap& bootstrap) {
  Sink sink;
  SetSinkAddress(endpoint, *sink.mutable_address());
  auto* added = bootstrap.add_stats_sinks();
  added->set_name(std::string(name));
  added->mutable_typed_config()->PackFrom(sink);
}

}  // namespace

void AddStatsTags(const StatsOptions& options, const model::ResourceKey& key, Bootstrap& bootstrap) {
  auto add = [&](std::string_view name) {
    auto* tag = bootstrap.mutable_stats_config()->add_stats_tags();
    tag->set_tag_name(std::string(name));
    return tag;
  };
  const bool node = key.kind == model::Kind::kVirtualNode;
  if (options.fixed_tags) {
    add("appmesh.mesh")->set_fixed_value(key.mesh.name);
    add(node ? "appmesh.virtual_node" : "appmesh.virtual_gateway")->set_fixed_value(key.name);
  }
  if (options.extension_tags) {
    add("Mesh")->set_fixed_value(key.mesh.name);
    add(node ? "VirtualNode" : "VirtualGateway")->set_fixed_value(key.name);
  }
  for (const auto& [name, regex] : kTagPatterns) add(name)->set_regex(std::string(regex));
}

void SetFlushInterval(const StatsOptions& options, Bootstrap& bootstrap) {
  if (!options.flush_interval) return;
  const int64_t millis = options.flush_interval->count();
  bootstrap.mutable_stats_flush_interval()->set_seconds(millis / 1000);
  bootstrap.mutable_stats_flush_interval()->set_nanos(static_cast<int>(millis % 1000) * 1'000'000);
}

void AddStatsSinks(const StatsOptions& options, Bootstrap& bootstrap) {
  namespace metrics = envoy::config::metrics::v3;
  if (options.dog_statsd) {
    AddSink<metrics::DogStatsdSink>("envoy.stat_sinks.dog_statsd", options.dog_statsd_address, bootstrap);
  }
  if (options.statsd) AddSink<metrics::StatsdSink>("envoy.stat_sinks.statsd", *options.statsd, bootstrap);
}

}  // namespace chancery::cli
