#pragma once

#include "compile/fragment.h"
#include "compile/ir.h"

// From the intermediate form to Envoy's protos, one file per type of resource. These files and no
// others include Envoy's headers.
namespace chancery::compile::emit {

FragmentPtr EmitCluster(const ir::Cluster& cluster);
FragmentPtr EmitListener(const ir::Listener& listener);
FragmentPtr EmitRoutes(const ir::RouteConfig& config);

}  // namespace chancery::compile::emit
