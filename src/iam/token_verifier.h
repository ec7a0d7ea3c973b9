#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "iam/bearer.h"
#include "iam/jwks.h"

namespace chancery::iam {

// Bearer tokens of one issuer, with its keys as they are now. Thread-safe.
class TokenVerifier {
 public:
  // Borrows the keys and the clock.
  TokenVerifier(BearerRules rules, Jwks& keys, const base::Clock& clock);

  // Waits only when the token's key is not known yet, as Jwks::Fresher does. kMissingAuthentication for an empty token,
  // kUnrecognizedClient for one that is refused (bearer.h), kUnavailable when the issuer's keys were never had.
  base::Result<BearerIdentity> Verify(std::string_view token) const;

 private:
  const BearerRules rules_;
  Jwks& keys_;
  const base::Clock& clock_;
};

}  // namespace chancery::iam
