#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "iam/bearer.h"
#include "iam/jwks.h"

namespace chancery::iam {

// What stands behind "Bearer" (RFC 6750 §2.1) in the value of an Authorization header; nothing for another scheme.
std::optional<std::string_view> BearerTokenOf(std::string_view authorization);

// Bearer tokens of one issuer, with its keys as they are now. Thread-safe.
class TokenVerifier {
 public:
  // Borrows the keys and the clock.
  TokenVerifier(BearerRules rules, Jwks& keys, const base::Clock& clock);

  // Waits only when the token's key is not known yet, as Jwks::Fresher does. kMissingAuthentication for an empty token,
  // kUnrecognizedClient for one that is refused (bearer.h), kUnavailable when the issuer's keys were never had.
  base::Result<BearerIdentity> Verify(std::string_view token) const;
  // The same for callers that must not wait: while the token's key is being fetched it is kUnavailable.
  base::Result<BearerIdentity> VerifyNow(std::string_view token) const;

 private:
  base::Result<BearerIdentity> Verify(std::string_view token, bool may_wait) const;

  const BearerRules rules_;
  Jwks& keys_;
  const base::Clock& clock_;
};

}  // namespace chancery::iam
