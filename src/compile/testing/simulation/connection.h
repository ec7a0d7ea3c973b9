#pragma once

#include <cstdint>
#include <string>

#include "compile/compile.h"
#include "compile/testing/simulation/call.h"
#include "compile/testing/simulation/outcome.h"

namespace envoy::config::listener::v3 {
class Listener;
}

namespace chancery::compile::testing {

// The name of the listener that listens on `port`; empty when there is none.
std::string ListenerAt(const ProxyConfig& config, uint32_t port);

struct Accepted {
  int chain = -1;
  bool over_tls = false;  // and it ends in this proxy
  End end = End::kForwarded;
  std::string note = {};
};

// A connection through the listener's filters, to a chain and through its transport socket. A
// gateway's second hop has the destination of its endpoint.
Accepted Accept(const envoy::config::listener::v3::Listener& listener, const Call& connection);

}  // namespace chancery::compile::testing
