#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "iam/directory.h"
#include "iam/evaluate.h"
#include "iam/principal.h"
#include "iam/sigv4.h"

namespace chancery::iam {

// What every door does with what a directory knows: who signed this, and may they. Thread-safe, without state.

struct Signed {
  Principal principal;
  SigV4Claim claim;
};
// Finds the key that a request names and checks its signature. Errors: those of base::Code about who asks; a key that
// is disabled, and one with a security token (we issue none), is not known.
base::Result<Signed> AuthenticateSigV4(const Directory& directory, const SignedRequest& request,
                                       const SigV4Expectation& expectation);

// Whether the key that a principal came with still works.
bool IsActive(const Directory& directory, const Principal& principal);

// kAccessDenied, in AWS's words, unless `policies` allow `request` on the resource whose ARN has these spellings, at
// least one; `request.resource` and `request.spellings` are not read.
base::Status RequireAllowed(std::span<const AttachedPolicy> policies, AccessRequest request,
                            std::span<const std::string> resources);

}  // namespace chancery::iam
