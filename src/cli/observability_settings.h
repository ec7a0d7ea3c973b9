#pragma once

#include <vector>

#include "cli/bootstrap.h"

// Rows of the table of settings (settings.cc) that concern what a proxy tells of itself.
namespace chancery::cli {

std::vector<Setting> TracingSettings();
std::vector<Setting> StatsSettings();
std::vector<Setting> FileSettings();

}  // namespace chancery::cli
