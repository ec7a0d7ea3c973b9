#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "frontend/message.h"
#include "frontend/router.h"
#include "frontend/settings.h"
#include "store/store.h"

namespace chancery::frontend {

// The App Mesh API apart from any transport (contract/api.md): one request in, one answer out.
// Thread-safe; a mutation blocks until it is durable.
//
// 1. Each answer has x-amzn-RequestId; each accepted mutation has x-chancery-txn.
// 2. All broken rules of a request are told at once.
// 3. A path that no operation has is 404 UnknownOperationException, as AWS's own protocol tests have
//    it; a method that a path does not have is 405 with the same name and an Allow header.
class Api {
 public:
  // Says who sends a request. Thread-safe. Errors: those of base::Code about who asks.
  using Identify = std::function<base::Result<Caller>(const Request& request)>;

  // Borrows the store and the clock.
  Api(Settings settings, store::Store& store, const base::Clock& clock, Identify identify);
  // Without authentication: everybody is "anonymous" of the settings' account.
  Api(Settings settings, store::Store& store, const base::Clock& clock);

  Answer Handle(const Request& request) const;

 private:
  Answer Run(const Route& route, std::string_view query, const Request& request, const std::string& id) const;

  Settings settings_;
  store::Store& store_;
  const base::Clock& clock_;
  Identify identify_;
  Router router_;
};

}  // namespace chancery::frontend
