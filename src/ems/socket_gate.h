#pragma once

#include <string>

#include "ems/stream_gate.h"
#include "iam/claims.h"

namespace chancery::ems {

// Streams over a Unix socket: who may open it is trusted to be what it says, of what may be claimed there.
class SocketGate : public StreamGate {
 public:
  // `address`: how the socket is called in messages. Borrows the store.
  SocketGate(std::string address, std::string account, iam::Claims claims, const store::Store& store);

  base::Result<Caller> Identify(const StreamHead& head) const override;
  base::Status Authorize(const Caller& who, const compile::ProxyKey& key, std::string_view peer) const override;

 private:
  const std::string address_;
  const std::string account_;
  const iam::Claims claims_;
  const store::Store& store_;
};

}  // namespace chancery::ems
