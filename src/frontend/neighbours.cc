#include "frontend/neighbours.h"

#include <chancery/model/virtual_service.pb.h>
#include <fmt/format.h>

#include <string>
#include <string_view>

#include "store/keys.h"
#include "store/walk.h"

namespace chancery::frontend {
namespace {

using base::Status;
using google::protobuf::Message;
using model::Kind;
using model::ResourceKey;
using Listeners = std::vector<ListenerPort>;
using Parse = base::Result<ResourceKey> (*)(std::string_view key);

Status VisitEntry(UnitOfWork& work, const store::Entry& entry, Parse parse, const Visit& visit) {
  const auto key = parse(entry.key());
  if (!key) return key.error();
  const auto stored = work.Read(*key);
  if (!stored) return stored.error();
  if (!stored->has_value()) return Status::Ok();
  return visit(*key, model::SpecOf((*stored)->resource.record, key->kind));
}

// The resources whose keys `parse` reads below `prefix`; `owner` guards the set.
Status ForEachBelow(UnitOfWork& work, const ResourceKey& owner, const std::string& prefix, Parse parse,
                    const Visit& visit) {
  CHANCERY_RETURN_IF_ERROR(work.RelyOnGuard(owner));
  return store::ForEachEntry(work.store(), prefix,
                             [&](const store::Entry& entry) { return VisitEntry(work, entry, parse, visit); });
}

}  // namespace

base::Result<Listeners> ReadListeners(UnitOfWork& work, const ResourceKey& key) {
  auto stored = work.Read(key);
  if (!stored) return stored.error();
  if (!stored->has_value()) return Listeners();
  return ListenersOf(model::SpecOf((*stored)->resource.record, key.kind));
}

base::Result<Listeners> ReadTargetListeners(UnitOfWork& work, const ResourceKey& target) {
  if (target.kind != Kind::kVirtualService) return ReadListeners(work, target);
  auto service = work.Read(target);
  if (!service) return service.error();
  if (!service->has_value()) return Listeners();
  const auto provider = ProviderOf(target.mesh, model::SpecOf((*service)->resource.record, target.kind));
  return provider ? ReadListeners(work, *provider) : base::Result<Listeners>(Listeners());
}

std::optional<ResourceKey> ProviderOf(const model::MeshId& mesh, const Message& service_spec) {
  const auto& provider = static_cast<const model::VirtualServiceSpec&>(service_spec).provider();
  if (provider.has_virtual_node()) {
    return ResourceKey{mesh, Kind::kVirtualNode, "", provider.virtual_node().virtual_node_name()};
  }
  if (provider.has_virtual_router()) {
    return ResourceKey{mesh, Kind::kVirtualRouter, "", provider.virtual_router().virtual_router_name()};
  }
  return std::nullopt;
}

ResourceKey ParentOf(const ResourceKey& route) {
  return {route.mesh, *model::DescriptorOf(route.kind).parent, "", route.parent};
}

Status ForEachChild(UnitOfWork& work, const ResourceKey& parent, Kind kind, const Visit& visit) {
  return ForEachBelow(work, parent, store::SiblingsPrefix(parent.mesh, kind, parent.name), store::ParseResourceKeyText,
                      visit);
}

Status ForEachReferrer(UnitOfWork& work, const ResourceKey& to, Kind kind, const Visit& visit) {
  const std::string prefix = fmt::format("{}{}/", store::ReferencesPrefix(to), model::DescriptorOf(kind).segment);
  return ForEachBelow(work, to, prefix, store::ParseReferrer, visit);
}

Status ForEachGatewayRouteTo(UnitOfWork& work, const ResourceKey& to, const Visit& visit) {
  if (to.kind == Kind::kVirtualService) return ForEachReferrer(work, to, Kind::kGatewayRoute, visit);
  const auto by_service = [&](const ResourceKey& service, const Message&) {
    return ForEachReferrer(work, service, Kind::kGatewayRoute, visit);
  };
  return ForEachReferrer(work, to, Kind::kVirtualService, by_service);
}

}  // namespace chancery::frontend
