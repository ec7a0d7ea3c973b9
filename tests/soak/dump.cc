#include "dump.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace chancery::soak {
namespace {

namespace json = boost::json;

struct KindRow {
  std::string_view kind;
  std::string_view list;
  std::string_view name_member;
};
constexpr std::array<KindRow, 4> kInMesh = {{
    {"virtualNode", "virtualNodes", "virtualNodeName"},
    {"virtualRouter", "virtualRouters", "virtualRouterName"},
    {"virtualService", "virtualServices", "virtualServiceName"},
    {"virtualGateway", "virtualGateways", "virtualGatewayName"},
}};
constexpr KindRow kRoute = {"route", "routes", "routeName"};
constexpr KindRow kGatewayRoute = {"gatewayRoute", "gatewayRoutes", "gatewayRouteName"};

std::string Text(const json::value& value) { return std::string(value.as_string()); }

// A mesh as one account sees it.
class MeshDump {
 public:
  MeshDump(const frontend::Api& api, const std::string& account, const json::value& ref)
      : api_(api),
        account_(account),
        path_("/v20190125/meshes/" + Text(ref.at("meshName"))),
        query_("meshOwner=" + Text(ref.at("meshOwner"))) {}

  json::array Take(const json::value& ref) {
    Add("mesh", "", ref, path_);
    for (const KindRow& row : kInMesh) AddAll(row, "", fmt::format("{}/{}", path_, row.list));
    return std::move(resources_);
  }

 private:
  json::value Get(const std::string& path, std::string_view more = "") const {
    const auto answer = CallAs(api_, account_, {"GET", fmt::format("{}?{}{}", path, query_, more)});
    if (answer.status != 200) return {{"failed", answer.body}};
    return json::parse(answer.body);
  }

  void AddAll(const KindRow& row, const std::string& parent, const std::string& path) {
    std::string token;
    do {
      const json::value page = Get(path, "&limit=2" + (token.empty() ? "" : "&nextToken=" + token));
      if (!page.as_object().contains(row.list)) {
        resources_.push_back({{"kind", row.kind}, {"parent", parent}, {"ref", page}});
        return;
      }
      for (const json::value& ref : page.at(row.list).as_array()) {
        const std::string name = Text(ref.at(row.name_member));
        Add(row.kind, parent, ref, path + "/" + name);
        if (row.kind == "virtualRouter") AddAll(kRoute, name, fmt::format("{}/virtualRouter/{}/routes", path_, name));
        if (row.kind == "virtualGateway") {
          AddAll(kGatewayRoute, name, fmt::format("{}/virtualGateway/{}/gatewayRoutes", path_, name));
        }
      }
      token = page.as_object().contains("nextToken") ? Text(page.at("nextToken")) : "";
    } while (!token.empty());
  }

  void Add(std::string_view kind, const std::string& parent, const json::value& ref, const std::string& path) {
    json::object resource = {{"kind", kind}, {"parent", parent}, {"ref", ref}, {"data", Get(path)}};
    if (Text(ref.at("resourceOwner")) == account_) resource["tags"] = Tags(Text(ref.at("arn")));
    resources_.push_back(std::move(resource));
  }

  json::value Tags(std::string arn) const {
    if (const size_t at = arn.find('@'); at != std::string::npos) arn.replace(at, 1, "%40");
    json::array tags;
    std::string token;
    do {
      const auto answer = CallAs(
          api_, account_, {"GET", "/v20190125/tags?resourceArn=" + arn + (token.empty() ? "" : "&nextToken=" + token)});
      if (answer.status != 200) return {{"failed", answer.body}};
      const json::value page = json::parse(answer.body);
      for (const json::value& tag : page.at("tags").as_array()) tags.push_back(tag);
      token = page.as_object().contains("nextToken") ? Text(page.at("nextToken")) : "";
    } while (!token.empty());
    return tags;
  }

  const frontend::Api& api_;
  const std::string account_;
  const std::string path_;
  const std::string query_;
  json::array resources_;
};

}  // namespace

frontend::Answer CallAs(const frontend::Api& api, const std::string& account, frontend::Request request) {
  request.headers.emplace_back("x-account", account);
  return api.Handle(request);
}

frontend::OpenGate AccountGate() {
  return frontend::OpenGate([](const frontend::Request& request) -> base::Result<frontend::Caller> {
    const std::string account(frontend::HeaderOf(request.headers, "x-account"));
    return frontend::Caller{account, account};
  });
}

json::object DumpAccount(const frontend::Api& api, const std::string& account) {
  json::array meshes;
  const auto answer = CallAs(api, account, {"GET", "/v20190125/meshes"});
  if (answer.status != 200) return {{"account", account}, {"failed", answer.body}};
  const json::value listed = json::parse(answer.body);
  for (const json::value& ref : listed.at("meshes").as_array()) {
    meshes.push_back(MeshDump(api, account, ref).Take(ref));
  }
  return {{"account", account}, {"meshes", std::move(meshes)}};
}

}  // namespace chancery::soak
