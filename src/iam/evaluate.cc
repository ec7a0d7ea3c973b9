#include "iam/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace chancery::iam {
namespace {

using Outcome = Decision::Outcome;

// As many statements as an explanation names that come near.
constexpr int kShown = 3;

bool NamesResource(const Statement& statement, const AccessRequest& request) {
  const auto matches = [&](const Pattern& pattern) {
    const auto is = [&](const std::string& arn) { return pattern.MatchesResource(arn, request.context); };
    return is(request.resource) || std::ranges::any_of(request.spellings, is);
  };
  const bool named = std::ranges::any_of(statement.resources, matches);
  return named != statement.is_not_resource;
}

// The first condition that does not hold, or nullptr.
const Condition* Unmet(const Statement& statement, const AccessRequest& request) {
  const auto unmet = std::find_if(statement.conditions.begin(), statement.conditions.end(),
                                  [&](const Condition& condition) { return !condition.Holds(request.context); });
  return unmet == statement.conditions.end() ? nullptr : &*unmet;
}

std::string NameOf(const AttachedPolicy& policy, size_t statement) {
  const std::string& sid = policy.document->statements[statement].sid;
  return fmt::format("statement {}{} of policy \"{}\" ({})", statement, sid.empty() ? "" : fmt::format(" \"{}\"", sid),
                     policy.name, policy.attached_to);
}

// What keeps an allowing statement that names the action from applying.
std::string WhyNot(const Statement& statement, const AccessRequest& request) {
  if (!NamesResource(statement, request)) return "does not name the resource";
  const Condition* unmet = Unmet(statement, request);
  return unmet == nullptr ? "applies" : fmt::format("has the condition {}, which does not hold", unmet->label());
}

std::string NearestStatements(std::span<const AttachedPolicy> policies, const AccessRequest& request) {
  const std::optional<size_t> action = ActionNumber(request.action);
  if (!action) return "; App Mesh has no such action";
  std::string text;
  int shown = 0;
  for (const AttachedPolicy& policy : policies) {
    for (size_t i = 0; i < policy.document->statements.size() && shown < kShown; ++i) {
      const Statement& statement = policy.document->statements[i];
      if (statement.effect != Effect::kAllow || !statement.actions[*action]) continue;
      text += fmt::format("; {} {}", NameOf(policy, i), WhyNot(statement, request));
      ++shown;
    }
  }
  return text;
}

}  // namespace

Decision Evaluate(std::span<const AttachedPolicy> policies, const AccessRequest& request) {
  Decision decision;
  const std::optional<size_t> action = ActionNumber(request.action);
  if (!action) return decision;
  for (const AttachedPolicy& policy : policies) {
    const std::vector<Statement>& statements = policy.document->statements;
    for (size_t i = 0; i < statements.size(); ++i) {
      const Statement& statement = statements[i];
      const bool allows = statement.effect == Effect::kAllow;
      if (!statement.actions[*action] || (allows && decision.allowed())) continue;
      if (!NamesResource(statement, request) || Unmet(statement, request) != nullptr) continue;
      decision = {allows ? Outcome::kAllow : Outcome::kExplicitDeny, &policy, i};
      if (!allows) return decision;
    }
  }
  return decision;
}

std::string Explain(const Decision& decision, std::span<const AttachedPolicy> policies, const AccessRequest& request) {
  const std::string what = fmt::format("{} {} {} on {}", request.principal.arn, decision.allowed() ? "may" : "may not",
                                       request.action, request.resource);
  switch (decision.outcome) {
    case Outcome::kAllow:
      return fmt::format("{}: {} allows it", what, NameOf(*decision.policy, decision.statement));
    case Outcome::kExplicitDeny:
      return fmt::format("{}: {} denies it", what, NameOf(*decision.policy, decision.statement));
    case Outcome::kImplicitDeny:
      break;
  }
  return fmt::format("{}: no statement of {} {} allows it{}", what, policies.size(),
                     policies.size() == 1 ? "policy" : "policies", NearestStatements(policies, request));
}

ContextKeys PrincipalKeys(const Principal& principal) {
  ContextKeys keys;
  keys.Add("aws:PrincipalArn", principal.arn);
  keys.Add("aws:PrincipalAccount", principal.account);
  keys.Add("aws:PrincipalType", "User");
  keys.Add("aws:username", principal.user);
  keys.Add("aws:userid", fmt::format("{}:{}", principal.account, principal.user));
  return keys;
}

}  // namespace chancery::iam
