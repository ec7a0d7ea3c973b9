// The chancery command: reads its words, runs one subcommand. Misuse is one line on stderr and exit
// code 2; a failure at run time is 1.

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include "agent/envoy_command.h"
#include "app/command_line.h"
#include "app/control_plane.h"
#include "app/options.h"
#include "app/relay_command.h"
#include "app/version.h"
#include "base/log.h"
#include "cli/bootstrap_command.h"
#include "intercept/command.h"

namespace chancery::app {
namespace {

constexpr int kMisuse = 2;

// SIGINT and SIGTERM are taken by sigwait in the main thread, so every thread must be made with them
// blocked.
sigset_t BlockSignals() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  return stop;
}

// A standard descriptor that is closed would be given to the next file or socket, and what is printed would go there.
void HoldStandardStreams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // Takes the lowest number that is free. To read only, so that what is printed is not thought to be written.
    if (fcntl(descriptor, F_GETFD) < 0) [[maybe_unused]]
      const int opened = open("/dev/null", O_RDONLY);
  }
}

// For what prints addresses and goes on.
void Print(const std::string& line) {
  std::cout << line << "\n" << std::flush;
  if (!std::cout) spdlog::warn("cannot write to stdout: {}", line);
  std::cout.clear();
}

int Serve(const ServeOptions& options) {
  if (const auto checked = CheckServeOptions(options); !checked) {
    std::cerr << "chancery serve: " << checked.error().message << "\n";
    return kMisuse;
  }
  const sigset_t stop = BlockSignals();
  base::InitLogging(options.log_level);
  ControlPlane control_plane(options);
  if (const auto started = control_plane.Start(); !started) {
    std::cerr << "chancery serve: " << base::ToString(started.error()) << "\n";
    return 1;
  }
  Print(control_plane.ReadyLine());
  int signal_number = 0;
  sigwait(&stop, &signal_number);
  spdlog::info("signal {}: stopping", signal_number);
  control_plane.Stop();
  return 0;
}

int RunRelay(const RelayFlags& flags) {
  const auto options = ToRelayOptions(flags, cli::ProcessIo().environment);
  if (!options) {
    std::cerr << "chancery relay: " << options.error().message << "\n";
    return kMisuse;
  }
  const sigset_t stop = BlockSignals();
  base::InitLogging(flags.log_level);
  relay::Relay relay(*options);
  if (const auto started = relay.Start(); !started) {
    std::cerr << "chancery relay: " << base::ToString(started.error()) << "\n";
    return 1;
  }
  for (const std::string& address : relay.addresses()) Print(address);
  int signal_number = 0;
  sigwait(&stop, &signal_number);
  spdlog::info("signal {}: stopping", signal_number);
  relay.Stop();
  return 0;
}

int Run(int argc, char** argv) {
  CLI::App app("Chancery: a control plane for Envoy that speaks the AWS App Mesh API", "chancery");
  app.set_version_flag("--version", std::string("chancery ") + std::string(kVersion));
  app.require_subcommand(1);
  app.get_formatter()->column_width(36);
  ServeOptions options;
  CLI::App* serve = app.add_subcommand("serve", "Run the control plane: API, transformer and EMS in one process");
  AddServeOptions(*serve, options);
  RelayFlags relay_flags;
  CLI::App* relay = app.add_subcommand(
      "relay", "Take proxies' streams from a Unix socket to a control plane, with TLS and credentials");
  AddRelayOptions(*relay, relay_flags);
  int exit_code = 0;
  AddCommands(app, &exit_code);
  cli::AddBootstrapCommand(app, cli::ProcessIo(), &exit_code);
  agent::AddEnvoyCommand(app, cli::ProcessIo(), &exit_code);
  intercept::AddInterceptCommand(app, cli::ProcessIo(), &exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& call) {
    return app.exit(call);
  } catch (const CLI::CallForVersion& call) {
    return app.exit(call);
  } catch (const CLI::RequiredError& error) {
    const bool unknown = argc > 1 && argv[1][0] != '-' && app.get_subcommands().empty();
    std::cerr << "chancery: " << (unknown ? "no such command: " + std::string(argv[1]) : error.what()) << "\n";
    return kMisuse;
  } catch (const CLI::ParseError& error) {
    std::cerr << "chancery: " << error.what() << "\n";
    return kMisuse;
  }
  if (serve->parsed()) return Serve(options);
  return relay->parsed() ? RunRelay(relay_flags) : exit_code;
}

}  // namespace
}  // namespace chancery::app

int main(int argc, char** argv) {
  try {
    chancery::app::HoldStandardStreams();
    signal(SIGPIPE, SIG_IGN);  // what cannot be printed is said, and a peer that goes away ends nothing
    const int exit_code = chancery::app::Run(argc, argv);
    if (exit_code != 0 || std::cout.flush()) return exit_code;
    std::fprintf(stderr, "chancery: cannot write to stdout\n");
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "chancery: %s\n", error.what());
    return 1;
  }
}
