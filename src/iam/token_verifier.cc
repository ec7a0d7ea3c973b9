#include "iam/token_verifier.h"

#include <algorithm>
#include <utility>

#include "iam/ascii.h"

namespace chancery::iam {

using base::Code;
using base::Error;

TokenVerifier::TokenVerifier(BearerRules rules, Jwks& keys, const base::Clock& clock)
    : rules_(std::move(rules)), keys_(keys), clock_(clock) {}

std::optional<std::string_view> BearerTokenOf(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer";
  const std::string_view scheme = authorization.substr(0, authorization.find(' '));
  // Its case does not count (RFC 9110 §11.1).
  if (!std::ranges::equal(scheme, kScheme, {}, ToLower)) return std::nullopt;
  const size_t from = authorization.find_first_not_of(' ', scheme.size());
  return from == std::string_view::npos ? std::string_view() : authorization.substr(from);
}

base::Result<BearerIdentity> TokenVerifier::Verify(std::string_view token) const { return Verify(token, true); }

base::Result<BearerIdentity> TokenVerifier::VerifyNow(std::string_view token) const { return Verify(token, false); }

base::Result<BearerIdentity> TokenVerifier::Verify(std::string_view token, bool may_wait) const {
  if (token.empty()) return Error{Code::kMissingAuthentication, "Missing Authentication Token", {}};
  const auto jws = Jws::Read(token);
  if (!jws) return jws.error();
  auto keys = keys_.keys();
  const bool known = keys && keys->Find(jws->algorithm(), jws->key_id()) != nullptr;
  if (!known && may_wait) keys = keys_.Fresher();
  const bool comes = !known && !may_wait && keys_.Ask();
  if (!keys || comes) {
    return Error{Code::kUnavailable, "bearer token: the issuer's keys cannot be had at the moment", {}};
  }
  return VerifyBearer(*jws, *keys, rules_, clock_.WallNow());
}

}  // namespace chancery::iam
