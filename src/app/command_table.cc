#include "app/command_table.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "frontend/account_quotas.h"
#include "frontend/quotas.h"
#include "frontend/sharing.h"
#include "iam/evaluate.h"
#include "iam/names.h"
#include "model/resource.h"

namespace chancery::app {
namespace {

namespace json = boost::json;
using base::Code;
using base::Error;
using base::Result;
using iam::Administration;
using Kind = CommandArgument::Kind;

Error Bad(std::string_view argument, std::string text) {
  return {Code::kBadRequest, "invalid arguments", {{"--" + std::string(argument), std::move(text)}}};
}

// Empty when it was not given.
std::string Text(const json::object& arguments, std::string_view name) {
  const json::value* value = arguments.if_contains(name);
  return value == nullptr ? std::string() : std::string(value->as_string());
}

std::string Date(int64_t ms) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(ms / 1000)));
}

Result<json::value> Done(const base::Status& status) {
  if (!status) return status.error();
  return json::value(json::object{});
}

// ---- keys ----------------------------------------------------------------------------------------

Result<json::value> CreateKey(const CommandContext& context, const json::object& arguments) {
  const std::string user = Text(arguments, "user");
  const auto key = context.administration.CreateKey(Text(arguments, "account"), user);
  if (!key) return key.error();
  // As `aws iam create-access-key` prints it, and at the top what a credential_process of the AWS tools prints.
  return json::value(json::object{{"Version", 1},
                                  {"AccessKeyId", key->access_key_id},
                                  {"SecretAccessKey", key->secret},
                                  {"AccessKey", json::object{{"UserName", user},
                                                             {"AccessKeyId", key->access_key_id},
                                                             {"Status", "Active"},
                                                             {"SecretAccessKey", key->secret},
                                                             {"CreateDate", Date(key->created_at_ms)}}}});
}

Result<json::value> ListKeys(const CommandContext& context, const json::object& arguments) {
  const auto keys = context.administration.ListKeys(Text(arguments, "account"));
  if (!keys) return keys.error();
  const std::string user = Text(arguments, "user");
  json::array listed;
  for (const Administration::KeyInfo& key : *keys) {
    if (!user.empty() && key.user != user) continue;
    listed.push_back(json::object{{"Account", key.account},
                                  {"UserName", key.user},
                                  {"AccessKeyId", key.access_key_id},
                                  {"Status", key.disabled ? "Inactive" : "Active"},
                                  {"CreateDate", Date(key.created_at_ms)}});
  }
  return json::value(json::object{{"AccessKeyMetadata", std::move(listed)}});
}

// The key that is named, or all of a user.
Result<std::vector<std::string>> KeysOf(const CommandContext& context, const json::object& arguments) {
  const std::string id = Text(arguments, "access-key-id");
  const std::string account = Text(arguments, "account");
  const std::string user = Text(arguments, "user");
  if (id.empty() && (account.empty() || user.empty())) {
    return Bad("access-key-id", "is required, or --account and --user for all keys of a user");
  }
  const auto keys = context.administration.ListKeys(account);
  if (!keys) return keys.error();
  std::vector<std::string> chosen;
  for (const Administration::KeyInfo& key : *keys) {
    if (!id.empty() && key.access_key_id != id) continue;
    if (!user.empty() && key.user != user) continue;
    chosen.push_back(key.access_key_id);
  }
  if (!chosen.empty()) return chosen;
  return Error{
      Code::kNotFound, id.empty() ? "user " + user + " has no access key" : "there is no access key " + id, {}};
}

template <typename Change>
Result<json::value> ForEachKey(const CommandContext& context, const json::object& arguments, Change change) {
  const auto keys = KeysOf(context, arguments);
  if (!keys) return keys.error();
  for (const std::string& id : *keys) {
    if (const base::Status changed = change(context.administration, id); !changed) return changed.error();
  }
  return json::value(json::object{});
}

