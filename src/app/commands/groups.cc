#include "app/commands/commands.h"

namespace chancery::app::commands {
namespace {

namespace json = boost::json;
using base::Result;

Result<json::value> AddMember(const CommandContext& context, const json::object& arguments) {
  return Done(
      context.administration.AddMember(Text(arguments, "account"), Text(arguments, "group"), Text(arguments, "user")));
}
Result<json::value> RemoveMember(const CommandContext& context, const json::object& arguments) {
  return Done(context.administration.RemoveMember(Text(arguments, "account"), Text(arguments, "group"),
                                                  Text(arguments, "user")));
}

Result<json::value> ListGroups(const CommandContext& context, const json::object& arguments) {
  const auto groups = context.administration.ListGroups(Text(arguments, "account"));
  if (!groups) return groups.error();
  json::array listed;
  for (const iam::Administration::GroupInfo& group : *groups) {
    listed.push_back(
        json::object{{"GroupName", group.name}, {"Users", json::array(group.users.begin(), group.users.end())}});
  }
  return json::value(json::object{{"Groups", std::move(listed)}});
}

}  // namespace

std::vector<Command> Groups() {
  return {
      {"group", "add", "Put a user into a group", {kAccount, kGroup, kUser}, AddMember},
      {"group", "remove", "Take a user out of a group", {kAccount, kGroup, kUser}, RemoveMember},
      {"group", "list", "List the groups of an account and who is in them", {kAccount}, ListGroups},
  };
}

}  // namespace chancery::app::commands
