#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <optional>
#include <vector>

#include "base/result.h"
#include "frontend/listeners.h"
#include "frontend/unit_of_work.h"
#include "model/resource.h"

namespace chancery::frontend {

// The resources around one, as the rules between resources need them (mesh_rules.h). Whatever is read becomes a
// precondition of the commit, and so does the set that is gone through. Errors: those of the store. A UnitOfWork has
// one thread.

// The listeners of a stored node, router or gateway; none when it is gone.
base::Result<std::vector<ListenerPort>> ReadListeners(UnitOfWork& work, const model::ResourceKey& key);
// The listeners that a target is reached at: its own, or those of a service's provider.
base::Result<std::vector<ListenerPort>> ReadTargetListeners(UnitOfWork& work, const model::ResourceKey& target);

// The node or router behind a service with this spec, if there is one.
std::optional<model::ResourceKey> ProviderOf(const model::MeshId& mesh, const google::protobuf::Message& service_spec);
// The router of a route, the gateway of a gateway route.
model::ResourceKey ParentOf(const model::ResourceKey& route);

// Called for each resource that is found, with its spec; an error ends the walk and is its result.
using Visit = std::function<base::Status(const model::ResourceKey& key, const google::protobuf::Message& spec)>;

// The resources of a kind whose parent is `parent`.
base::Status ForEachChild(UnitOfWork& work, const model::ResourceKey& parent, model::Kind kind, const Visit& visit);
// The resources of a kind that name `to`.
base::Status ForEachReferrer(UnitOfWork& work, const model::ResourceKey& to, model::Kind kind, const Visit& visit);
// The gateway routes to the service `to`, or to the services whose provider is the node or router `to`.
base::Status ForEachGatewayRouteTo(UnitOfWork& work, const model::ResourceKey& to, const Visit& visit);

}  // namespace chancery::frontend
