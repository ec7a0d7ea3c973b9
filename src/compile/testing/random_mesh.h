#pragma once

#include <string>
#include <vector>

#include "compile/compile.h"
#include "model/snapshot.h"

// Test support: meshes drawn by RapidCheck, dangling and contradictory ones included. Call inside rc::check.
namespace chancery::compile::testing {

// Uniform in [0, limit), at full size from the first case on; and true once in n times.
int Below(int limit);
bool OneIn(int n);

// A resource of any kind, with one of few names, so that they collide and refer to each other.
model::ResourcePtr RandomResource();
// Up to 60 resources, one for each key.
std::vector<model::ResourcePtr> RandomResources();

model::Snapshot ToSnapshot(const std::vector<model::ResourcePtr>& resources);
// Every proxy that a mesh of RandomResources may have.
std::vector<ProxyKey> AllProxies();
// All fragments and warnings, in one text.
std::string Contents(const ProxyConfig& config);

}  // namespace chancery::compile::testing
