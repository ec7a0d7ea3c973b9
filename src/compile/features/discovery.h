#pragma once

#include <chancery/model/common.pb.h>
#include <chancery/model/mesh.pb.h>
#include <chancery/model/virtual_node.pb.h>

#include <optional>
#include <string>

#include "compile/ir.h"

// How a node is found and where its own application listens (contract/envoy.md §2.6).
//
// This is the only place that knows the sources of endpoints. DNS leaves them to the proxy. A registry
// (Cloud Map) plugs in here: ToDiscovery then gives a cluster of type kEds, and who calls it adds a
// fragment of type kEndpoint under the cluster's name, made from instances that have to be part of the
// snapshot, so that the compiler stays pure. An assignment without endpoints is one too: without any the
// cluster would not become warm (§7.3). Until then such a node is not served, with a warning.
namespace chancery::compile {

// The node's own preference, else the mesh's; IP_PREFERENCE_UNSPECIFIED when neither has one.
// Both may be null.
chancery::model::IpPreference PreferenceOf(const chancery::model::MeshSpec* mesh,
                                           const chancery::model::VirtualNodeSpec* node);

// Any preference at all makes listeners bind both families.
inline bool BindsBoth(chancery::model::IpPreference preference) {
  return preference != chancery::model::IP_PREFERENCE_UNSPECIFIED;
}

// The address at which a node's application, or a gateway's own second hop, is reached.
std::string LoopbackOf(chancery::model::IpPreference preference);

// Type, host and address family of the clusters of clients; name and port are left to the caller.
// Nothing, and why, when the node cannot be reached.
std::optional<ir::Cluster> ToDiscovery(const chancery::model::ServiceDiscovery& discovery,
                                       chancery::model::IpPreference preference, std::string& why);

}  // namespace chancery::compile
