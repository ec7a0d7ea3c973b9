#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "iam/context_keys.h"
#include "iam/policy.h"
#include "iam/principal.h"

namespace chancery::iam {

// Whether the policies that apply to a principal allow one action on one resource. Pure: what a request needs (each
// referenced resource by itself, which keys are in the context) is the caller's to say, and so is whether the account
// of the resource shares it.

struct AccessRequest {
  Principal principal;
  std::string action;    // "appmesh:CreateRoute"; the case does not matter
  std::string resource;  // its ARN, or "*" for an action that has none
  // All that conditions and variables see; PrincipalKeys gives those of the principal.
  ContextKeys context;
  // Other ARNs of the same resource. A pattern names it by any of them, so NotResource leaves it out by any.
  std::vector<std::string> spellings = {};
};

struct AttachedPolicy {
  std::string name;
  std::string attached_to;                         // "user ada", "group dev", "account"
  std::shared_ptr<const PolicyDocument> document;  // not null
};

struct Decision {
  enum class Outcome { kAllow, kExplicitDeny, kImplicitDeny };
  Outcome outcome = Outcome::kImplicitDeny;
  // The statement that decided: the first that denies, else the first that allows; nullptr when none did either.
  // Borrowed from the policies given.
  const AttachedPolicy* policy = nullptr;
  size_t statement = 0;

  bool allowed() const { return outcome == Outcome::kAllow; }
};

// An explicit deny wins, the default is deny. An action that App Mesh does not have is denied.
Decision Evaluate(std::span<const AttachedPolicy> policies, const AccessRequest& request);

// One line for people: who may or may not do what to what, and which statement says so. When nothing does, it names the
// statements that come nearest: those that allow the action, and what of them does not fit.
std::string Explain(const Decision& decision, std::span<const AttachedPolicy> policies, const AccessRequest& request);

// aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType, aws:username, and aws:userid ("account:user": we have no
// identifier of a user that outlives its name).
ContextKeys PrincipalKeys(const Principal& principal);

}  // namespace chancery::iam
