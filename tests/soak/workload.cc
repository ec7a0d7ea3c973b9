#include "workload.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace chancery::soak {
namespace {

// How a kind is written in paths and bodies, and how many names it has: one more than its quota.
struct KindRow {
  std::string_view kind;
  std::string_view name_member;
  std::string_view path;  // below the mesh; {} is the parent
  std::string_view prefix;
  int names;
  std::string_view parent_prefix = {};
  int parent_names = 1;
  int weight = 10;
};

constexpr int kMeshes = 3;
constexpr int kTokens = 5;
constexpr std::array<KindRow, 7> kKinds = {{
    {"mesh", "meshName", "", "m", kMeshes, {}, 1, 6},
    {"virtualNode", "virtualNodeName", "/virtualNodes", "n", 6, {}, 1, 22},
    {"virtualRouter", "virtualRouterName", "/virtualRouters", "r", 3, {}, 1, 14},
    {"route", "routeName", "/virtualRouter/{}/routes", "t", 4, "r", 3, 22},
    {"virtualService", "virtualServiceName", "/virtualServices", "s", 4, {}, 1, 14},
    {"virtualGateway", "virtualGatewayName", "/virtualGateways", "g", 2, {}, 1, 8},
    {"gatewayRoute", "gatewayRouteName", "/virtualGateway/{}/gatewayRoutes", "w", 4, "g", 2, 14},
}};

}  // namespace

std::string Workload::Name(std::string_view prefix, int n) { return fmt::format("{}{}", prefix, Below(n)); }

std::string Workload::Owner() { return kAccounts[Chance(75) ? 0 : Below(3)]; }

std::string Workload::Mesh() { return Chance(60) ? "m0" : Name("m", kMeshes); }

std::string Workload::Listeners(bool several) {
  const auto one = [this](int port) {
    return fmt::format(R"({{"portMapping":{{"port":{},"protocol":"{}"}}}})", port, Chance(85) ? "http" : "http2");
  };
  if (several) return fmt::format(R"("listeners":[{},{}])", one(80), one(81));
  return fmt::format(R"("listeners":[{}])", one(Port()));
}

std::string Workload::PortMember(int percent) {
  return Chance(percent) ? fmt::format(R"("port":{})", Port()) : std::string();
}

std::string Workload::NodeSpec() {
  std::vector<std::string> backends;
  for (int i = Below(4); i > 0; --i) {
    backends.push_back(fmt::format(R"({{"virtualService":{{"virtualServiceName":"{}"}}}})", Name("s", 4)));
  }
  return fmt::format(R"({{"serviceDiscovery":{{"dns":{{"hostname":"n"}}}},"backends":[{}]{}}})",
                     fmt::join(backends, ","), Chance(80) ? "," + Listeners(Chance(30)) : "");
}

std::string Workload::ServiceSpec() {
  if (Chance(20)) return "{}";
  if (Chance(50)) {
    return fmt::format(R"({{"provider":{{"virtualNode":{{"virtualNodeName":"{}"}}}}}})", Name("n", 6));
  }
  return fmt::format(R"({{"provider":{{"virtualRouter":{{"virtualRouterName":"{}"}}}}}})", Name("r", 3));
}

std::string Workload::RouteSpec() {
  std::vector<std::string> targets;
  for (int i = Chance(10) ? 3 : 1 + Below(2); i > 0; --i) {
    const std::string port = PortMember(50);
    targets.push_back(fmt::format(R"({{"virtualNode":"{}","weight":{}{}{}}})", Name("n", 6), Below(30),
                                  port.empty() ? "" : ",", port));
  }
  const std::string port = PortMember(50);
  return fmt::format(R"({{"{}":{{"match":{{"prefix":"/"{}{}}},"action":{{"weightedTargets":[{}]}}}}}})",
                     Chance(85) ? "httpRoute" : "http2Route", port.empty() ? "" : ",", port, fmt::join(targets, ","));
}

std::string Workload::GatewayRouteSpec() {
  const std::string match = PortMember(50);
  const std::string target = PortMember(50);
  return fmt::format(R"({{"httpRoute":{{"match":{{"prefix":"/"{}{}}},"action":{{"target":{{{}{})"
                     R"("virtualService":{{"virtualServiceName":"{}"}}}}}}}}}})",
                     match.empty() ? "" : ",", match, target, target.empty() ? "" : ",", Name("s", 4));
}

