#pragma once

#include <boost/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "iam/administration.h"
#include "iam/directory.h"
#include "store/store.h"

namespace chancery::app {

// The commands that change keys, policies and shares (architecture.md §11). One table names each with its arguments and
// what it does; the command line makes its flags from it, the admin socket its requests.

// What commands work on. Borrowed.
struct CommandContext {
  const iam::Administration& administration;
  const iam::Directory& directory;
  store::Store& store;
  const base::Clock& clock;
};

struct CommandArgument {
  enum class Kind {
    kText,
    // A file's name on the command line, its content in the request.
    kFile,
    // Any number of times; a JSON array.
    kList,
  };
  std::string_view name;
  std::string_view help;
  bool required = true;
  Kind kind = Kind::kText;
};

struct Command {
  // Two words, such as "keys" and "create".
  std::string_view group;
  std::string_view verb;
  std::string_view help;
  std::vector<CommandArgument> arguments;
  base::Result<boost::json::value> (*run)(const CommandContext& context, const boost::json::object& arguments);
};

std::span<const Command> Commands();
// One line on a group of commands.
std::string_view GroupHelp(std::string_view group);
// Null when there is none.
const Command* FindCommand(std::string_view group, std::string_view verb);

// Checks the arguments against the table and runs the command. kBadRequest names the argument. Thread-safe.
base::Result<boost::json::value> RunCommand(const CommandContext& context, const Command& command,
                                            const boost::json::object& arguments);

}  // namespace chancery::app
