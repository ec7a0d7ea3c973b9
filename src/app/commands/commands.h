#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_table.h"
#include "base/result.h"

// The groups of commands, and what they are written with. A new command is an entry of its group's; a new group is a
// file here and a line in command_table.cc. Pure but for what a command does.
namespace chancery::app::commands {

std::vector<Command> Keys();
std::vector<Command> Policies();
std::vector<Command> Groups();
std::vector<Command> Shares();
std::vector<Command> Quotas();

inline constexpr CommandArgument kAccount{"account", "Account of 12 digits"};
inline constexpr CommandArgument kUser{"user", "Name of the user"};
inline constexpr CommandArgument kGroup{"group", "Name of the group"};

constexpr CommandArgument Optional(CommandArgument argument) {
  argument.required = false;
  return argument;
}

// kBadRequest that names the flag.
base::Error Bad(std::string_view argument, std::string text);
// Empty when it was not given.
std::string Text(const boost::json::object& arguments, std::string_view name);
// {} or the error.
base::Result<boost::json::value> Done(const base::Status& status);
// {"Txn": ...} or the error.
base::Result<boost::json::value> TxnJson(const base::Result<store::Txn>& txn);
int64_t NowMs(const CommandContext& context);
// Who did it, in change records.
inline constexpr std::string_view kActor = "admin.sock";

}  // namespace chancery::app::commands
