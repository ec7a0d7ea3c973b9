#include "frontend/quotas.h"

#include <chancery/model/route.pb.h>
#include <chancery/model/virtual_node.pb.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "store/keys.h"

namespace chancery::frontend {
namespace {

using base::Code;
using base::Error;
using base::Status;
using google::protobuf::Message;
using model::Kind;
using model::ResourceKey;

constexpr size_t kPageSize = 1000;

int64_t Backends(const Message& spec) {
  return google::protobuf::DynamicCastToGenerated<const model::VirtualNodeSpec>(&spec)->backends_size();
}

int64_t WeightedTargets(const Message& message) {
  const auto& spec = *google::protobuf::DynamicCastToGenerated<const model::RouteSpec>(&message);
  return std::max(
      {spec.http_route().action().weighted_targets_size(), spec.http2_route().action().weighted_targets_size(),
       spec.grpc_route().action().weighted_targets_size(), spec.tcp_route().action().weighted_targets_size()});
}

// A quota of how many resources of a kind stand beside each other, or of what one spec may hold.
struct Quota {
  QuotaInfo info;
  std::optional<Kind> kind = std::nullopt;
  int64_t (*in_spec)(const Message& spec) = nullptr;
};

constexpr Quota kQuotas[] = {
    {{"meshes-per-account", "Meshes per account", "L-AC861A39", 15}, Kind::kMesh},
    {{"virtual-services-per-mesh", "Virtual services per mesh", "L-DA7495A7", 200}, Kind::kVirtualService},
    {{"virtual-nodes-per-mesh", "Virtual nodes per mesh", "L-E043DFB4", 200}, Kind::kVirtualNode},
    {{"virtual-routers-per-mesh", "Virtual routers per mesh", "L-50F6C35A", 200}, Kind::kVirtualRouter},
    {{"virtual-gateways-per-mesh", "Virtual gateways per mesh", "L-87E74146", 3}, Kind::kVirtualGateway},
    {{"routes-per-virtual-router", "Routes per virtual router", "L-BB90B7FF", 50}, Kind::kRoute},
    {{"gateway-routes-per-virtual-gateway", "Gateway routes per virtual gateway", "L-F6F26D09", 10},
     Kind::kGatewayRoute},
    {{"backends-per-virtual-node", "Backends per virtual node", "L-8775AB18", 50}, Kind::kVirtualNode, Backends},
    {{"weighted-targets-per-route", "Weighted targets per route", "L-AE1D9567", 10}, Kind::kRoute, WeightedTargets},
    {{"envoys-per-virtual-node", "Connected Envoys per virtual node", "L-606A910B", 50, false}, Kind::kVirtualNode},
    {{"envoys-per-virtual-gateway", "Connected Envoys per virtual gateway", "L-33E8F9C9", 50, false},
     Kind::kVirtualGateway},
};

std::vector<QuotaInfo> Infos() {
  std::vector<QuotaInfo> infos;
  for (const Quota& quota : kQuotas) infos.push_back(quota.info);
  return infos;
}

Status Exceeded(const Quota& quota, const std::string& account, int64_t limit) {
  return Error{Code::kLimitExceeded,
               fmt::format("the quota {} ({}) of account {} is {}", quota.info.title, quota.info.code, account, limit),
               {}};
}

// Whose guard moves when a resource of that kind comes or goes beside `key`.
ResourceKey CountedUnder(const ResourceKey& key) {
  if (key.kind == Kind::kMesh) return {{key.mesh.owner, ""}, Kind::kMesh, "", ""};
  if (key.parent.empty()) return {key.mesh, Kind::kMesh, "", key.mesh.name};
  return {key.mesh, *model::DescriptorOf(key.kind).parent, "", key.parent};
}

// Whether at least `limit` resources stand where `key` is to stand.
base::Result<bool> IsFull(UnitOfWork& work, const ResourceKey& key, int64_t limit) {
  const std::string prefix = key.kind == Kind::kMesh ? store::MeshesPrefix(key.mesh.owner)
                                                     : store::SiblingsPrefix(key.mesh, key.kind, key.parent);
  int64_t count = 0;
  std::string after;
  while (count < limit) {
    auto page = work.store().Scan(prefix, after, kPageSize);
    if (!page) return page.error();
    count += static_cast<int64_t>(page->entries.size());
    if (!page->more) break;
    after = page->entries.back().key();
  }
  return count >= limit;
}

Status CheckRoom(const Quota& quota, const QuotaRequest& request, int64_t limit) {
  const ResourceKey under = CountedUnder(request.key);
  CHANCERY_RETURN_IF_ERROR(request.work.RelyOnGuard(under));
  const auto full = IsFull(request.work, request.key, limit);
  if (!full) return full.error();
  if (*full) return Exceeded(quota, request.key.mesh.owner, limit);
  request.work.TouchGuard(under);
  return Status::Ok();
}

Status CheckQuota(const Quota& quota, const QuotaRequest& request, int64_t limit) {
  if (quota.in_spec != nullptr) {
    return quota.in_spec(request.spec) > limit ? Exceeded(quota, request.key.mesh.owner, limit) : Status::Ok();
  }
  return CheckRoom(quota, request, limit);
}

bool Applies(const Quota& quota, const QuotaRequest& request) {
  return quota.info.counted_here && quota.kind == request.key.kind && (request.creates || quota.in_spec != nullptr);
}

}  // namespace

const std::vector<QuotaInfo>& AllQuotas() {
  static const std::vector<QuotaInfo> quotas = Infos();
  return quotas;
}

base::Result<QuotaLimits> QuotaProfile(std::string_view name) {
  QuotaLimits limits;
  if (name == "unlimited") return limits;
  if (name != "aws") return Error{Code::kBadRequest, fmt::format("'{}' is none of unlimited, aws", name), {}};
  for (const Quota& quota : kQuotas) limits.emplace(quota.info.name, quota.info.aws_default);
  return limits;
}

Status CheckLimits(const QuotaLimits& limits) {
  std::vector<base::Violation> violations;
  for (const auto& [name, limit] : limits) {
    const auto same = [&name = name](const Quota& quota) { return quota.info.name == name; };
    if (std::none_of(std::begin(kQuotas), std::end(kQuotas), same)) violations.push_back({name, "is no quota"});
    if (limit < 0) violations.push_back({name, "must not be negative"});
  }
  if (violations.empty()) return Status::Ok();
  return Error{Code::kBadRequest, "invalid quotas", std::move(violations)};
}

Status CheckQuotas(const QuotaRequest& request, const QuotasOf& quotas_of) {
  if (!quotas_of) return Status::Ok();
  const std::string& account = request.key.mesh.owner;
  // Relied on before they are read, so that who counts by an old limit does not commit beside who counts by a new one.
  for (const Quota& quota : kQuotas) {
    if (!Applies(quota, request)) continue;
    const auto own = request.work.ReadEntry(store::QuotaKeyText(account, quota.info.name));
    if (!own) return own.error();
  }
  const auto limits = quotas_of(account);
  if (!limits) return limits.error();
  for (const Quota& quota : kQuotas) {
    const auto limit = limits->find(quota.info.name);
    if (!Applies(quota, request) || limit == limits->end()) continue;
    CHANCERY_RETURN_IF_ERROR(CheckQuota(quota, request, limit->second));
  }
  return Status::Ok();
}

std::optional<size_t> EnvoyLimit(const QuotasOf& quotas_of, std::string_view mesh_owner, Kind kind) {
  const auto limits = quotas_of(mesh_owner);
  if (!limits) return std::nullopt;
  for (const Quota& quota : kQuotas) {
    if (quota.info.counted_here || quota.kind != kind) continue;
    const auto limit = limits->find(quota.info.name);
    if (limit != limits->end()) return static_cast<size_t>(limit->second);
  }
  return std::nullopt;
}

}  // namespace chancery::frontend
