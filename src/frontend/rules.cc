#include "frontend/rules.h"

#include <chancery/model/gateway_route.pb.h>
#include <chancery/model/route.pb.h>
#include <chancery/model/virtual_service.pb.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "frontend/reflect.h"
#include "store/keys.h"

namespace chancery::frontend {
namespace {

using google::protobuf::Message;
using model::Kind;
using model::ResourceKey;

// At most so many names are listed in a message.
constexpr size_t kNamed = 5;

// ---- What refers to what -------------------------------------------------------------------------

// A reference inside a spec: the name and where it stands.
struct Named {
  std::string name;
  std::string path;
};

void ProviderNode(const Message& spec, std::vector<Named>& found) {
  const auto& provider = static_cast<const model::VirtualServiceSpec&>(spec).provider();
  if (!provider.has_virtual_node()) return;
  found.push_back({provider.virtual_node().virtual_node_name(), "spec.provider.virtualNode.virtualNodeName"});
}

void ProviderRouter(const Message& spec, std::vector<Named>& found) {
  const auto& provider = static_cast<const model::VirtualServiceSpec&>(spec).provider();
  if (!provider.has_virtual_router()) return;
  found.push_back({provider.virtual_router().virtual_router_name(), "spec.provider.virtualRouter.virtualRouterName"});
}

template <typename RouteType>
void TargetsIn(const RouteType& route, std::string_view member, std::vector<Named>& found) {
  for (int i = 0; i < route.action().weighted_targets_size(); ++i) {
    found.push_back({route.action().weighted_targets(i).virtual_node(),
                     fmt::format("spec.{}.action.weightedTargets[{}].virtualNode", member, i)});
  }
}

void RouteTargets(const Message& message, std::vector<Named>& found) {
  const auto& spec = static_cast<const model::RouteSpec&>(message);
  TargetsIn(spec.http_route(), "httpRoute", found);
  TargetsIn(spec.http2_route(), "http2Route", found);
  TargetsIn(spec.grpc_route(), "grpcRoute", found);
  TargetsIn(spec.tcp_route(), "tcpRoute", found);
}

void GatewayTarget(const Message& spec, std::vector<Named>& found) {
  for (std::string_view member : {"httpRoute", "http2Route", "grpcRoute"}) {
    const Message* route = MessageMember(spec, member);
    const Message* action = route == nullptr ? nullptr : MessageMember(*route, "action");
    const Message* target = action == nullptr ? nullptr : MessageMember(*action, "target");
    const Message* service = target == nullptr ? nullptr : MessageMember(*target, "virtualService");
    if (service == nullptr) continue;
    found.push_back({StringMember(*service, "virtualServiceName"),
                     fmt::format("spec.{}.action.target.virtualService.virtualServiceName", member)});
  }
}

struct ReferenceRule {
  std::string_view name;
  Kind from;
  Kind to;
  void (*collect)(const Message& spec, std::vector<Named>& found);
};

constexpr ReferenceRule kReferenceRules[] = {
    {"provider-node-exists", Kind::kVirtualService, Kind::kVirtualNode, ProviderNode},
    {"provider-router-exists", Kind::kVirtualService, Kind::kVirtualRouter, ProviderRouter},
    {"route-target-exists", Kind::kRoute, Kind::kVirtualNode, RouteTargets},
    {"gateway-route-target-exists", Kind::kGatewayRoute, Kind::kVirtualService, GatewayTarget},
};

// ---- What blocks a delete ------------------------------------------------------------------------

enum class BlockedBy { kChild, kReference };

struct DeleteRule {
  std::string_view name;
  Kind kind;
  BlockedBy by;
  Kind blocker;
  // {0} the resource, {1} its mesh, {2} the mesh's account, {3} up to five blockers.
  fmt::string_view message;
};

constexpr DeleteRule kDeleteRules[] = {
    {"mesh-has-virtual-nodes", Kind::kMesh, BlockedBy::kChild, Kind::kVirtualNode,
     "Mesh {1} for account {2} has active VirtualNodes, please delete VirtualNodes before deleting the Mesh"},
    {"mesh-has-virtual-routers", Kind::kMesh, BlockedBy::kChild, Kind::kVirtualRouter,
     "Mesh {1} for account {2} has active VirtualRouters, please delete VirtualRouters before deleting the Mesh"},
    {"mesh-has-virtual-services", Kind::kMesh, BlockedBy::kChild, Kind::kVirtualService,
     "Mesh {1} for account {2} has active VirtualServices, please delete VirtualServices before deleting the Mesh"},
    {"mesh-has-virtual-gateways", Kind::kMesh, BlockedBy::kChild, Kind::kVirtualGateway,
     "Mesh {1} for account {2} has active VirtualGateways, please delete VirtualGateways before deleting the Mesh"},
    {"router-has-routes", Kind::kVirtualRouter, BlockedBy::kChild, Kind::kRoute,
     "VirtualRouter with name {0} cannot be deleted because it has Routes: [{3}]"},
    {"gateway-has-gateway-routes", Kind::kVirtualGateway, BlockedBy::kChild, Kind::kGatewayRoute,
     "VirtualGateway with name {0} cannot be deleted because it has GatewayRoutes: [{3}]"},
    {"node-is-provider", Kind::kVirtualNode, BlockedBy::kReference, Kind::kVirtualService,
     "VirtualNode with name {0} cannot be deleted because it is a VirtualService provider: [{3}]"},
    {"node-is-route-target", Kind::kVirtualNode, BlockedBy::kReference, Kind::kRoute,
     "VirtualNode with name {0} cannot be deleted because it is a target of Routes: [{3}]"},
    {"router-is-provider", Kind::kVirtualRouter, BlockedBy::kReference, Kind::kVirtualService,
     "VirtualRouter with name {0} cannot be deleted because it is a VirtualService provider: [{3}]"},
    {"service-is-gateway-route-target", Kind::kVirtualService, BlockedBy::kReference, Kind::kGatewayRoute,
     "VirtualService {0} is being referenced in the following: GATEWAY_ROUTE: [{3}]"},
};

// Up to kNamed resources that block, as they are named in messages.
base::Result<std::vector<std::string>> BlockersOf(const store::Store& store, const DeleteRule& rule,
                                                  const ResourceKey& key) {
  const bool child = rule.by == BlockedBy::kChild;
  const std::string parent = key.kind == Kind::kMesh ? "" : key.name;
  const std::string prefix =
      child ? store::SiblingsPrefix(key.mesh, rule.blocker, parent)
            : fmt::format("{}{}/", store::ReferencesPrefix(key), model::DescriptorOf(rule.blocker).segment);
  auto page = store.Scan(prefix, "", kNamed);
  if (!page) return page.error();
  std::vector<std::string> names;
  for (const store::Entry& entry : page->entries) {
    auto blocker = child ? store::ParseResourceKeyText(entry.key()) : store::ParseReferrer(entry.key());
    if (!blocker) return blocker.error();
    names.push_back(child || blocker->parent.empty() ? blocker->name : blocker->parent + "/" + blocker->name);
  }
  return names;
}

}  // namespace

std::vector<Reference> ReferencesOf(const model::MeshId& mesh, Kind kind, const Message& spec) {
  std::vector<Reference> references;
  for (const ReferenceRule& rule : kReferenceRules) {
    if (rule.from != kind) continue;
    std::vector<Named> found;
    rule.collect(spec, found);
    for (Named& named : found) {
      references.push_back({{mesh, rule.to, "", std::move(named.name)}, std::move(named.path)});
    }
  }
  return references;
}

std::vector<ResourceKey> TargetsOf(const std::vector<Reference>& references) {
  std::vector<ResourceKey> targets;
  for (const Reference& reference : references) targets.push_back(reference.target);
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  return targets;
}

base::Status CheckReferences(UnitOfWork& work, const std::vector<Reference>& references) {
  std::vector<ResourceKey> missing;
  for (const ResourceKey& target : TargetsOf(references)) {
    auto found = work.Read(target);
    if (!found) return found.error();
    if (!found->has_value()) missing.push_back(target);
  }
  if (missing.empty()) return base::Status::Ok();
  base::Error error = NotPresent(missing.front());
  for (const Reference& reference : references) {
    if (!std::binary_search(missing.begin(), missing.end(), reference.target)) continue;
    error.violations.push_back(
        {reference.path, fmt::format("names the {} {}, which does not exist",
                                     model::DescriptorOf(reference.target.kind).name, reference.target.name)});
  }
  return error;
}

base::Status CheckDeletable(UnitOfWork& work, const ResourceKey& key) {
  CHANCERY_RETURN_IF_ERROR(work.RelyOnGuard(key));
  for (const DeleteRule& rule : kDeleteRules) {
    if (rule.kind != key.kind) continue;
    auto blockers = BlockersOf(work.store(), rule, key);
    if (!blockers) return blockers.error();
    if (blockers->empty()) continue;
    return base::Error{
        base::Code::kResourceInUse,
        fmt::format(fmt::runtime(rule.message), key.name, key.mesh.name, key.mesh.owner, fmt::join(*blockers, ", ")),
        {}};
  }
  return base::Status::Ok();
}

base::Error NotPresent(const ResourceKey& key) {
  const model::KindDescriptor& kind = model::DescriptorOf(key.kind);
  std::string message;
  if (key.kind == Kind::kMesh) {
    message = fmt::format("Mesh with name {} is not present for account {}", key.name, key.mesh.owner);
  } else if (key.parent.empty()) {
    message = fmt::format("{} with name {} is not present under mesh {} for account {}", kind.name, key.name,
                          key.mesh.name, key.mesh.owner);
  } else {
    message = fmt::format("{} with name {} is not present under {} {} in mesh {} for account {}", kind.name, key.name,
                          model::DescriptorOf(*kind.parent).name, key.parent, key.mesh.name, key.mesh.owner);
  }
  return {base::Code::kNotFound, std::move(message), {}};
}

}  // namespace chancery::frontend