Result<json::value> DisableKey(const CommandContext& context, const json::object& arguments) {
  return ForEachKey(context, arguments, [](const auto& a, const auto& id) { return a.SetKeyDisabled(id, true); });
}
Result<json::value> EnableKey(const CommandContext& context, const json::object& arguments) {
  return ForEachKey(context, arguments, [](const auto& a, const auto& id) { return a.SetKeyDisabled(id, false); });
}
Result<json::value> DeleteKey(const CommandContext& context, const json::object& arguments) {
  return ForEachKey(context, arguments, [](const auto& a, const auto& id) { return a.DeleteKey(id); });
}

// ---- policy --------------------------------------------------------------------------------------

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

// ---- group ---------------------------------------------------------------------------------------

Result<json::value> AddMember(const CommandContext& context, const json::object& arguments) {
  return Done(
      context.administration.AddMember(Text(arguments, "account"), Text(arguments, "group"), Text(arguments, "user")));
}
Result<json::value> RemoveMember(const CommandContext& context, const json::object& arguments) {
  return Done(context.administration.RemoveMember(Text(arguments, "account"), Text(arguments, "group"),
                                                  Text(arguments, "user")));
}

// ---- share ---------------------------------------------------------------------------------------

constexpr std::string_view kActor = "admin.sock";

int64_t NowMs(const CommandContext& context) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(context.clock.WallNow().time_since_epoch()).count();
}

model::MeshId MeshOf(const json::object& arguments) { return {Text(arguments, "account"), Text(arguments, "mesh")}; }

Result<json::value> TxnJson(const Result<store::Txn>& txn) {
  if (!txn) return txn.error();
  return json::value(json::object{{"Txn", *txn}});
}

Result<json::value> CreateShare(const CommandContext& context, const json::object& arguments) {
  return TxnJson(frontend::ShareMesh(context.store, NowMs(context), std::string(kActor), MeshOf(arguments),
                                     Text(arguments, "with")));
}

Result<json::value> DeleteShare(const CommandContext& context, const json::object& arguments) {
  return TxnJson(frontend::UnshareMesh(context.store, NowMs(context), std::string(kActor), MeshOf(arguments),
                                       Text(arguments, "with")));
}

Result<json::value> ListShares(const CommandContext& context, const json::object& arguments) {
  const auto accounts = frontend::ListShares(context.store, MeshOf(arguments));
  if (!accounts) return accounts.error();
  return json::value(json::object{{"SharedWith", json::array(accounts->begin(), accounts->end())}});
}

// ---- quota ---------------------------------------------------------------------------------------

Result<json::value> SetQuota(const CommandContext& context, const json::object& arguments) {
  const std::string text = Text(arguments, "limit");
  int64_t limit = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size()) return Bad("limit", "must be a number");
  return TxnJson(frontend::SetQuota(context.store, {NowMs(context), std::string(kActor), "SetQuota", {}, {}},
                                    Text(arguments, "account"), Text(arguments, "name"), limit));
}

Result<json::value> ResetQuota(const CommandContext& context, const json::object& arguments) {
  return TxnJson(frontend::SetQuota(context.store, {NowMs(context), std::string(kActor), "ResetQuota", {}, {}},
                                    Text(arguments, "account"), Text(arguments, "name"), std::nullopt));
}

Result<json::value> ListQuotas(const CommandContext& context, const json::object& arguments) {
  const auto own = frontend::ReadQuotas(context.store, Text(arguments, "account"));
  if (!own) return own.error();
  json::array listed;
  for (const frontend::QuotaInfo& quota : frontend::AllQuotas()) {
    json::object shown{
        {"Name", quota.name}, {"Title", quota.title}, {"Code", quota.code}, {"AwsDefault", quota.aws_default}};
    if (const auto limit = own->find(quota.name); limit != own->end()) shown["Limit"] = limit->second;
    listed.push_back(std::move(shown));
  }
  return json::value(json::object{{"Quotas", std::move(listed)}});
}

// ---- The table -----------------------------------------------------------------------------------

constexpr CommandArgument kAccount{"account", "Account of 12 digits"};
constexpr CommandArgument kUser{"user", "Name of the user"};
constexpr CommandArgument kGroup{"group", "Name of the group"};
constexpr CommandArgument kPolicy{"name", "Name of the policy"};
constexpr CommandArgument kOwner{"account", "Account that owns the mesh"};
constexpr CommandArgument kMesh{"mesh", "Name of the mesh"};
constexpr CommandArgument kQuota{"name", "Name of the quota, as `chancery quota list` tells"};

