#include "app/command_table.h"

#include <algorithm>
#include <iterator>

#include "app/commands/commands.h"

namespace chancery::app {
namespace {

namespace json = boost::json;
using base::Result;
using commands::Bad;
using Kind = CommandArgument::Kind;

std::vector<Command> MakeCommands() {
  std::vector<Command> all;
  for (const auto& make : {commands::Keys, commands::Policies, commands::Groups, commands::Shares, commands::Quotas}) {
    std::ranges::move(make(), std::back_inserter(all));
  }
  return all;
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
