#include "ems/stream_gate.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/address.h"
#include "ems/ownership.h"
#include "iam/authorize.h"
#include "iam/names.h"
#include "model/resource.h"

namespace chancery::ems {
namespace {

using base::Code;
using base::Error;

constexpr std::string_view kService = "appmesh";
constexpr std::string_view kAction = "appmesh:StreamAggregatedResources";

// The keys of a call's context that a stream has too; `record` is of the proxy's resource, empty while there is none.
iam::ContextKeys ContextOf(const Caller& caller, std::string_view peer, std::string_view region,
                           const store::ResourceRecord& record, const base::Clock& clock) {
  const iam::Principal& who = caller.principal;
  iam::ContextKeys keys = iam::PrincipalKeys(who);
  for (const model::TagRef& tag : record.tags()) keys.Add("aws:ResourceTag/" + tag.key(), tag.value());
  keys.Add("aws:SecureTransport", caller.is_tls ? "true" : "false");
  const std::time_t now = std::chrono::system_clock::to_time_t(clock.WallNow());
  keys.Add("aws:CurrentTime", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now)));
  keys.Add("aws:EpochTime", std::to_string(now));
  keys.Add("aws:RequestedRegion", std::string(region));
  if (const auto address = base::SplitHostPort(std::string(peer))) keys.Add("aws:SourceIp", address->host);
  if (const std::string_view path = iam::SpiffePathOf(who.user); !path.empty()) {
    keys.Add("chancery:SpiffePath", std::string(path));
  }
  return keys;
}

std::string_view HeaderOf(const StreamHead& head, std::string_view name) {
  const auto found = std::ranges::find(head.headers, name, &std::pair<std::string, std::string>::first);
  return found == head.headers.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

IamStreamGate::IamStreamGate(Installation installation, const iam::Directory& directory, const store::Store& store,
                             const base::Clock& clock, const iam::TokenVerifier* tokens)
    : installation_(std::move(installation)), directory_(directory), store_(store), clock_(clock), tokens_(tokens) {}

base::Result<Caller> IamStreamGate::Identify(const StreamHead& head) const {
  const std::string_view authorization = HeaderOf(head, "authorization");
  if (const auto token = iam::BearerTokenOf(authorization)) return IdentifyBearer(*token);
  if (authorization.empty() && head.certificate != nullptr) return IdentifyCertificate(*head.certificate);
  return IdentifySigV4(head);
}

base::Result<Caller> IamStreamGate::IdentifyBearer(std::string_view token) const {
  if (tokens_ == nullptr) return Error{Code::kUnrecognizedClient, "bearer token: none is accepted here", {}};
  auto identity = tokens_->VerifyNow(token);
  if (!identity) return identity.error();
  return Caller{directory_.PrincipalOf(identity->account, identity->user), std::move(identity->groups),
                identity->until};
}

base::Result<Caller> IamStreamGate::IdentifySigV4(const StreamHead& head) const {
  iam::SigV4Expectation expectation{installation_.region, kService, clock_.WallNow()};
  expectation.payload = iam::SigV4Payload::kStream;
  auto verified = iam::AuthenticateSigV4(directory_, {"POST", head.path, head.headers, {}}, expectation);
  if (!verified) return verified.error();
  return Caller{.principal = std::move(verified->principal)};
}

base::Result<Caller> IamStreamGate::IdentifyCertificate(const tls::PeerCertificate& certificate) const {
  const auto user = iam::CertificateUser(certificate.uris, certificate.dns_names);
  if (!user) return user.error();
  return Caller{directory_.PrincipalOf(installation_.account, *user), {}, certificate.not_after};
}

base::Status IamStreamGate::Authorize(const Caller& who, const compile::ProxyKey& key, std::string_view peer) const {
  const iam::Principal& principal = who.principal;
  if (!iam::IsActive(directory_, principal)) {
    return Error{Code::kAccessDenied, fmt::format("access key {} is no longer valid", principal.access_key_id), {}};
  }
  const model::ResourceKey resource{key.mesh, key.kind, "", key.name};
  const auto record = RecordOf(store_, resource);
  if (!record) return record.error();
  CHANCERY_RETURN_IF_ERROR(CheckOwner(store_, principal.account, resource, record->resource_owner()));
  iam::AccessRequest request{
      principal, std::string(kAction), {}, ContextOf(who, peer, installation_.region, *record, clock_)};
  const iam::AttachedPolicies policies = directory_.PoliciesOf(principal.account, principal.user, who.groups);
  return iam::RequireAllowed(
      *policies, std::move(request),
      model::ArnSpellings(resource, installation_.partition, installation_.region, principal.account));
}

base::Result<Caller> ListenerGates::Identify(const StreamHead& head) const {
  auto caller = gates_[head.listener]->Identify(head);
  if (caller) {
    caller->listener = head.listener;
    caller->is_tls = head.is_tls;
  }
  return caller;
}

base::Status ListenerGates::Authorize(const Caller& who, const compile::ProxyKey& key, std::string_view peer) const {
  return gates_[who.listener]->Authorize(who, key, peer);
}

}  // namespace chancery::ems
