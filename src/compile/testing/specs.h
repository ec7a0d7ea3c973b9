#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "compile/testing/world.h"

// Test support: the specs that most cases are made of, in the API's JSON.
namespace chancery::compile::testing {

// A node with one listener and DNS; `more` is ",\"member\":…" of the listener.
inline std::string NodeOn(int port, std::string_view protocol, std::string_view more = "") {
  return fmt::format(R"({{"listeners":[{{"portMapping":{{"port":{},"protocol":"{}"}}{}}}],
      "serviceDiscovery":{{"dns":{{"hostname":"x.local"}}}}}})",
                     port, protocol, more);
}

// A node with backends and no listener.
inline std::string ClientOf(const std::vector<std::string>& services) {
  std::string backends;
  for (const std::string& service : services) {
    backends += backends.empty() ? "" : ",";
    backends += R"({"virtualService":{"virtualServiceName":")" + service + R"("}})";
  }
  return R"({"backends":[)" + backends + "]}";
}

// Virtual services.
inline std::string ByNode(std::string_view node) {
  return fmt::format(R"({{"provider":{{"virtualNode":{{"virtualNodeName":"{}"}}}}}})", node);
}
inline std::string ByRouter(std::string_view router) {
  return fmt::format(R"({{"provider":{{"virtualRouter":{{"virtualRouterName":"{}"}}}}}})", router);
}

inline std::string RouterOn(int port, std::string_view protocol) {
  return fmt::format(R"({{"listeners":[{{"portMapping":{{"port":{},"protocol":"{}"}}}}]}})", port, protocol);
}

// An http route to node "api"; `more` is ",\"member\":…" of the route.
inline std::string HttpRoute(std::string_view match, std::string_view more = "") {
  return fmt::format(
      R"({{"httpRoute":{{"match":{},"action":{{"weightedTargets":[{{"virtualNode":"api","weight":1}}]}}{}}}}})", match,
      more);
}

// A client of "api.local", which router "api" provides on port 8000; node "api" listens on 80.
inline World RoutedWorld() {
  World world;
  world.Mesh().Node("client", ClientOf({"api.local"})).Node("api", NodeOn(80, "http"));
  world.Service("api.local", ByRouter("api")).Router("api", RouterOn(8000, "http"));
  return world;
}

}  // namespace chancery::compile::testing
