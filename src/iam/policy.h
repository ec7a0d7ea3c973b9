#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "iam/actions.h"
#include "iam/condition.h"
#include "iam/pattern.h"

namespace chancery::iam {

// IAM identity policies, read and compiled: what a statement names is a set of actions and lists of patterns, so that
// to evaluate one parses nothing.

enum class Effect { kAllow, kDeny };

struct Statement {
  std::string sid;  // empty: it has none
  Effect effect = Effect::kDeny;
  // Of Action, or all but those of NotAction.
  ActionSet actions;
  bool is_not_resource = false;
  std::vector<Pattern> resources;
  // All must hold.
  std::vector<Condition> conditions;
};

// Immutable once parsed.
struct PolicyDocument {
  std::string id;
  std::vector<Statement> statements;
  // What is allowed and likely a mistake, such as an action that App Mesh does not have.
  std::vector<base::Violation> warnings;
};

// Longer than the longest of IAM's (10,240 characters without white space), so that each of those can be kept.
inline constexpr size_t kMaxPolicyBytes = 65536;

// Reads a policy document of IAM's grammar: Version ("2012-10-17", or "2008-10-17", which is also what none means and
// knows no policy variables), Id, Statement (one or a list), and in each Sid, Effect, Action or NotAction, Resource or
// NotResource, Condition. Principal is refused: an identity policy has none. Names of elements and operators are in the
// case that IAM writes. kBadRequest names every broken rule with its path, such as Statement[1].Condition.Bool.
base::Result<PolicyDocument> ParsePolicy(std::string_view json);

}  // namespace chancery::iam
