#include "app/commands/commands.h"
#include "iam/evaluate.h"
#include "iam/names.h"
#include "model/resource.h"

namespace chancery::app::commands {
namespace {

namespace json = boost::json;
using base::Code;
using base::Error;
using base::Result;
using iam::Administration;
using Kind = CommandArgument::Kind;

constexpr CommandArgument kPolicy{"name", "Name of the policy"};

Result<iam::Holder> HolderOf(const json::object& arguments) {
  const std::string user = Text(arguments, "user");
  const std::string group = Text(arguments, "group");
  if (!user.empty() && !group.empty()) return Bad("group", "does not go with --user");
  if (!user.empty()) return iam::Holder{store::AttachedTo::kUser, user};
  if (!group.empty()) return iam::Holder{store::AttachedTo::kGroup, group};
  return iam::Holder{store::AttachedTo::kAccount, ""};
}

Result<json::value> PutPolicy(const CommandContext& context, const json::object& arguments) {
  return Done(
      context.administration.PutPolicy(Text(arguments, "account"), Text(arguments, "name"), Text(arguments, "file")));
}

Result<json::value> GetPolicy(const CommandContext& context, const json::object& arguments) {
  const auto document = context.administration.GetPolicy(Text(arguments, "account"), Text(arguments, "name"));
  if (!document) return document.error();
  json::error_code error;
  json::value parsed = json::parse(*document, error);
  if (error) return Error{Code::kInternal, "the stored policy is no JSON", {}};
  return parsed;
}

Result<json::value> ListPolicies(const CommandContext& context, const json::object& arguments) {
  const auto policies = context.administration.ListPolicies(Text(arguments, "account"));
  if (!policies) return policies.error();
  json::array listed;
  for (const Administration::PolicyInfo& policy : *policies) {
    json::array holders;
    for (const iam::Holder& holder : policy.holders) {
      holders.push_back(json::object{{"Type", store::ToString(holder.to)}, {"Name", holder.name}});
    }
    listed.push_back(
        json::object{{"PolicyName", policy.name}, {"Managed", policy.managed}, {"AttachedTo", std::move(holders)}});
  }
  return json::value(json::object{{"Policies", std::move(listed)}});
}

Result<json::value> DeletePolicy(const CommandContext& context, const json::object& arguments) {
  return Done(context.administration.DeletePolicy(Text(arguments, "account"), Text(arguments, "name")));
}

Result<json::value> AttachPolicy(const CommandContext& context, const json::object& arguments) {
  const auto holder = HolderOf(arguments);
  if (!holder) return holder.error();
  return Done(context.administration.Attach(Text(arguments, "account"), Text(arguments, "name"), *holder));
}

Result<json::value> DetachPolicy(const CommandContext& context, const json::object& arguments) {
  const auto holder = HolderOf(arguments);
  if (!holder) return holder.error();
  return Done(context.administration.Detach(Text(arguments, "account"), Text(arguments, "name"), *holder));
}

// Groups that the user's bearer token would name.
Result<std::vector<std::string>> GroupsOf(const json::object& arguments) {
  std::vector<std::string> groups;
  const json::value* given = arguments.if_contains("group");
  if (given == nullptr) return groups;
  for (const json::value& group : given->as_array()) {
    CHANCERY_RETURN_IF_ERROR(iam::CheckName("--group", group.as_string()));
    groups.emplace_back(group.as_string());
  }
  return groups;
}

Result<json::value> Simulate(const CommandContext& context, const json::object& arguments) {
  const std::string account = Text(arguments, "account");
  const std::string user = Text(arguments, "user");
  CHANCERY_RETURN_IF_ERROR(iam::CheckAccount("--account", account));
  CHANCERY_RETURN_IF_ERROR(iam::CheckName("--user", user));
  iam::AccessRequest request{
      context.directory.PrincipalOf(account, user), Text(arguments, "action"), Text(arguments, "resource"), {}};
  request.context = iam::PrincipalKeys(request.principal);
  // As a call has them.
  if (const auto arn = model::ParseArn(request.resource)) {
    request.spellings = model::ArnSpellings(arn->key, arn->partition, arn->region, arn->account);
  }
  if (const json::value* given = arguments.if_contains("context")) {
    for (const json::value& entry : given->as_array()) {
      const std::string pair(entry.as_string());
      const size_t equals = pair.find('=');
      if (equals == std::string::npos) return Bad("context", "must be KEY=VALUE, not " + pair);
      request.context.Add(pair.substr(0, equals), pair.substr(equals + 1));
    }
  }
  const auto groups = GroupsOf(arguments);
  if (!groups) return groups.error();
  const iam::AttachedPolicies policies = context.directory.PoliciesOf(account, user, *groups);
  const iam::Decision decision = iam::Evaluate(*policies, request);
  using Outcome = iam::Decision::Outcome;
  json::object shown{{"EvalDecision", decision.outcome == Outcome::kAllow          ? "allowed"
                                      : decision.outcome == Outcome::kExplicitDeny ? "explicitDeny"
                                                                                   : "implicitDeny"},
                     {"Explanation", iam::Explain(decision, *policies, request)}};
  if (decision.policy != nullptr) {
    shown["MatchedStatement"] = json::object{{"PolicyName", decision.policy->name},
                                             {"AttachedTo", decision.policy->attached_to},
                                             {"Statement", decision.statement}};
  }
  return json::value(std::move(shown));
}

}  // namespace

std::vector<Command> Policies() {
  const std::vector<CommandArgument> holder = {
      kAccount, kPolicy, Optional({"user", "The user it holds for; without user and group: everybody in the account"}),
      Optional({"group", "The group it holds for"})};
  return {
      {"policy",
       "put",
       "Store an IAM policy document under a name",
       {kAccount, kPolicy, {"file", "The document", true, Kind::kFile}},
       PutPolicy},
      {"policy", "get", "Print a policy document", {kAccount, kPolicy}, GetPolicy},
      {"policy", "list", "List policies and who they are attached to", {kAccount}, ListPolicies},
      {"policy", "delete", "Delete a policy that is attached to nobody", {kAccount, kPolicy}, DeletePolicy},
      {"policy", "attach", "Let a policy hold for a user, a group or the account", holder, AttachPolicy},
      {"policy", "detach", "End that a policy holds", holder, DetachPolicy},
      {"policy",
       "simulate",
       "Say whether a user may do something, and which statement decides",
       {kAccount,
        kUser,
        {"action", "Such as appmesh:CreateRoute"},
        {"resource", "An ARN, or *"},
        {"group", "A group that the user's bearer token names, besides those it was put into", false, Kind::kList},
        {"context", "KEY=VALUE of the request's context, such as aws:SourceIp=10.0.0.1", false, Kind::kList}},
       Simulate},
  };
}

}  // namespace chancery::app::commands
