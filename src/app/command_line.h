#pragma once

#include <CLI/App.hpp>

namespace chancery::app {

// Adds the commands of command_table.h to `app`. What is chosen goes to the process that serves the data directory, or,
// when none does, straight to its store. The result is JSON on stdout; `*exit_code` is 0, or 1 after one line on
// stderr. `exit_code` outlives `app`.
void AddCommands(CLI::App& app, int* exit_code);

}  // namespace chancery::app
