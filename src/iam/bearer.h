#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iam/jose.h"

// What a bearer token (an OIDC ID token or access token that is a JWT, RFC 7519) has to say for somebody to be let in,
// and as whom. Pure: keys and time are given; where keys come from see jwks.h.
namespace chancery::iam {

struct BearerRules {
  // `iss` must be it, and `aud` must be or contain it.
  std::string issuer;
  std::string audience;
  // Which claim names the user: `sub` never changes and is never given to another, `email` and `preferred_username` are
  // what people read. Which one names the account, and which lists the groups.
  std::string user_claim = "sub";
  std::string account_claim = "account";
  std::string groups_claim = "groups";
  // The account of tokens without an account claim.
  std::string account;
  // By how much the issuer's clock may be wrong.
  std::chrono::seconds leeway{60};
};

// Who a token speaks for. Names are by the rules of names.h.
struct BearerIdentity {
  std::string account;
  std::string user;
  // Sorted, no two equal.
  std::vector<std::string> groups;
  // From when on the token is refused: its `exp` and the leeway.
  std::chrono::system_clock::time_point until = {};
  bool operator==(const BearerIdentity&) const = default;
};

inline constexpr size_t kMaxBearerGroups = 256;

// Checks issuer, audience and times (`exp` is needed, `nbf` and `iat` count when they are there) of a payload whose
// signature is proven, and maps its claims. A user or account that breaks the rules of names is refused: to change it
// could make two people one. So is an `email` as user that `email_verified` denies. A group that breaks them is left
// out, for no policy can be attached to it; more than kMaxBearerGroups are refused.
// kUnrecognizedClient naming the claim and the rule, never a value of the token.
base::Result<BearerIdentity> ReadClaims(std::string_view payload, const BearerRules& rules,
                                        std::chrono::system_clock::time_point now);

// All of it: signature, then claims. kUnrecognizedClient too when the key is not in the set.
base::Result<BearerIdentity> VerifyBearer(const Jws& token, const KeySet& keys, const BearerRules& rules,
                                          std::chrono::system_clock::time_point now);

}  // namespace chancery::iam
