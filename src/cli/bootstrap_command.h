#pragma once

#include <CLI/App.hpp>
#include <ostream>

#include "cli/bootstrap.h"

namespace chancery::cli {

// What a command reads and writes besides its flags.
struct CommandIo {
  std::ostream& out;
  std::ostream& err;
  Environment environment;
};
// The process's own: stdout, stderr, getenv.
CommandIo ProcessIo();

// Adds `bootstrap` to `app`. When app.parse() has chosen it, the bootstrap is on `io.out` and
// `*exit_code` is 0, or one line on `io.err` says what is wrong and it is 2. `exit_code` outlives
// `app`. Confined to the caller's thread.
void AddBootstrapCommand(CLI::App& app, CommandIo io, int* exit_code);

}  // namespace chancery::cli
