#include "frontend/iam_gate.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <memory>

#include "iam/authorize.h"
#include "iam/evaluate.h"

namespace chancery::frontend {
namespace {

constexpr std::string_view kService = "appmesh";

}  // namespace

IamGate::IamGate(std::string region, const iam::Directory& directory, const base::Clock& clock, RateLimit rate_limit)
    : region_(std::move(region)), directory_(directory), clock_(clock), replays_(clock), limiter_(clock, rate_limit) {}

base::Result<Caller> IamGate::Identify(const Request& request) const {
  const iam::SigV4Expectation expectation{region_, kService, clock_.WallNow()};
  const auto verified =
      iam::AuthenticateSigV4(directory_, {request.method, request.target, request.headers, request.body}, expectation);
  if (!verified) return verified.error();
  const iam::SigV4Claim& claim = verified->claim;
  Caller caller{verified->principal.account, verified->principal.arn, verified->principal};
  caller.first_time = [this, signature = claim.signature, until = iam::ValidUntil(claim, expectation.skew),
                       decided = std::make_shared<std::optional<base::Status>>()] {
    // An attempt that lost a race asks again for the same request.
    if (!decided->has_value()) decided->emplace(replays_.FirstTime(signature, until));
    return **decided;
  };
  return caller;
}

base::Status IamGate::Admit(const Caller& caller) const { return limiter_.Take(caller.account); }

base::Status IamGate::Authorize(const Caller& caller, const Request& request, std::string_view action,
                                const Access& access) const {
  iam::AccessRequest asked{caller.principal, fmt::format("{}:{}", kService, action), {}, {}};
  asked.context = RequestContext(caller, request, access);
  return iam::RequireAllowed(directory_, std::move(asked), access.resources);
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
