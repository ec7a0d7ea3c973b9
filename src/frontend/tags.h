#pragma once

#include <chancery/store/records.pb.h>
#include <google/protobuf/message.h>

#include "base/result.h"
#include "frontend/crud.h"

namespace chancery::frontend {

// Tags of every kind (contract/api.md §4.5). They live in the resource's record and die with it;
// writing them moves neither version nor lastUpdatedAt.
base::Result<Outcome> RunTags(const Context& context, const Operation& operation,
                              const google::protobuf::Message& input);

// Takes over the tags of a Create, if there are any.
void SetInitialTags(const google::protobuf::Message& create_input, chancery::store::ResourceRecord& record);

}  // namespace chancery::frontend
