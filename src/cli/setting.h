#pragma once

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

// A table of what can be set by flags and by environment variables, for any struct of options. Pure and thread-safe.
namespace chancery::cli {

// One thing that can be set, by a flag, by variables, or both.
template <typename Options>
struct SettingOf {
  std::string_view flag;                    // "--xds"; empty: by variable only
  std::vector<std::string_view> variables;  // the first that is set and not empty counts
  std::string_view placeholder;             // "HOST:PORT" in the help text; empty: a switch
  std::string_view help;
  // Parses `value` into the options. The error says what is expected, not who asked.
  base::Status (*apply)(Options&, const std::string& value);
};

// The value of an environment variable, or nothing.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

inline base::Error NamedError(std::string_view name, const base::Error& error) {
  return {error.code, fmt::format("{}: {}", name, error.message), {}};
}

// Applies the variables that are set, in the order of the table. Errors name the variable.
template <typename Options>
base::Status ApplyEnvironment(std::span<const SettingOf<Options>> settings, const Environment& environment,
                              Options& options) {
  for (const auto& setting : settings) {
    for (const std::string_view variable : setting.variables) {
      const std::optional<std::string> value = environment(std::string(variable));
      if (!value || value->empty()) continue;
      if (auto status = setting.apply(options, *value); !status) return NamedError(variable, status.error());
      break;
    }
  }
  return base::Status::Ok();
}

// Assigns a parsed value, or passes the error on.
template <typename Target, typename Value>
base::Status Assign(Target& target, base::Result<Value> value) {
  if (!value) return value.error();
  target = static_cast<Target>(*std::move(value));
  return base::Status::Ok();
}

inline base::Status AssignText(std::string& target, const std::string& value) {
  target = value;
  return base::Status::Ok();
}

}  // namespace chancery::cli
