#include "cli/bootstrap_command.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <utility>

namespace chancery::cli {
namespace {

// Flag values as they came, by flag; they are parsed when the command runs.
using FlagValues = std::map<std::string, std::string>;

std::string HelpOf(const Setting& setting) {
  std::string help(setting.help);
  for (const std::string_view variable : setting.variables) help += fmt::format(" [{}]", variable);
  return help;
}

void AddFlag(CLI::App& command, const Setting& setting, const std::shared_ptr<FlagValues>& values) {
  const std::string flag(setting.flag);
  if (setting.placeholder.empty()) {
    command.add_flag_callback(flag, [values, flag] { (*values)[flag] = "true"; }, HelpOf(setting));
    return;
  }
  command
      .add_option_function<std::string>(
          flag, [values, flag](const std::string& value) { (*values)[flag] = value; }, HelpOf(setting))
      ->type_name(std::string(setting.placeholder));
}

base::Result<BootstrapOptions> ToOptions(const FlagValues& values, const Environment& environment) {
  auto options = FromEnvironment(environment);
  if (!options) return options;
  for (const Setting& setting : Settings()) {
    const auto value = values.find(std::string(setting.flag));
    if (setting.flag.empty() || value == values.end()) continue;
    CHANCERY_RETURN_IF_ERROR(ApplyFlag(setting, value->second, *options));
  }
  return options;
}

int Run(const FlagValues& values, const CommandIo& io) {
  auto options = ToOptions(values, io.environment);
  auto text = options ? MakeBootstrap(*options) : options.error();
  if (!text) {
    io.err << "chancery bootstrap: " << base::ToString(text.error()) << "\n";
    return 2;
  }
  for (const std::string& warning : options->warnings) io.err << "chancery bootstrap: " << warning << "\n";
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
  for (const Setting& setting : Settings()) {
    if (!setting.flag.empty()) AddFlag(*command, setting, values);
  }
  command->callback([values, io = std::move(io), exit_code] { *exit_code = Run(*values, io); });
}

}  // namespace chancery::cli
