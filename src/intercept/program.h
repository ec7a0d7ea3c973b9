#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace chancery::intercept {

// A program of the host, found on PATH and in the folders of administrators' programs.

// Its path; kBadRequest when there is none.
base::Result<std::string> FindProgram(const std::string& name);

// Runs it with `input` on stdin and returns what it wrote to stdout, at most 4 MiB of it. An exit code other than 0 is
// kInternal with what it wrote to stderr; kNotFound when the program is not there. Waits for its end; blocks.
base::Result<std::string> RunProgram(const std::vector<std::string>& words, const std::string& input);

}  // namespace chancery::intercept
