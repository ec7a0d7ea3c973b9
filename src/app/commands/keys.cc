#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "app/commands/commands.h"
#include "iam/administration.h"

namespace chancery::app::commands {
namespace {

namespace json = boost::json;
using base::Code;
using base::Error;
using base::Result;
using iam::Administration;

std::string Date(int64_t ms) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(ms / 1000)));
}

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

const std::vector<CommandArgument>& OneKeyOrAll() {
  static const std::vector<CommandArgument> kArguments = {
      Optional({"access-key-id", "The key; without it all keys of --account and --user"}), Optional(kAccount),
      Optional(kUser)};
  return kArguments;
}

}  // namespace

std::vector<Command> Keys() {
  return {
      {"keys", "create", "Make an access key; its secret is shown this once", {kAccount, kUser}, CreateKey},
      {"keys", "list", "List access keys", {Optional(kAccount), Optional(kUser)}, ListKeys},
      {"keys", "disable", "Stop a key from working, at once", OneKeyOrAll(), DisableKey},
      {"keys", "enable", "Let a disabled key work again", OneKeyOrAll(), EnableKey},
      {"keys", "delete", "Delete a key for good", OneKeyOrAll(), DeleteKey},
  };
}

}  // namespace chancery::app::commands
