#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace chancery::agent {

struct Program {
  std::string path;
  std::vector<std::string> arguments;  // without the program's name
  // Where its output goes, and what it says of errors; -1: where ours goes.
  int output = -1;
  int errors = -1;
};

// Starts a program and gives its pid. It leads a process group of its own, so that Ctrl-C reaches it through us alone,
// inherits nothing but the three standard descriptors, and is killed by the kernel when the calling thread ends, in
// whatever way, unless PrivilegeOf it says something: call from a thread that lives as long as this process.
// kUnavailable names what failed, exec included.
base::Result<int> StartProgram(const Program& program);

// What the program at `path` may be given when it is run, in words ("has file capabilities"): then the kernel forgets
// to kill it with its parent (prctl(2), PR_SET_PDEATHSIG). Empty: nothing.
std::string PrivilegeOf(const std::string& path);

// Makes this process the parent of whatever its children leave behind, and lifts the limit on open files, which
// children inherit, to what is allowed.
void PrepareToSupervise();

}  // namespace chancery::agent
