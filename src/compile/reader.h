#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compile/compile.h"

namespace chancery::compile {

// The only way by which resolving looks at the model: records what was read, present or absent, and
// collects the warnings. Confined to one Compile.
class Reader {
 public:
  Reader(const model::Snapshot& snapshot, Profile profile) : snapshot_(snapshot), profile_(profile) {}

  const std::string& mesh_name() const { return snapshot_.mesh().name; }
  // Whether the proxy's Envoy can do that.
  bool Has(EnvoyFeature feature) const { return compile::Has(profile_, feature); }

  // Null when absent.
  const chancery::model::MeshSpec* Mesh();
  const chancery::model::VirtualNodeSpec* Node(std::string_view name);
  const chancery::model::VirtualRouterSpec* Router(std::string_view name);
  const chancery::model::VirtualServiceSpec* Service(std::string_view name);
  const chancery::model::VirtualGatewaySpec* Gateway(std::string_view name);

  // Name and spec, sorted by name.
  template <typename Spec>
  using Named = std::vector<std::pair<std::string, const Spec*>>;
  Named<chancery::model::RouteSpec> Routes(std::string_view router);
  Named<chancery::model::GatewayRouteSpec> GatewayRoutes(std::string_view gateway);

  void Warn(model::Kind kind, std::string_view parent, std::string_view name, std::string text);

  std::set<ReadKey> TakeReads() { return std::move(reads_); }
  // Sorted.
  std::vector<Warning> TakeWarnings() { return {warnings_.begin(), warnings_.end()}; }

 private:
  const model::Resource* Find(model::Kind kind, std::string_view name);
  std::vector<const model::Resource*> Children(model::Kind kind, std::string_view parent);

  const model::Snapshot& snapshot_;
  const Profile profile_;
  std::set<ReadKey> reads_;
  std::set<Warning> warnings_;
};

}  // namespace chancery::compile
