#pragma once

#include <google/protobuf/any.pb.h>

#include "compile/ir_tls.h"

// The TLS contexts of transport sockets; no Envoy header in here.
namespace chancery::compile::emit {

inline constexpr char kTlsSocket[] = "envoy.transport_sockets.tls";

// A DownstreamTlsContext.
google::protobuf::Any ToTlsContext(const ir::DownstreamTls& tls);
// An UpstreamTlsContext.
google::protobuf::Any ToTlsContext(const ir::UpstreamTls& tls);

}  // namespace chancery::compile::emit
