#include "intercept/command.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <map>
#include <memory>
#include <utility>

#include "intercept/apply.h"
#include "intercept/options.h"

namespace chancery::intercept {
namespace {

constexpr int kMisuse = 2;

struct Flags {
  std::map<std::string, std::string> values;
  bool print = false;
  bool remove = false;
};

std::string HelpOf(const Setting& setting) {
  if (setting.variable.empty()) return std::string(setting.help);
  return fmt::format("{} [{}]", setting.help, setting.variable);
}

void AddFlag(CLI::App& command, const Setting& setting, const std::shared_ptr<Flags>& flags) {
  const std::string flag(setting.flag);
  if (setting.placeholder.empty()) {
    command.add_flag_callback(flag, [flags, flag] { flags->values[flag] = "true"; }, HelpOf(setting));
    return;
  }
  command
      .add_option_function<std::string>(
          flag, [flags, flag](const std::string& value) { flags->values[flag] = value; }, HelpOf(setting))
      ->type_name(std::string(setting.placeholder));
}

base::Result<InterceptOptions> ToOptions(const Flags& flags, const cli::Environment& environment) {
  auto options = FromEnvironment(environment);
  if (!options) return options;
  for (const Setting& setting : Settings()) {
    const auto value = flags.values.find(std::string(setting.flag));
    if (setting.flag.empty() || value == flags.values.end()) continue;
    CHANCERY_RETURN_IF_ERROR(ApplyFlag(setting, value->second, *options));
  }
  if (!flags.remove) CHANCERY_RETURN_IF_ERROR(Check(*options));
  return options;
}

int Fail(const cli::CommandIo& io, const base::Error& error, int code) {
  io.err << "chancery intercept: " << base::ToString(error) << "\n";
  return code;
}

base::Status Act(const InterceptOptions& options, bool remove) {
  CHANCERY_RETURN_IF_ERROR(CheckCapability());
  const Host host = ThisHost();
  const auto tool = ChooseTool(options, host);
  if (!tool) return tool.error();
  return remove ? RemoveRules(*tool, host) : SetRules(options, *tool, host);
}

int Run(const Flags& flags, const cli::CommandIo& io) {
  const auto options = ToOptions(flags, io.environment);
  if (!options) return Fail(io, options.error(), kMisuse);
  if (flags.print) {
    // What a host without either tool would get is a fair question too.
    const auto tool = ChooseTool(*options, ThisHost());
    io.out << PrintedRules(*options, tool ? *tool : options->tool);
    return 0;
  }
  if (!flags.remove && !options->enabled) {
    io.err << "chancery intercept: nothing is done, APPMESH_START_ENABLED is 0\n";
    return 0;
  }
  const auto done = Act(*options, flags.remove);
  return done ? 0 : Fail(io, done.error(), 1);
}

}  // namespace

void AddInterceptCommand(CLI::App& app, cli::CommandIo io, int* exit_code) {
  CLI::App* command = app.add_subcommand("intercept", "Redirect an application's traffic to its proxy, on this host");
  command->footer("A flag overrides the environment variable in brackets behind it.");
  auto flags = std::make_shared<Flags>();
  for (const Setting& setting : Settings()) {
    if (!setting.flag.empty()) AddFlag(*command, setting, flags);
  }
  CLI::Option* print = command->add_flag("--print", flags->print, "Show the rules and change nothing");
  command->add_flag("--remove", flags->remove, "Remove the rules")->excludes(print);
  command->callback([flags, io = std::move(io), exit_code] { *exit_code = Run(*flags, io); });
}

}  // namespace chancery::intercept
