#pragma once

#include <google/protobuf/message.h>

#include "base/result.h"
#include "frontend/unit_of_work.h"
#include "model/resource.h"

namespace chancery::frontend {

// The field rules that need other resources (contract/api.md §4.6, rules 12, 13, 14, 16), both when
// the route is written and in reverse when the router, node, gateway or service is updated. They are
// rows of the table of field_rules.h; what they read becomes preconditions of the commit.

// A resource as it is about to be written.
struct Change {
  UnitOfWork& work;
  const model::ResourceKey& key;
  const google::protobuf::Message* before;  // null when it is created
  const google::protobuf::Message& after;
};

// kBadRequest by the first rule that is broken. REQUIRES: parents and references exist.
base::Status CheckMeshRules(const Change& change, bool strict);

// The checks, by name in the table.
using MeshCheck = base::Status (*)(const Change& change);
namespace mesh_rules {

base::Status RouteNeedsMatchPort(const Change& change);
base::Status RouterNeedsRoutesWithPorts(const Change& change);
base::Status RouteNeedsTargetPorts(const Change& change);
base::Status GatewayRouteNeedsMatchPort(const Change& change);
base::Status GatewayRouteNeedsTargetPort(const Change& change);
base::Status NodeNeedsRoutesWithPorts(const Change& change);
base::Status GatewayNeedsRoutesWithPorts(const Change& change);
base::Status ProviderNeedsTargetPorts(const Change& change);
base::Status RoutePortsExist(const Change& change);
base::Status GatewayRoutePortsExist(const Change& change);
base::Status PortsInUseStay(const Change& change);
base::Status RouteFitsProtocol(const Change& change);
base::Status RouterKeepsProtocols(const Change& change);

}  // namespace mesh_rules
}  // namespace chancery::frontend
