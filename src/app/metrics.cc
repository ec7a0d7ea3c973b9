#include "app/metrics.h"

#include <prometheus/text_serializer.h>

#include <sstream>
#include <utility>

#include "app/version.h"
#include "xds/resource.h"

namespace chancery::app {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<std::pair<std::string, std::string>>;

void AddValue(MetricFamily& family, double value, const Labels& labels = {}) {
  prometheus::ClientMetric metric;
  for (const auto& [name, text] : labels) metric.label.push_back({name, text});
  if (family.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}

MetricFamily Family(MetricType type, std::string name, std::string help) {
  MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  return family;
}

class Families {
 public:
  void Counter(std::string name, std::string help, uint64_t value) {
    AddValue(Add(MetricType::Counter, std::move(name), std::move(help)), static_cast<double>(value));
  }
  void Gauge(std::string name, std::string help, uint64_t value) {
    AddValue(Add(MetricType::Gauge, std::move(name), std::move(help)), static_cast<double>(value));
  }
  MetricFamily& Add(MetricType type, std::string name, std::string help) {
    return families_.emplace_back(Family(type, std::move(name), std::move(help)));
  }
  std::vector<MetricFamily> Take() && { return std::move(families_); }

 private:
  std::vector<MetricFamily> families_;
};

void CollectProcess(const MetricSources& sources, Families& families) {
  AddValue(families.Add(MetricType::Gauge, "chancery_build_info", "1, with the version as label"), 1,
           {{"version", std::string(kVersion)}});
  families.Gauge("chancery_ready", "1 when the whole state was read and every port serves", sources.ready ? 1 : 0);
  MetricFamily& insecure =
      families.Add(MetricType::Gauge, "chancery_insecure", "1 for each protection that a flag has switched off");
  AddValue(insecure, sources.options.insecure_no_auth ? 1 : 0, {{"flag", "insecure-no-auth"}});
  AddValue(insecure, sources.options.insecure_xds_no_auth ? 1 : 0, {{"flag", "insecure-xds-no-auth"}});
  AddValue(insecure, sources.options.insecure_xds_bind ? 1 : 0, {{"flag", "insecure-xds-bind"}});
  AddValue(insecure, sources.options.insecure_admin_bind ? 1 : 0, {{"flag", "insecure-admin-bind"}});
}

void CollectApi(const ApiStats& api, Families& families) {
  MetricFamily& answers =
      families.Add(MetricType::Counter, "chancery_api_answers_total", "Answers of the API by class of status");
  AddValue(answers, static_cast<double>(api.answers_2xx), {{"class", "2xx"}});
  AddValue(answers, static_cast<double>(api.answers_4xx), {{"class", "4xx"}});
  AddValue(answers, static_cast<double>(api.answers_5xx), {{"class", "5xx"}});
}

void CollectCompilation(const MetricSources& sources, Families& families) {
  families.Gauge("chancery_store_newest_txn", "The newest transaction", sources.store.Newest());
  const auto stats = sources.transformer.stats();
  families.Counter("chancery_transformer_transactions_total", "Transactions taken from the store", stats.transactions);
  families.Counter("chancery_transformer_compilations_total",
                   "Compilations of a mesh, each of one or more transactions", stats.compilations);
  families.Counter("chancery_transformer_manifests_total",
                   "Manifests published because their bytes or warnings changed", stats.manifests);
  MetricFamily& through =
      families.Add(MetricType::Gauge, "chancery_compiled_through_txn", "How far each mesh is compiled");
  for (const auto& [mesh, txn] : sources.feed.Watermarks()) {
    AddValue(through, static_cast<double>(txn), {{"mesh", mesh.name}, {"mesh_owner", mesh.owner}});
  }
}

void CollectProxies(const ems::StatusBoard& status, Families& families) {
  const auto census = status.census();
  families.Gauge("chancery_proxies_connected", "Streams of proxies", census.connected);
  families.Gauge("chancery_proxies_waiting", "Of them, those whose resource does not exist yet", census.waiting);
  families.Gauge("chancery_proxies_orphaned", "Of them, those whose resource was deleted", census.orphaned);
  families.Gauge("chancery_proxies_rejecting", "Of them, those that reject a part of their configuration",
                 census.rejecting);
  families.Gauge("chancery_proxies_warming", "Of them, those that have not acknowledged for longer than usual",
                 census.warming);
  families.Gauge("chancery_proxies_warned", "Of them, those whose configuration was compiled with warnings",
                 census.warned);
  const auto counters = status.counters();
  families.Counter("chancery_xds_streams_total", "Streams of proxies that were admitted", counters.streams_opened);
  families.Counter("chancery_xds_streams_refused_total", "Streams that were refused for their node",
                   counters.streams_refused);
  families.Counter("chancery_xds_unknown_types_total", "Requests for a type that is not served",
                   counters.unknown_types);
  MetricFamily sent = Family(MetricType::Counter, "chancery_xds_responses_total", "Answers sent");
  MetricFamily bytes = Family(MetricType::Counter, "chancery_xds_response_bytes_total", "Bytes of answers sent");
  MetricFamily acks = Family(MetricType::Counter, "chancery_xds_acks_total", "Answers that a proxy accepted");
  MetricFamily nacks =
      Family(MetricType::Counter, "chancery_xds_nacks_total", "Answers that a proxy rejected, in part or whole");
  for (const auto& [mesh, types] : counters.by_mesh) {
    for (const xds::Type type : xds::kAllTypes) {
      const auto& counts = types[static_cast<size_t>(type)];
      if (counts == ems::EmsCounters::PerType{}) continue;
      const Labels labels = {
          {"mesh", mesh.name}, {"mesh_owner", mesh.owner}, {"type", std::string(xds::DescriptorOf(type).label)}};
      AddValue(sent, static_cast<double>(counts.sent), labels);
      AddValue(bytes, static_cast<double>(counts.sent_bytes), labels);
      AddValue(acks, static_cast<double>(counts.acknowledged), labels);
      AddValue(nacks, static_cast<double>(counts.rejected), labels);
    }
  }
  for (MetricFamily* family : {&sent, &bytes, &acks, &nacks}) {
    families.Add(family->type, family->name, family->help).metric = std::move(family->metric);
  }
}

void CollectEdge(const edge::ServerStats& edge, Families& families) {
  families.Counter("chancery_edge_connections_total", "Connections taken on the xDS port", edge.connections_accepted);
  families.Counter("chancery_edge_connections_refused_total", "Connections refused because there are too many",
                   edge.connections_refused);
  families.Gauge("chancery_edge_connections", "Connections that are open", edge.connections_open);
  families.Gauge("chancery_edge_streams", "gRPC streams that are open", edge.streams_open);
  families.Counter("chancery_edge_messages_received_total", "gRPC messages received", edge.messages_received);
  families.Counter("chancery_edge_messages_sent_total", "gRPC messages sent", edge.messages_sent);
  families.Counter("chancery_edge_bytes_sent_total", "Bytes of gRPC messages sent", edge.bytes_sent);
  families.Counter("chancery_edge_protocol_errors_total", "Connections and streams ended for breaking the protocol",
                   edge.protocol_errors);
  families.Gauge("chancery_edge_handshakes", "Connections whose TLS handshake is under way", edge.handshakes_open);
  families.Counter("chancery_edge_handshakes_failed_total", "Connections ended because TLS failed",
                   edge.handshakes_failed);
}

}  // namespace

std::vector<MetricFamily> CollectMetrics(const MetricSources& sources) {
  Families families;
  CollectProcess(sources, families);
  CollectApi(sources.api, families);
  CollectCompilation(sources, families);
  CollectProxies(sources.status, families);
  CollectEdge(sources.edge, families);
  return std::move(families).Take();
}

std::string MetricsText(const std::vector<MetricFamily>& families) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace chancery::app
