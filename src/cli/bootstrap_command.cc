#include "cli/bootstrap_command.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "cli/flags.h"

namespace chancery::cli {
namespace {

base::Result<BootstrapOptions> ToOptions(const FlagValues& values, const Environment& environment) {
  auto options = FromEnvironment(environment);
  if (!options) return options;
  CHANCERY_RETURN_IF_ERROR(ApplyFlags(Settings(), values, *options));
  CHANCERY_RETURN_IF_ERROR(ReadFiles(*options));
  return options;
}

int Run(const FlagValues& values, const CommandIo& io) {
  auto options = ToOptions(values, io.environment);
  std::vector<std::string> warnings;
  auto text = options ? MakeBootstrap(*options, warnings) : options.error();
  if (!text) {
    io.err << "chancery bootstrap: " << base::ToString(text.error()) << "\n";
    return 2;
  }
  warnings.insert(warnings.begin(), options->warnings.begin(), options->warnings.end());
  for (const std::string& warning : warnings) io.err << "chancery bootstrap: " << warning << "\n";
  io.out << *text;
  return 0;
}

}  // namespace

CommandIo ProcessIo() {
  return {std::cout, std::cerr, [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value == nullptr ? std::nullopt : std::optional<std::string>(value);
          }};
}

void AddBootstrapCommand(CLI::App& app, CommandIo io, int* exit_code) {
  CLI::App* command = app.add_subcommand("bootstrap", "Print the bootstrap of a stock Envoy");
  command->footer("A flag overrides the environment variables in brackets behind it.");
  auto values = std::make_shared<FlagValues>();
  AddFlags(*command, Settings(), values);
  command->callback([values, io = std::move(io), exit_code] { *exit_code = Run(*values, io); });
}

}  // namespace chancery::cli
