#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "intercept/options.h"

namespace chancery::intercept {

// What the host offers: its programs. Tests give another one.
struct Host {
  std::function<bool(const std::string& program)> has;
  // RunProgram of program.h.
  std::function<base::Result<std::string>(const std::vector<std::string>& words, const std::string& input)> run;
};

// The host that we are on.
Host ThisHost();

// Whether this process may change a network's rules. kForbidden says what is needed.
base::Status CheckCapability();

// Which tool to use: the one asked for, or nft if it is there, or else iptables. kNotFound names what is missing.
base::Result<Tool> ChooseTool(const InterceptOptions& options, const Host& host);

// The text that SetRules gives to `tool`, as if there were no rules yet.
std::string PrintedRules(const InterceptOptions& options, Tool tool);

// Sets the rules in place of those of an earlier call, with whichever tool. With iptables and without IPv6, earlier
// rules for IPv6 go; a host that cannot list any has none.
base::Status SetRules(const InterceptOptions& options, Tool tool, const Host& host);
// Removes what was set, for both families, with `tool` or with the other one. Success when there is nothing. Error:
// rules that are there and stay, or `tool` cannot tell.
base::Status RemoveRules(Tool tool, const Host& host);

}  // namespace chancery::intercept
