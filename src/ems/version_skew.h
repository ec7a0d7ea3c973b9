#pragma once

#include <string>
#include <vector>

#include "compile/profile.h"
#include "xds/session.h"

// What follows from the version that a proxy reports in its node (contract/envoy.md §4, ADR 0014).
namespace chancery::ems {

// A proxy that does not say that it is an Envoy, and which, is taken for an old one: what those are sent every Envoy
// understands.
compile::Profile ProfileOf(const xds::Node& node);

// What cannot be had because of the proxy's version, apart from what the compiler warns of; for people, mostly none.
std::vector<std::string> SkewWarnings(const xds::Node& node);

}  // namespace chancery::ems
