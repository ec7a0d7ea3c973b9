#pragma once

#include "compile/compile.h"
#include "compile/testing/simulation/call.h"
#include "compile/testing/simulation/outcome.h"
#include "compile/testing/simulation/request.h"

// Test support: what an Envoy with a configuration does with a call, without an Envoy.
//
// Decides from the messages that the proxy is sent, as Envoy does: the listener, the filter chain
// (chains.h), HTTP or TCP, the virtual host (hosts.h), the route (routes.h), the clusters. What it
// decides is held against real Envoys by tests/compile/test_call_simulation.py. It is a pure function;
// bodies, time and load take no part, and of TLS only which chain it leads to and whether a
// certificate is asked for.
namespace chancery::compile::testing {

// A gateway's own hop back into itself is followed: then there are two hops. A configuration with
// something in it that the simulation does not know ends as kNotSimulated, with the names. `repeated` is
// where Envoys differ by their version.
Outcome Simulate(const ProxyConfig& config, const Call& call, RepeatedHeaders repeated = RepeatedHeaders::kJoined);

// The whole set of clusters that something can go wrong with is in `choices`; this is which of them
// serve, as "name" or "name:weight name:weight", or how it ended: Outcome::Short.
std::string Where(const ProxyConfig& config, const Call& call, RepeatedHeaders repeated = RepeatedHeaders::kJoined);

}  // namespace chancery::compile::testing
