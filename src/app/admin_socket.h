#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "app/command_table.h"
#include "base/result.h"
#include "frontend/audit.h"
#include "frontend/message.h"

namespace chancery::app {

// DATA_DIR/admin.sock: POST /{group}/{verb} with the arguments of a command as a JSON object; 200 with what it gives,
// or the error in the form of the API's. Only the owner of the process and root reach it (frontend::HttpServer).
inline constexpr std::string_view kAdminSocket = "admin.sock";

// Runs the command that a request is and tells `audit` (empty: nobody) of it. Thread-safe.
frontend::Answer HandleCommand(const CommandContext& context, const frontend::AuditLog& audit,
                               const frontend::Request& request);

// Sends a command to the process that serves `data_dir`. Nothing when none does; kUnavailable when it does not answer.
base::Result<std::optional<boost::json::value>> SendCommand(const std::filesystem::path& data_dir,
                                                            const Command& command,
                                                            const boost::json::object& arguments);

}  // namespace chancery::app
