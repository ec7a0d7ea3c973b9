#pragma once

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "cli/setting.h"

// The flags of a table of settings on a command of CLI11. Confined to the caller's thread.
namespace chancery::cli {

// Flag values as they came, by flag; they are parsed when the command runs.
using FlagValues = std::map<std::string, std::string>;

template <typename Options>
void AddFlag(CLI::App& command, const SettingOf<Options>& setting, const std::shared_ptr<FlagValues>& values) {
  const std::string flag(setting.flag);
  std::string help(setting.help);
  for (const std::string_view variable : setting.variables) help += fmt::format(" [{}]", variable);
  if (setting.placeholder.empty()) {
    command.add_flag_callback(flag, [values, flag] { (*values)[flag] = "true"; }, help);
    return;
  }
  command
      .add_option_function<std::string>(
          flag, [values, flag](const std::string& value) { (*values)[flag] = value; }, help)
      ->type_name(std::string(setting.placeholder));
}

template <typename Options>
void AddFlags(CLI::App& command, std::span<const SettingOf<Options>> settings,
              const std::shared_ptr<FlagValues>& values) {
  for (const auto& setting : settings) {
    if (!setting.flag.empty()) AddFlag(command, setting, values);
  }
}

// Applies the flags that were given, in the order of the table. Errors name the flag.
template <typename Options>
base::Status ApplyFlags(std::span<const SettingOf<Options>> settings, const FlagValues& values, Options& options) {
  for (const auto& setting : settings) {
    const auto value = values.find(std::string(setting.flag));
    if (setting.flag.empty() || value == values.end()) continue;
    if (auto status = setting.apply(options, value->second); !status) return NamedError(setting.flag, status.error());
  }
  return base::Status::Ok();
}

}  // namespace chancery::cli
