#pragma once

#include <google/protobuf/message.h>

#include <vector>

#include "frontend/crud.h"
#include "frontend/gate.h"

namespace chancery::frontend {

// What a call needs permission on (contract/api.md §5): its own resource first, then each resource that the submitted
// spec refers to. One table; a resource that does not exist yet has the ARN that it would get from this caller.
// Empty only for a resourceArn that is none, which is refused as such. Errors: those of the store.
base::Result<std::vector<Access>> AccessesOf(const Context& context, const Operation& operation,
                                             const google::protobuf::Message& input);

}  // namespace chancery::frontend
