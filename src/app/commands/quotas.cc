#include "frontend/quotas.h"

#include <charconv>

#include "app/commands/commands.h"
#include "frontend/account_quotas.h"

namespace chancery::app::commands {
namespace {

namespace json = boost::json;
using base::Result;

constexpr CommandArgument kQuota{"name", "Name of the quota, as `chancery quota list` tells"};

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

}  // namespace

std::vector<Command> Quotas() {
  return {
      {"quota",
       "set",
       "Give an account a limit of its own",
       {kAccount, kQuota, {"limit", "The limit; 0 allows none"}},
       SetQuota},
      {"quota", "reset", "Let the profile's limit hold again", {kAccount, kQuota}, ResetQuota},
      {"quota", "list", "List the quotas and an account's own limits", {kAccount}, ListQuotas},
  };
}

}  // namespace chancery::app::commands
