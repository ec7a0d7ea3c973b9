#pragma once

#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "frontend/audit.h"
#include "frontend/crud.h"
#include "frontend/gate.h"
#include "frontend/message.h"
#include "frontend/ref_memo.h"
#include "frontend/router.h"
#include "frontend/settings.h"
#include "store/store.h"

namespace chancery::frontend {

// The App Mesh API apart from any transport (contract/api.md): one request in, one answer out.
// Thread-safe; a mutation blocks until it is durable.
//
// 1. Each answer has x-amzn-RequestId; each accepted mutation has x-chancery-txn.
// 2. All broken rules of a request are told at once, up to 100.
// 3. A path that no operation has is 404 UnknownOperationException, as AWS's own protocol tests have
//    it; a method that a path does not have is 405 with the same name and an Allow header.
class Api {
 public:
  // Borrows the store, the clock and the gate. An empty `audit` hears nothing.
  Api(Settings settings, store::Store& store, const base::Clock& clock, const Gate& gate, AuditLog audit = {});

  Answer Handle(const Request& request) const;
  // Whether Handle answers without waiting, for a commit or for whoever knows the caller.
  bool IsQuick(const Request& request) const { return request.method == "GET" && !gate_.MayWait(request); }

 private:
  Answer Run(const Request& request, AuditEvent& event) const;
  base::Result<Outcome> Perform(const Route& route, std::string_view query, const Request& request,
                                AuditEvent& event) const;
  base::Status Authorize(const Context& context, const Operation& operation, const google::protobuf::Message& input,
                         const Request& request, AuditEvent& event) const;

  Settings settings_;
  store::Store& store_;
  const base::Clock& clock_;
  const Gate& gate_;
  const AuditLog audit_;
  Router router_;
  mutable RefMemo refs_;
};

}  // namespace chancery::frontend
