#pragma once

#include <google/protobuf/message.h>

#include "base/result.h"
#include "frontend/gate.h"
#include "frontend/ref_memo.h"
#include "frontend/router.h"
#include "frontend/settings.h"
#include "frontend/unit_of_work.h"
#include "store/store.h"

namespace chancery::frontend {

// What an operation runs in. Borrowed.
struct Context {
  const Settings& settings;
  store::Store& store;
  RefMemo& refs;
  const Caller& caller;
  int64_t now_ms;
  // The client's address and the request's id, for the change record.
  const std::string& source;
  const std::string& request_id;
};

// The resource that a request is about; for a list its name is empty.
model::ResourceKey KeyOf(const Context& context, const model::KindDescriptor& kind,
                         const google::protobuf::Message& input);
Origin OriginOf(const Context& context, const Operation& operation, const google::protobuf::Message& input);

// Create, describe, update, delete and list, each written once for all kinds (contract/api.md §4).
// `input` is the operation's input message, already valid by shape and by field rules.
base::Result<Outcome> RunCrud(const Context& context, const Operation& operation,
                              const google::protobuf::Message& input);

}  // namespace chancery::frontend
