#pragma once

#include "cli/platform.h"
#include "cli/setting.h"

namespace chancery::agent {

// Adds to `platform` what this host tells: its interfaces, kernel and IP families; on ECS what the task's metadata
// endpoint says; on Kubernetes (the injector's three variables are set) the zone from EC2's metadata service. What does
// not answer within a second is left out and logged: a proxy starts without it. Blocks for some seconds at most.
void GatherPlatform(const cli::Environment& environment, cli::Platform& platform);

// What the ECS task metadata document `task` and the container's own `container` tell. Either may be empty.
void ReadEcsMetadata(const std::string& task, const std::string& container, cli::Platform& platform);

}  // namespace chancery::agent
