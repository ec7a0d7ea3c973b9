#pragma once

#include <string>

#include "agent/options.h"
#include "base/result.h"
#include "cli/endpoint.h"

namespace chancery::agent {

// What is to be run.
struct Supervision {
  std::string program;    // Envoy's path
  std::string bootstrap;  // the path of its bootstrap
  cli::Endpoint admin;    // where its admin interface will be
  AgentOptions options;
};

// Runs Envoy, serves the agent's API and looks after Envoy's health, until Envoy is not started again or a signal has
// ended it: SIGTERM, SIGINT, SIGQUIT and SIGHUP drain it, a second SIGINT ends the wait, SIGUSR1 is passed on (Envoy
// opens its access logs anew). Gives the exit code (Lifecycle::exit_code). Call from the main thread before other
// threads exist. Errors: the API's address, the log directory, or Envoy's program.
base::Result<int> Supervise(const Supervision& what);

}  // namespace chancery::agent
