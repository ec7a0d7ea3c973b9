#include "app/status_json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/json.hpp>

#include "model/resource.h"
#include "xds/resource.h"

namespace chancery::app {
namespace {

namespace json = boost::json;

// RFC 3339 in UTC with milliseconds; null for a time that never was.
json::value TimeJson(base::Clock::WallTime time) {
  if (time == base::Clock::WallTime{}) return nullptr;
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  const std::time_t seconds = millis.count() / 1000;
  return json::string(fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), millis.count() % 1000));
}

json::value TextJson(const std::string& text) {
  if (text.empty()) return nullptr;
  return json::string(text);
}

json::object TypeJson(const ems::TypeStatus& status) {
  json::object type;
  type["sent"] = TextJson(status.sent);
  type["sent_at"] = TimeJson(status.sent_at);
  type["acknowledged"] = TextJson(status.acknowledged);
  type["acknowledged_at"] = TimeJson(status.acknowledged_at);
  type["in_force"] = status.in_force;
  type["live_through"] = status.live_through;
  type["warming"] = status.warming;
  type["rejected"] = status.rejected;
  if (status.rejected) {
    type["rejected_version"] = TextJson(status.rejected_version);
    type["rejected_names"] = json::array(status.rejected_names.begin(), status.rejected_names.end());
    type["message"] = TextJson(status.message);
    type["rejected_at"] = TimeJson(status.rejected_at);
  }
  return type;
}

json::object WarningJson(const compile::Warning& warning) {
  json::object out;
  out["kind"] = model::DescriptorOf(warning.kind).segment;
  if (!warning.parent.empty()) out["parent"] = warning.parent;
  out["name"] = warning.name;
  out["text"] = warning.text;
  return out;
}

json::object ProxyJson(const ems::ProxyStatus& proxy) {
  json::object out;
  out["id"] = proxy.node_id;
  out["stream"] = proxy.stream;
  out["peer"] = proxy.peer;
  out["user_agent"] = TextJson(proxy.user_agent);
  out["profile"] = compile::Label(proxy.key.profile);
  out["mesh_owner"] = proxy.key.mesh.owner;
  out["mesh"] = proxy.key.mesh.name;
  out["kind"] = model::DescriptorOf(proxy.key.kind).segment;
  out["name"] = proxy.key.name;
  out["connected_at"] = TimeJson(proxy.connected_at);
  out["waiting"] = proxy.waiting;
  out["orphaned"] = proxy.orphaned;
  json::array warnings;
  for (const std::string& text : proxy.skew) {
    warnings.push_back(WarningJson({proxy.key.kind, "", proxy.key.name, text}));
  }
  for (const compile::Warning& warning : proxy.warnings) warnings.push_back(WarningJson(warning));
  out["warnings"] = std::move(warnings);
  json::object types;
  for (const xds::Type type : xds::kAllTypes) {
    const ems::TypeStatus& status = proxy.types[static_cast<size_t>(type)];
    if (status.subscribed) types[xds::DescriptorOf(type).label] = TypeJson(status);
  }
  out["types"] = std::move(types);
  return out;
}

}  // namespace

std::string ProxiesJson(const std::vector<ems::ProxyStatus>& proxies) {
  json::array all;
  for (const ems::ProxyStatus& proxy : proxies) all.push_back(ProxyJson(proxy));
  return json::serialize(json::object{{"proxies", std::move(all)}});
}

std::string TxnJson(const std::string& mesh, store::Txn txn, const ems::TxnStatus& status) {
  return json::serialize(json::object{{"mesh", mesh},
                                      {"txn", txn},
                                      {"compiled_through", status.compiled_through},
                                      {"live", status.live},
                                      {"pending", status.pending},
                                      {"acknowledged", status.acknowledged},
                                      {"rejected", status.rejected}});
}

}  // namespace chancery::app
