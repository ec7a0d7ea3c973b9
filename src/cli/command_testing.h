#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/bootstrap_command.h"

namespace chancery::cli {

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// What `name`, which `add` adds to an application, says to these arguments in this environment.
template <typename Add>
Outcome RunCommand(Add add, std::string name, std::vector<std::string> arguments,
                   const std::map<std::string, std::string>& variables) {
  std::ostringstream out;
  std::ostringstream err;
  Outcome outcome;
  CLI::App app("test");
  const auto variable = [&](const std::string& wanted) {
    const auto found = variables.find(wanted);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
  add(app, CommandIo{out, err, variable}, &outcome.exit_code);
  arguments.insert(arguments.begin(), std::move(name));
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  app.parse(std::move(arguments));
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

}  // namespace chancery::cli
