#include "iam/authorize.h"

#include <fmt/format.h>

namespace chancery::iam {
namespace {

using base::Code;
using base::Error;
using Outcome = Decision::Outcome;

Error NotAuthorized(const AccessRequest& request, Outcome outcome) {
  const std::string why = outcome == Outcome::kExplicitDeny
                              ? "with an explicit deny in an identity-based policy"
                              : fmt::format("because no identity-based policy allows the {} action", request.action);
  return {Code::kAccessDenied,
          fmt::format("User: {} is not authorized to perform: {} on resource: {} {}", request.principal.arn,
                      request.action, request.resource, why),
          {}};
}

}  // namespace

base::Result<Signed> AuthenticateSigV4(const Directory& directory, const SignedRequest& request,
                                       const SigV4Expectation& expectation) {
  auto claim = ReadSigV4(request);
  if (!claim) return claim.error();
  const auto key = directory.FindKey(claim->access_key_id);
  if (!key || key->disabled || !claim->security_token.empty()) {
    return Error{Code::kUnrecognizedClient, "The security token included in the request is invalid.", {}};
  }
  // First, so that nobody has keys derived for scopes that will never do.
  CHANCERY_RETURN_IF_ERROR(CheckSigV4Claim(*claim, expectation));
  const auto signing_key = directory.SigningKeyOf(*key, *claim);
  if (!signing_key) return signing_key.error();
  CHANCERY_RETURN_IF_ERROR(VerifySigV4(*claim, request, *signing_key, expectation));
  return Signed{key->principal, *std::move(claim)};
}

bool IsActive(const Directory& directory, const Principal& principal) {
  if (principal.access_key_id.empty()) return true;
  const auto key = directory.FindKey(principal.access_key_id);
  return key != nullptr && !key->disabled;
}

base::Status RequireAllowed(std::span<const AttachedPolicy> policies, AccessRequest request,
                            std::span<const std::string> resources) {
  request.resource = resources.front();
  request.spellings.assign(resources.begin() + 1, resources.end());
  const Decision decision = Evaluate(policies, request);
  if (decision.allowed()) return base::Status::Ok();
  return NotAuthorized(request, decision.outcome);
}

}  // namespace chancery::iam
