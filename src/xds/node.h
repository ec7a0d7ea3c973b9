#pragma once

#include <string_view>

#include "base/result.h"
#include "xds/session.h"

namespace chancery::xds {

// Reads a serialized envoy.config.core.v3.Node; once a stream, since it takes some 25 µs.
// Error kBadRequest: naming the field that is missing or of another type.
base::Result<Node> ParseNode(std::string_view bytes);

}  // namespace chancery::xds
