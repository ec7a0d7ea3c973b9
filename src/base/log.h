#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace chancery::base {

// Sends the process's log to stderr, one line a record with UTC time; stdout belongs to what a
// command prints. `level` is trace, debug, info, warn, error or off. Call once, from main.
// Everything below main logs through spdlog::info(...) and its siblings.
void InitLogging(std::string_view level);

}  // namespace chancery::base
