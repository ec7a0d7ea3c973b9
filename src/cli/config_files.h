#pragma once

#include <string>
#include <vector>

#include "base/result.h"

// Files of the user's, YAML or JSON, that become part of the bootstrap (contract/envoy.md §1.3). Merging works on the
// tree, not on Envoy's messages, so that a file may hold extensions that this program does not know. Thread-safe.
namespace chancery::cli {

struct ConfigFile {
  std::string variable;  // who named it
  std::string path;      // empty: none
  std::string text;      // once read
};

struct ConfigFiles {
  ConfigFile tracing{"ENVOY_TRACING_CFG_FILE", {}, {}};         // in place of the generated tracer
  ConfigFile stats{"ENVOY_STATS_CONFIG_FILE", {}, {}};          // in place of the generated stats_config
  ConfigFile sinks{"ENVOY_STATS_SINKS_CFG_FILE", {}, {}};       // in place of the generated sink; has stats_sinks
  ConfigFile resources{"ENVOY_RESOURCES_CONFIG_FILE", {}, {}};  // anything
};

// The whole file; kBadRequest names `name` and the file when it cannot be read or is larger than 1 MiB.
base::Result<std::string> ReadConfigFile(const std::string& name, const std::string& path);

// `bootstrap` (JSON) with the files merged in, in the order above: stats_sinks, and listeners, clusters and secrets of
// static_resources, are appended; tracing and stats_config may come once; any other member replaces the generated one,
// with a warning. Names of members may be in snake_case or lowerCamelCase. kBadRequest names the variable.
base::Result<std::string> MergeFiles(const std::string& bootstrap, const ConfigFiles& files,
                                     std::vector<std::string>& warnings);

}  // namespace chancery::cli
