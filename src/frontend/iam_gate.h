#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "frontend/gate.h"
#include "frontend/rate_limit.h"
#include "iam/directory.h"
#include "iam/replay_guard.h"
#include "iam/sigv4.h"
#include "iam/token_verifier.h"

namespace chancery::frontend {

// The gate of an installation with keys and policies: SigV4 as AWS's clients sign it, or a bearer token of an issuer,
// and IAM policies as AWS evaluates them (contract/api.md §3.2, §5). Thread-safe.
class IamGate : public Gate {
 public:
  // Borrows the directory, the clock and the verifier of bearer tokens; without one (null) none is accepted.
  IamGate(std::string region, const iam::Directory& directory, const base::Clock& clock, RateLimit rate_limit,
          const iam::TokenVerifier* tokens = nullptr);

  base::Result<Caller> Identify(const Request& request) const override;
  std::string ClaimedKey(const Request& request) const override;
  bool MayWait(const Request& request) const override;
  base::Status Authorize(const Caller& caller, const Request& request, std::string_view action,
                         const Access& access) const override;
  base::Status Admit(const Caller& caller) const override;

 private:
  base::Result<Caller> IdentifyBearer(std::string_view token) const;
  base::Result<Caller> IdentifySigV4(const Request& request) const;
  iam::ContextKeys RequestContext(const Caller& caller, const Request& request, const Access& access) const;

  const std::string region_;
  const iam::Directory& directory_;
  const base::Clock& clock_;
  const iam::TokenVerifier* const tokens_;
  mutable iam::ReplayGuard replays_;
  mutable RateLimiter limiter_;
};

}  // namespace chancery::frontend
