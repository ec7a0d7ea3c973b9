#include "frontend/iam_gate.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "iam/authorize.h"
#include "iam/evaluate.h"
#include "iam/names.h"
#include "iam/token_verifier.h"

namespace chancery::frontend {
namespace {

using base::Code;
using base::Error;

constexpr std::string_view kService = "appmesh";

}  // namespace

IamGate::IamGate(std::string region, const iam::Directory& directory, const base::Clock& clock, RateLimit rate_limit,
                 const iam::TokenVerifier* tokens)
    : region_(std::move(region)),
      directory_(directory),
      clock_(clock),
      tokens_(tokens),
      replays_(clock),
      limiter_(clock, rate_limit) {}

base::Result<Caller> IamGate::Identify(const Request& request) const {
  const auto token = iam::BearerTokenOf(HeaderOf(request.headers, "authorization"));
  return token ? IdentifyBearer(*token) : IdentifySigV4(request);
}

std::string IamGate::ClaimedKey(const Request& request) const {
  const auto claim = iam::ReadSigV4({request.method, request.target, request.headers, request.body});
  return claim && iam::IsAccessKeyId(claim->access_key_id) ? claim->access_key_id : "";
}

// Signatures are checked against what is in memory.
bool IamGate::MayWait(const Request& request) const {
  return tokens_ != nullptr && iam::BearerTokenOf(HeaderOf(request.headers, "authorization"));
}

base::Result<Caller> IamGate::IdentifyBearer(std::string_view token) const {
  if (tokens_ == nullptr) return Error{Code::kUnrecognizedClient, "bearer token: none is accepted here", {}};
  auto identity = tokens_->Verify(token);
  if (!identity) return identity.error();
  iam::Principal principal = directory_.PrincipalOf(identity->account, identity->user);
  return Caller{identity->account, principal.arn, principal, std::move(identity->groups)};
}

base::Result<Caller> IamGate::IdentifySigV4(const Request& request) const {
  const iam::SigV4Expectation expectation{region_, kService, clock_.WallNow()};
  const auto verified =
      iam::AuthenticateSigV4(directory_, {request.method, request.target, request.headers, request.body}, expectation);
  if (!verified) return verified.error();
  const iam::SigV4Claim& claim = verified->claim;
  Caller caller{verified->principal.account, verified->principal.arn, verified->principal};
  const std::chrono::sys_seconds until = iam::ValidUntil(claim, expectation.skew);
  caller.replayable_until_ms = std::chrono::milliseconds(until.time_since_epoch()).count();
  const auto decided = std::make_shared<std::optional<base::Status>>();
  caller.first_time = [this, signature = claim.signature, signed_at = claim.time, until, decided] {
    // An attempt that lost a race asks again for the same request.
    if (!decided->has_value()) decided->emplace(replays_.FirstTime(signature, signed_at, until));
    return **decided;
  };
  // A retry of a call that was answered 503 has the same signature when it comes within the same second.
  caller.nothing_done = [this, signature = claim.signature, decided] {
    if (decided->has_value() && **decided) replays_.Forget(signature);
  };
  return caller;
}

base::Status IamGate::Admit(const Caller& caller) const { return limiter_.Take(caller.account); }

base::Status IamGate::Authorize(const Caller& caller, const Request& request, std::string_view action,
                                const Access& access) const {
  const iam::AttachedPolicies policies = directory_.PoliciesOf(caller.account, caller.principal.user, caller.groups);
  iam::AccessRequest asked{caller.principal, fmt::format("{}:{}", kService, action), {}, {}};
  asked.context = RequestContext(caller, request, access);
  return iam::RequireAllowed(*policies, std::move(asked), access.resources);
}

// The global keys of IAM that a request to this service has (IAM User Guide, global condition context keys).
iam::ContextKeys IamGate::RequestContext(const Caller& caller, const Request& request, const Access& access) const {
  iam::ContextKeys keys = iam::PrincipalKeys(caller.principal);
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.WallNow());
  keys.Add("aws:CurrentTime",
           fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(now))));
  keys.Add("aws:EpochTime", std::to_string(std::chrono::system_clock::to_time_t(now)));
  keys.Add("aws:SecureTransport", request.tls ? "true" : "false");
  keys.Add("aws:RequestedRegion", region_);
  if (!request.peer.empty()) keys.Add("aws:SourceIp", request.peer);
  if (const auto agent = HeaderOf(request.headers, "user-agent"); !agent.empty()) {
    keys.Add("aws:UserAgent", std::string(agent));
  }
  keys.AddAll(access.context);
  return keys;
}

}  // namespace chancery::frontend
