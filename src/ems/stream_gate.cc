#include "ems/stream_gate.h"

#include <chancery/store/records.pb.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

#include "base/address.h"
#include "iam/authorize.h"
#include "model/resource.h"
#include "store/keys.h"

namespace chancery::ems {
namespace {

using base::Code;
using base::Error;

constexpr std::string_view kService = "appmesh";
constexpr std::string_view kAction = "appmesh:StreamAggregatedResources";

// The keys of a call's context that a stream has too; `record` is of the proxy's resource, empty while there is none.
iam::ContextKeys ContextOf(const iam::Principal& who, std::string_view peer, std::string_view region,
                           const store::ResourceRecord& record, const base::Clock& clock) {
  iam::ContextKeys keys = iam::PrincipalKeys(who);
  for (const model::TagRef& tag : record.tags()) keys.Add("aws:ResourceTag/" + tag.key(), tag.value());
  // There is no TLS on this port yet.
  keys.Add("aws:SecureTransport", "false");
  const std::time_t now = std::chrono::system_clock::to_time_t(clock.WallNow());
  keys.Add("aws:CurrentTime", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now)));
  keys.Add("aws:EpochTime", std::to_string(now));
  keys.Add("aws:RequestedRegion", std::string(region));
  if (const auto address = base::SplitHostPort(std::string(peer))) keys.Add("aws:SourceIp", address->host);
  return keys;
}

}  // namespace

IamStreamGate::IamStreamGate(Installation installation, const iam::Directory& directory, const store::Store& store,
                             const base::Clock& clock)
    : installation_(std::move(installation)), directory_(directory), store_(store), clock_(clock) {}

base::Result<iam::Principal> IamStreamGate::Identify(const StreamHead& head) const {
  iam::SigV4Expectation expectation{installation_.region, kService, clock_.WallNow()};
  expectation.payload = iam::SigV4Payload::kStream;
  auto verified = iam::AuthenticateSigV4(directory_, {"POST", head.path, head.headers, {}}, expectation);
  if (!verified) return verified.error();
  return std::move(verified->principal);
}

base::Status IamStreamGate::Authorize(const iam::Principal& who, const compile::ProxyKey& key,
                                      std::string_view peer) const {
  if (!iam::IsActive(directory_, who)) {
    return Error{Code::kAccessDenied, fmt::format("access key {} is no longer valid", who.access_key_id), {}};
  }
  const model::ResourceKey resource{key.mesh, key.kind, "", key.name};
  const auto entry = store_.Read(store::ResourceKeyText(resource));
  if (!entry) return entry.error();
  store::ResourceRecord record;
  if (entry->has_value() && !record.ParseFromString((*entry)->value)) {
    return Error{Code::kInternal, fmt::format("the record at {} is damaged", (*entry)->key), {}};
  }
  CHANCERY_RETURN_IF_ERROR(CheckOwner(who, resource, record.resource_owner()));
  iam::AccessRequest request{who, std::string(kAction), {}, ContextOf(who, peer, installation_.region, record, clock_)};
  const iam::AttachedPolicies policies = directory_.PoliciesOf(who.account, who.user);
  return iam::RequireAllowed(*policies, std::move(request),
                             model::ArnSpellings(resource, installation_.partition, installation_.region, who.account));
}

// One that does not exist yet may be waited for in a mesh that the account owns or that is shared with it.
base::Status IamStreamGate::CheckOwner(const iam::Principal& who, const model::ResourceKey& key,
                                       const std::string& resource_owner) const {
  const bool own_mesh = key.mesh.owner == who.account;
  const Error refused{Code::kAccessDenied,
                      fmt::format("{} {} of mesh {}@{} is not of account {}", model::DescriptorOf(key.kind).segment,
                                  key.name, key.mesh.name, key.mesh.owner, who.account),
                      {}};
  if (!resource_owner.empty() && resource_owner != who.account) return refused;
  if (own_mesh) return base::Status::Ok();
  // A share that has ended gives no more configuration (contract/api.md §4.4).
  const auto share = store_.Read(store::ShareKeyText(key.mesh, who.account));
  if (!share) return share.error();
  return share->has_value() ? base::Status::Ok() : base::Status(refused);
}

}  // namespace chancery::ems
