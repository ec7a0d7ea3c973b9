#pragma once

#include <google/protobuf/message.h>

#include "base/result.h"
#include "frontend/router.h"
#include "frontend/settings.h"
#include "frontend/unit_of_work.h"
#include "store/store.h"

namespace chancery::frontend {

// What an operation runs in. Borrowed.
struct Context {
  const Settings& settings;
  store::Store& store;
  const Caller& caller;
  int64_t now_ms;
};

// Create, describe, update, delete and list, each written once for all kinds (contract/api.md §4).
// `input` is the operation's input message, already valid by shape and by field rules.
base::Result<Outcome> RunCrud(const Context& context, const Operation& operation,
                              const google::protobuf::Message& input);

}  // namespace chancery::frontend
