#pragma once

#include <string_view>

#include "xds/resource.h"

namespace chancery::ems {

// The EDS cluster that the App Mesh agent puts into its bootstrap, as the local cluster of zone-aware routing
// (contract/envoy.md §7.6): Envoys ask for it before anything else.
inline constexpr std::string_view kLocalCluster = "local_cluster";

// Its assignment, without endpoints: no two virtual nodes share one, and none of ours needs it. Every proxy may have
// it, who does not ask for it lacks nothing.
const xds::ResourcePtr& LocalCluster();

}  // namespace chancery::ems