constexpr CommandArgument Optional(CommandArgument argument) {
  argument.required = false;
  return argument;
}

const std::vector<CommandArgument>& OneKeyOrAll() {
  static const std::vector<CommandArgument> kArguments = {
      Optional({"access-key-id", "The key; without it all keys of --account and --user"}), Optional(kAccount),
      Optional(kUser)};
  return kArguments;
}

std::vector<Command> MakeCommands() {
  const std::vector<CommandArgument> holder = {
      kAccount, kPolicy, Optional({"user", "The user it holds for; without user and group: everybody in the account"}),
      Optional({"group", "The group it holds for"})};
  return {
      {"keys", "create", "Make an access key; its secret is shown this once", {kAccount, kUser}, CreateKey},
      {"keys", "list", "List access keys", {Optional(kAccount), Optional(kUser)}, ListKeys},
      {"keys", "disable", "Stop a key from working, at once", OneKeyOrAll(), DisableKey},
      {"keys", "enable", "Let a disabled key work again", OneKeyOrAll(), EnableKey},
      {"keys", "delete", "Delete a key for good", OneKeyOrAll(), DeleteKey},
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
      {"group", "add", "Put a user into a group", {kAccount, kGroup, kUser}, AddMember},
      {"group", "remove", "Take a user out of a group", {kAccount, kGroup, kUser}, RemoveMember},
      {"share",
       "create",
       "Let another account use a mesh",
       {kOwner, kMesh, {"with", "The other account"}},
       CreateShare},
      {"share",
       "delete",
       "End a share; what the other account made stays, for the owner alone",
       {kOwner, kMesh, {"with", "The other account"}},
       DeleteShare},
      {"share", "list", "List the accounts that a mesh is shared with", {kOwner, kMesh}, ListShares},
      {"quota",
       "set",
       "Give an account a limit of its own",
       {kAccount, kQuota, {"limit", "The limit; 0 allows none"}},
       SetQuota},
      {"quota", "reset", "Let the profile's limit hold again", {kAccount, kQuota}, ResetQuota},
      {"quota", "list", "List the quotas and an account's own limits", {kAccount}, ListQuotas},
  };
}

base::Status CheckArguments(const Command& command, const json::object& arguments) {
  for (const CommandArgument& argument : command.arguments) {
    const json::value* value = arguments.if_contains(argument.name);
    if (value == nullptr && argument.required) return Bad(argument.name, "is required");
    if (value == nullptr) continue;
    const bool fits =
        argument.kind == Kind::kList
            ? value->is_array() && std::ranges::all_of(value->get_array(), [](const auto& v) { return v.is_string(); })
            : value->is_string();
    if (!fits) return Bad(argument.name, argument.kind == Kind::kList ? "must be a list of texts" : "must be a text");
  }
  for (const auto& [name, value] : arguments) {
    const auto known = [&name = name](const CommandArgument& argument) { return argument.name == name; };
    if (std::ranges::none_of(command.arguments, known)) return Bad(std::string(name), "is not known");
  }
  return base::Status::Ok();
}

}  // namespace

std::span<const Command> Commands() {
  static const std::vector<Command> kCommands = MakeCommands();
  return kCommands;
}

std::string_view GroupHelp(std::string_view group) {
  if (group == "keys") return "Access keys: who may sign requests";
  if (group == "policy") return "IAM policies: who may do what";
  if (group == "group") return "Groups of users that share policies";
  if (group == "share") return "Meshes that another account may use";
  return "Limits on what an account may create";
}

const Command* FindCommand(std::string_view group, std::string_view verb) {
  for (const Command& command : Commands()) {
    if (command.group == group && command.verb == verb) return &command;
  }
  return nullptr;
}

Result<json::value> RunCommand(const CommandContext& context, const Command& command, const json::object& arguments) {
  CHANCERY_RETURN_IF_ERROR(CheckArguments(command, arguments));
  return command.run(context, arguments);
}

}  // namespace chancery::app
