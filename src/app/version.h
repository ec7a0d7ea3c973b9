#pragma once

#include <string_view>

namespace chancery::app {

inline constexpr std::string_view kVersion = CHANCERY_VERSION;

}  // namespace chancery::app
