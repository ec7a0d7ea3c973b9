#pragma once

#include <CLI/App.hpp>

#include "cli/bootstrap_command.h"

namespace chancery::agent {

// Adds `envoy` to `app`: with the flags of `bootstrap` and of AgentSettings(), and after `--` words for Envoy. When
// app.parse() has chosen it, it has run, and `*exit_code` is Supervise's, 2 after misuse, or 1; with --readiness 0 or
// 1. `exit_code` outlives `app`. From the main thread, before others exist.
void AddEnvoyCommand(CLI::App& app, cli::CommandIo io, int* exit_code);

}  // namespace chancery::agent
