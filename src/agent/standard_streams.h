#pragma once

#include <memory>

#include "agent/output_pump.h"
#include "base/result.h"

namespace chancery::agent {

// An Envoy opens /dev/stdout and /dev/stderr anew, for its access logs. The kernel lets nobody open a socket so, as
// systemd's journal is one, nor a pipe or file of another user, as that of a shell's `sudo -u` is.

// Whether `descriptor`, a standard stream of this process, can be opened anew by a child that has it.
bool CanBeOpenedAnew(int descriptor);

// A pump to `descriptor` when it cannot, so that a child that is given the pump's can open that; null when it can. What
// `descriptor` does not take is lost.
base::Result<std::unique_ptr<OutputPump>> PumpUnlessOpenable(int descriptor);

}  // namespace chancery::agent
