#include "model/kind.h"

#include <chancery/model/gateway_route.pb.h>
#include <chancery/model/mesh.pb.h>
#include <chancery/model/route.pb.h>
#include <chancery/model/virtual_gateway.pb.h>
#include <chancery/model/virtual_node.pb.h>
#include <chancery/model/virtual_router.pb.h>
#include <chancery/model/virtual_service.pb.h>

#include "base/check.h"

namespace chancery::model {
namespace {

template <typename Spec, typename Data, typename Ref>
KindDescriptor Describe(Kind kind, std::string_view name, std::string_view segment, std::string_view plural,
                        std::string_view name_member, std::optional<Kind> parent) {
  return {kind, name, segment, plural, name_member, parent, Spec::descriptor(), Data::descriptor(), Ref::descriptor()};
}

const std::array<KindDescriptor, 7>& Table() {
  static const std::array<KindDescriptor, 7> table = {
      Describe<MeshSpec, MeshData, MeshRef>(Kind::kMesh, "Mesh", "mesh", "meshes", "meshName", std::nullopt),
      Describe<VirtualNodeSpec, VirtualNodeData, VirtualNodeRef>(Kind::kVirtualNode, "VirtualNode", "virtualNode",
                                                                 "virtualNodes", "virtualNodeName", Kind::kMesh),
      Describe<VirtualRouterSpec, VirtualRouterData, VirtualRouterRef>(
          Kind::kVirtualRouter, "VirtualRouter", "virtualRouter", "virtualRouters", "virtualRouterName", Kind::kMesh),
      Describe<RouteSpec, RouteData, RouteRef>(Kind::kRoute, "Route", "route", "routes", "routeName",
                                               Kind::kVirtualRouter),
      Describe<VirtualServiceSpec, VirtualServiceData, VirtualServiceRef>(Kind::kVirtualService, "VirtualService",
                                                                          "virtualService", "virtualServices",
                                                                          "virtualServiceName", Kind::kMesh),
      Describe<VirtualGatewaySpec, VirtualGatewayData, VirtualGatewayRef>(Kind::kVirtualGateway, "VirtualGateway",
                                                                          "virtualGateway", "virtualGateways",
                                                                          "virtualGatewayName", Kind::kMesh),
      Describe<GatewayRouteSpec, GatewayRouteData, GatewayRouteRef>(Kind::kGatewayRoute, "GatewayRoute", "gatewayRoute",
                                                                    "gatewayRoutes", "gatewayRouteName",
                                                                    Kind::kVirtualGateway),
  };
  return table;
}

}  // namespace

std::span<const KindDescriptor> AllKinds() { return Table(); }

const KindDescriptor& DescriptorOf(Kind kind) {
  const size_t index = static_cast<size_t>(kind) - 1;
  CHANCERY_CHECK(index < Table().size());
  return Table()[index];
}

std::optional<Kind> KindOfSegment(std::string_view segment) {
  for (const KindDescriptor& descriptor : Table()) {
    if (descriptor.segment == segment) return descriptor.kind;
  }
  return std::nullopt;
}

}  // namespace chancery::model
