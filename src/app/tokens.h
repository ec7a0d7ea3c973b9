#pragma once

#include <memory>

#include "app/key_fetcher.h"
#include "app/options.h"
#include "base/clock.h"
#include "base/result.h"
#include "iam/jwks.h"
#include "iam/token_verifier.h"

namespace chancery::app {

// The bearer tokens of the issuer that the options name: its keys, fetched for as long as this lives, and the verifier.
// Thread-safe.
class Tokens {
 public:
  // Borrows the clock. A file of keys must be there and right: kBadRequest or kUnavailable. An issuer that cannot be
  // reached is logged and tried again.
  static base::Result<std::unique_ptr<Tokens>> Start(const ServeOptions& options, const base::Clock& clock);

  const iam::TokenVerifier& verifier() const { return verifier_; }

 private:
  Tokens(const ServeOptions& options, std::unique_ptr<KeyFetcher> fetcher, const base::Clock& clock);

  const std::unique_ptr<KeyFetcher> fetcher_;
  iam::Jwks keys_;
  const iam::TokenVerifier verifier_;
};

}  // namespace chancery::app
