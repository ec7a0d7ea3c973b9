#include "iam/token_verifier.h"

#include <utility>

namespace chancery::iam {

using base::Code;
using base::Error;

TokenVerifier::TokenVerifier(BearerRules rules, Jwks& keys, const base::Clock& clock)
    : rules_(std::move(rules)), keys_(keys), clock_(clock) {}

base::Result<BearerIdentity> TokenVerifier::Verify(std::string_view token) const {
  if (token.empty()) return Error{Code::kMissingAuthentication, "Missing Authentication Token", {}};
  const auto jws = Jws::Read(token);
  if (!jws) return jws.error();
  auto keys = keys_.keys();
  if (!keys || keys->Find(jws->algorithm(), jws->key_id()) == nullptr) keys = keys_.Fresher();
  if (!keys) return Error{Code::kUnavailable, "bearer token: the issuer's keys cannot be had at the moment", {}};
  return VerifyBearer(*jws, *keys, rules_, clock_.WallNow());
}

}  // namespace chancery::iam
