#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "frontend/message.h"
#include "iam/context_keys.h"
#include "iam/principal.h"

namespace chancery::frontend {

// Who asks, as far as the gate made it out.
struct Caller {
  std::string account;
  // For the change record and the audit log: an ARN, or "anonymous".
  std::string actor;
  iam::Principal principal = {};
  // Groups that a bearer token names, besides those that are stored.
  std::vector<std::string> groups = {};
  // Until when the call's signature can be sent again; 0: it has none.
  int64_t replayable_until_ms = 0;
  // Called before a call without a clientToken commits; refuses a replay of its signature. Empty: nothing to refuse.
  std::function<base::Status()> first_time = {};
  // Called when such a call has changed nothing after all. Empty: as above.
  std::function<void()> nothing_done = {};
};

// One resource that a call needs permission on.
struct Access {
  // Its ARN in each of its spellings (contract/api.md §3.1), or "*".
  std::vector<std::string> resources;
  // aws:ResourceTag of it, aws:RequestTag and aws:TagKeys of the call.
  iam::ContextKeys context;
};

// Finds out who sends a request and whether they may. Thread-safe.
class Gate {
 public:
  virtual ~Gate() = default;
  // Errors: those of base::Code about who asks.
  virtual base::Result<Caller> Identify(const Request& request) const = 0;
  // The access key that a request names without having proven it, for the audit log; empty when it names none, or
  // something that is not formed like one and could be a secret in the wrong place.
  virtual std::string ClaimedKey(const Request&) const { return ""; }
  // Whether Identify may wait for somebody else, such as an issuer's keys.
  virtual bool MayWait(const Request&) const { return false; }
  // kAccessDenied. `action` is an operation's name.
  virtual base::Status Authorize(const Caller& caller, const Request& request, std::string_view action,
                                 const Access& access) const = 0;
  // kTooManyRequests when the account has used up its rate.
  virtual base::Status Admit(const Caller& caller) const = 0;
};

// Lets everybody in, by default as "anonymous" of one account; for --insecure-no-auth and for tests.
class OpenGate : public Gate {
 public:
  using Who = std::function<base::Result<Caller>(const Request& request)>;
  explicit OpenGate(std::string account);
  explicit OpenGate(Who who);

  base::Result<Caller> Identify(const Request& request) const override { return who_(request); }
  base::Status Authorize(const Caller&, const Request&, std::string_view, const Access&) const override {
    return base::Status::Ok();
  }
  base::Status Admit(const Caller&) const override { return base::Status::Ok(); }

 private:
  const Who who_;
};

}  // namespace chancery::frontend
