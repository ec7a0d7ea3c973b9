#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

#include "compile/compile.h"
#include "model/snapshot.h"

// Test support: a mesh written down in the API's own JSON.
namespace chancery::compile::testing {

inline const model::MeshId kMesh{"111111111111", "shop"};

// Fails the test when the spec is no valid one of the API.
model::ResourcePtr MakeResource(model::Kind kind, std::string parent, std::string name, std::string_view spec_json);
model::ResourcePtr MakeResource(model::Kind kind, std::string parent, std::string name,
                                const google::protobuf::Message& spec);

// A mesh under construction; each call adds one resource.
class World {
 public:
  World& Mesh(std::string_view spec = "{}") { return Add(model::Kind::kMesh, "", kMesh.name, spec); }
  World& Node(std::string name, std::string_view spec) {
    return Add(model::Kind::kVirtualNode, "", std::move(name), spec);
  }
  World& Router(std::string name, std::string_view spec) {
    return Add(model::Kind::kVirtualRouter, "", std::move(name), spec);
  }
  World& Route(std::string router, std::string name, std::string_view spec) {
    return Add(model::Kind::kRoute, std::move(router), std::move(name), spec);
  }
  World& Service(std::string name, std::string_view spec) {
    return Add(model::Kind::kVirtualService, "", std::move(name), spec);
  }
  World& Gateway(std::string name, std::string_view spec) {
    return Add(model::Kind::kVirtualGateway, "", std::move(name), spec);
  }
  World& GatewayRoute(std::string gateway, std::string name, std::string_view spec) {
    return Add(model::Kind::kGatewayRoute, std::move(gateway), std::move(name), spec);
  }
  World& Add(model::Kind kind, std::string parent, std::string name, std::string_view spec);

  const model::Snapshot& snapshot() const { return snapshot_; }
  ProxyConfig CompileNode(std::string name) const;
  ProxyConfig CompileGateway(std::string name) const;

 private:
  model::Snapshot snapshot_{kMesh};
};

// Null when there is none.
const Fragment* FindFragment(const ProxyConfig& config, FragmentType type, std::string_view name);
std::vector<std::string> NamesOf(const ProxyConfig& config, FragmentType type);

// The Envoy message in a fragment.
template <typename Message>
Message Parsed(const ProxyConfig& config, FragmentType type, std::string_view name) {
  Message message;
  if (const Fragment* fragment = FindFragment(config, type, name)) message.ParseFromString(fragment->bytes);
  return message;
}

}  // namespace chancery::compile::testing