std::string Workload::Spec(std::string_view kind) {
  if (kind == "virtualNode") return NodeSpec();
  if (kind == "virtualService") return ServiceSpec();
  if (kind == "route") return RouteSpec();
  if (kind == "gatewayRoute") return GatewayRouteSpec();
  if (kind == "virtualRouter" || kind == "virtualGateway") return "{" + Listeners(Chance(30)) + "}";
  return Chance(50) ? "{}" : R"({"egressFilter":{"type":"ALLOW_ALL"}})";
}

std::string Workload::Tags() {
  // 48 to 50 keys, from so many that a few calls exceed 50.
  std::vector<std::string> tags;
  const int first = Below(10);
  for (int i = 0; i < 1 + Below(50); ++i) {
    tags.push_back(fmt::format(R"({{"key":"k{}","value":"{}"}})", first + i, Below(10)));
  }
  return fmt::format(R"("tags":[{}])", fmt::join(tags, ","));
}

Step Workload::Write(std::string_view verb) {
  int at = Below(100);
  const KindRow* row = kKinds.data();
  while (at >= row->weight) at -= (row++)->weight;
  Step step{Act::kCall, fmt::format("{} {}", verb, row->kind), "", Owner(), Mesh()};
  step.caller = Chance(70) ? step.owner : kAccounts[Below(3)];
  const std::string name = Name(row->prefix, row->names);
  std::string path = "/v20190125/meshes";
  const bool mesh = row->kind == "mesh";
  if (mesh) {
    step.caller = step.owner;
    step.mesh = name;
  } else {
    path += "/" + step.mesh + fmt::format(fmt::runtime(row->path), Name(row->parent_prefix, row->parent_names));
  }
  if (verb != "create") path += "/" + name;
  if (step.owner != step.caller) path += "?meshOwner=" + step.owner;
  step.request = {verb == "delete" ? "DELETE" : verb == "describe" ? "GET" : "PUT", path, {}, ""};
  if (step.request.method != "PUT") return step;
  std::string body = fmt::format(R"("spec":{})", Spec(row->kind));
  if (verb == "create") body += fmt::format(R"(,"{}":"{}")", row->name_member, name);
  if (verb == "create" && Chance(20)) body += "," + Tags();
  if (Chance(15)) body += fmt::format(R"(,"clientToken":"t{}")", Below(kTokens));
  step.request.body = "{" + body + "}";
  return step;
}

Step Workload::TagCall() {
  Step step{Act::kCall, "tag", "", Owner(), Mesh()};
  step.caller = Chance(70) ? step.owner : kAccounts[Below(3)];
  const std::string mesh = step.owner == step.caller ? step.mesh : step.mesh + "%40" + step.owner;
  const std::string below = Chance(30) ? "" : "/virtualNode/" + Name("n", 6);
  const std::string arn = fmt::format("arn:aws:appmesh:us-west-2:{}:mesh/{}{}", step.caller, mesh, below);
  step.request = {"PUT", "/v20190125/tag?resourceArn=" + arn, {}, "{" + Tags() + "}"};
  if (Chance(40)) {
    step.what = "untag";
    step.request.target = "/v20190125/untag?resourceArn=" + arn;
    step.request.body = fmt::format(R"({{"tagKeys":["k{}","k{}"]}})", Below(30), 30 + Below(30));
  }
  return step;
}

Step Workload::ShareStep() {
  const int owner = Chance(75) ? 0 : Below(3);
  Step step{Act::kShare, "share", "admin", kAccounts[owner], Mesh()};
  step.account = kAccounts[(owner + 1 + Below(2)) % 3];
  if (Chance(40)) {
    step.act = Act::kUnshare;
    step.what = "unshare";
  }
  return step;
}

Step Workload::QuotaStep() {
  Step step{Act::kSetQuota, "set quota", "admin", "", ""};
  step.account = kAccounts[Below(3)];
  step.limit = kQuotas.at(std::string(kMovingQuota)) + Below(2);
  return step;
}

Step Workload::Next() {
  const int kind = Below(100);
  if (kind < 52) return Write("create");
  if (kind < 80) return Write("update");
  if (kind < 87) return Write("delete");
  if (kind < 89) return Write("describe");
  if (kind < 95) return TagCall();
  if (kind < 99) return ShareStep();
  return QuotaStep();
}

}  // namespace chancery::soak
