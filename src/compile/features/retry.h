#pragma once

#include <chancery/model/route.pb.h>

#include "compile/ir.h"

// Retry policies (contract/envoy.md §2.5).
namespace chancery::compile {

// Of routes without a policy, and of virtual services that a node provides.
ir::Retry DefaultRetry();

ir::Retry ToRetry(const chancery::model::HttpRetryPolicy& policy);
ir::Retry ToRetry(const chancery::model::GrpcRetryPolicy& policy);

}  // namespace chancery::compile
