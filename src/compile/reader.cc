#include "compile/reader.h"

namespace chancery::compile {

using model::Kind;

const model::Resource* Reader::Find(Kind kind, std::string_view name) {
  reads_.insert(ReadKey{kind, "", std::string(name)});
  return snapshot_.Find(kind, "", name);
}

std::vector<const model::Resource*> Reader::Children(Kind kind, std::string_view parent) {
  reads_.insert(ReadKey{kind, std::string(parent), ""});
  return snapshot_.Children(kind, parent);
}

const chancery::model::MeshSpec* Reader::Mesh() {
  const model::Resource* found = Find(Kind::kMesh, mesh_name());
  return found == nullptr ? nullptr : &found->record.mesh();
}

const chancery::model::VirtualNodeSpec* Reader::Node(std::string_view name) {
  const model::Resource* found = Find(Kind::kVirtualNode, name);
  return found == nullptr ? nullptr : &found->record.virtual_node();
}

const chancery::model::VirtualRouterSpec* Reader::Router(std::string_view name) {
  const model::Resource* found = Find(Kind::kVirtualRouter, name);
  return found == nullptr ? nullptr : &found->record.virtual_router();
}

const chancery::model::VirtualServiceSpec* Reader::Service(std::string_view name) {
  const model::Resource* found = Find(Kind::kVirtualService, name);
  return found == nullptr ? nullptr : &found->record.virtual_service();
}

const chancery::model::VirtualGatewaySpec* Reader::Gateway(std::string_view name) {
  const model::Resource* found = Find(Kind::kVirtualGateway, name);
  return found == nullptr ? nullptr : &found->record.virtual_gateway();
}

Reader::Named<chancery::model::RouteSpec> Reader::Routes(std::string_view router) {
  Named<chancery::model::RouteSpec> routes;
  for (const model::Resource* child : Children(Kind::kRoute, router)) {
    routes.emplace_back(child->key.name, &child->record.route());
  }
  return routes;
}

Reader::Named<chancery::model::GatewayRouteSpec> Reader::GatewayRoutes(std::string_view gateway) {
  Named<chancery::model::GatewayRouteSpec> routes;
  for (const model::Resource* child : Children(Kind::kGatewayRoute, gateway)) {
    routes.emplace_back(child->key.name, &child->record.gateway_route());
  }
  return routes;
}

void Reader::Warn(Kind kind, std::string_view parent, std::string_view name, std::string text) {
  warnings_.insert(Warning{kind, std::string(parent), std::string(name), std::move(text)});
}

}  // namespace chancery::compile
