#pragma once

#include <CLI/App.hpp>

#include "cli/bootstrap_command.h"

namespace chancery::intercept {

// Adds `intercept` to `app`. When app.parse() has chosen it, the rules are set, removed or printed and `*exit_code` is
// 0; or one line on `io.err` says what is wrong, and it is 2 for settings that are not right and 1 for a host that
// refuses. `exit_code` outlives `app`. Confined to the caller's thread.
void AddInterceptCommand(CLI::App& app, cli::CommandIo io, int* exit_code);

}  // namespace chancery::intercept
