#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/resource.h"

namespace chancery::frontend {

// The ports of a route or gateway route: where it listens and what it sends to. Pure.
struct PortTarget {
  model::ResourceKey key;  // a virtual node, or a virtual service
  std::optional<int> port;
  std::string path;  // of the port
};
struct RoutePorts {
  std::string_view protocol;
  std::string member;  // spec.httpRoute
  std::optional<int> match;
  std::vector<PortTarget> targets;
};

// REQUIRES: `spec` is that of a route or gateway route, as `kind` says, with one kind of route set.
RoutePorts RoutePortsOf(const model::MeshId& mesh, model::Kind kind, const google::protobuf::Message& spec);

}  // namespace chancery::frontend
