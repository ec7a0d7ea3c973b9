#pragma once

#include <chancery/store/records.pb.h>
#include <google/protobuf/message.h>

#include <optional>

#include "base/result.h"
#include "frontend/crud.h"
#include "frontend/unit_of_work.h"
#include "model/resource.h"

namespace chancery::frontend {

// Tags of every kind (contract/api.md §4.5). They live in the resource's record and die with it;
// writing them moves neither version nor lastUpdatedAt.
base::Result<Outcome> RunTags(const Context& context, const Operation& operation,
                              const google::protobuf::Message& input);

// The resource whose tags the caller means by an ARN: its own, in its own mesh or, since an ARN without @<owner> may be
// of either (contract/api.md §3.1), in one that is shared with it. Nothing when it has no such resource.
base::Result<std::optional<Stored>> FindTagged(UnitOfWork& work, const Caller& caller, const model::ParsedArn& arn);

// Takes over the tags of a Create, if there are any.
void SetInitialTags(const google::protobuf::Message& create_input, chancery::store::ResourceRecord& record);

}  // namespace chancery::frontend
