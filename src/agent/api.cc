#include "agent/api.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "cli/parse.h"
#include "frontend/url.h"

namespace chancery::agent {
namespace {

using frontend::Answer;
using frontend::Request;

Answer Text(int status, std::string body) {
  return {status, {{"content-type", "text/plain; charset=utf-8"}}, std::move(body)};
}

Answer Misuse(std::string_view why) { return Text(400, fmt::format("{}\n", why)); }

Answer Failed(const base::Error& error) { return Text(500, fmt::format("{}\n", error.message)); }

// The parameters, or the one that is not in `known`.
base::Result<std::map<std::string, std::string>> ParseQuery(std::string_view query,
                                                            const std::set<std::string>& known) {
  std::map<std::string, std::string> parameters;
  for (const auto& [raw_name, raw_value] : frontend::SplitQuery(query)) {
    auto name = frontend::PercentDecode(raw_name);
    auto value = frontend::PercentDecode(raw_value);
    if (!name || !value || !known.contains(*name)) {
      return base::Error{base::Code::kBadRequest, fmt::format("unsupported query parameter: {}", raw_name), {}};
    }
    parameters[*std::move(name)] = *std::move(value);
  }
  return parameters;
}

Answer Prometheus(std::string body) {
  return {200, {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}}, std::move(body)};
}

}  // namespace

Answer Api::Handle(const Request& request) {
  std::string_view target = request.target;
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view query = path.size() < target.size() ? target.substr(path.size() + 1) : std::string_view();
  const bool get = path == "/status" || path == "/stats/prometheus";
  if (!get && path != "/drain_listeners" && path != "/enableLogging") return Text(404, "404 page not found\n");
  if (request.method != (get ? "GET" : "POST")) return Misuse(fmt::format("{} takes {}", path, get ? "GET" : "POST"));
  if (!request.body.empty()) return Misuse(fmt::format("{} takes no body", path));
  if (path == "/status") return {200, {{"content-type", "application/json"}}, ToJson(parts_.health.Report())};
  if (!limiter_.Take("")) return Text(429, "Too Many Requests\n");
  if (path == "/drain_listeners") return Drain(query);
  return path == "/enableLogging" ? EnableLogging(query) : Stats(query);
}

Answer Api::Drain(std::string_view query) {
  const auto parameters = ParseQuery(query, {"inboundonly", "graceful"});
  if (!parameters) return Misuse(parameters.error().message);
  std::string asked;
  for (const auto& [name, value] : *parameters) asked += (asked.empty() ? "" : "&") + name;
  const auto drained = parts_.admin.DrainListeners(asked);
  return drained ? Text(200, "OK\n") : Failed(drained.error());
}

Answer Api::EnableLogging(std::string_view query) {
  const auto parameters = ParseQuery(query, {"level"});
  if (!parameters) return Misuse(parameters.error().message);
  const auto given = parameters->find("level");
  if (given == parameters->end()) return Misuse("/enableLogging needs the parameter level");
  const auto level =
      cli::ParseWord(given->second, {"trace", "debug", "info", "warn", "warning", "error", "critical", "off"});
  if (!level) return Misuse("level: " + level.error().message);
  const auto set = parts_.log_level.Set(*level);
  if (!set) return Failed(set.error());
  return Text(200, fmt::format("Setting logging level from [{}] to [{}]\n", parts_.log_level.usual(), *level));
}

Answer Api::Stats(std::string_view query) {
  const auto parameters = ParseQuery(query, {"usedonly", "filter", "delta"});
  if (!parameters) return Misuse(parameters.error().message);
  const auto filter = parameters->find("filter");
  const bool filtered = filter != parameters->end();
  if (filtered && filter->second != "metrics_extension") return Misuse("filter: expected metrics_extension");
  if (parameters->contains("delta")) {
    if (parts_.snapshots == nullptr) return Misuse("delta needs ENABLE_STATS_SNAPSHOT");
    // Before the first snapshot everything is new.
    if (auto delta = parts_.snapshots->Delta()) {
      return Prometheus(WritePrometheus(filtered ? OnlyMetricsExtension(*delta) : *delta));
    }
  }
  auto stats = parts_.admin.Prometheus(parameters->contains("usedonly"));
  if (!stats) return Failed(stats.error());
  return Prometheus(filtered ? WritePrometheus(OnlyMetricsExtension(ParsePrometheus(*stats))) : *std::move(stats));
}

}  // namespace chancery::agent
