#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "edge/server.h"
#include "iam/claims.h"
#include "relay/credentials.h"
#include "relay/relay_stream.h"
#include "relay/resolver.h"
#include "tls/context.h"
#include "tls/context_files.h"

namespace chancery::relay {

struct RelayOptions {
  struct Listener {
    edge::ListenerOptions socket = {};
    iam::Claims claims = {};
  };
  std::vector<Listener> listeners;
  // Where the control plane is.
  std::string host;
  uint16_t port = 0;
  // Whom to trust, and a client certificate if it is one that proves who this is; looked at again for each stream.
  bool plaintext = false;
  tls::Files tls = {};
  Credentials credentials = {};
};

// Stands beside proxies that have no credentials, such as App Mesh's agent over a Unix socket, and takes their streams
// to a control plane elsewhere, with TLS and credentials. Each stream has a connection of its own. Start and Stop from
// one thread.
class Relay {
 public:
  explicit Relay(RelayOptions options, const base::Clock& clock = base::Clock::System());
  // Stops.
  ~Relay();

  // Errors name what cannot be read or listened on.
  base::Status Start();
  const std::vector<std::string>& addresses() const { return server_->addresses(); }
  void Stop();

 private:
  std::unique_ptr<xds::StreamHandler> Accept(const edge::Call& call);
  void RefreshTls();

  const RelayOptions options_;
  const base::Clock& clock_;
  Upstream upstream_;
  std::optional<tls::ContextFiles> tls_files_;
  // What was logged last: once is enough.
  std::string tls_error_;
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<edge::Server> server_;
};

}  // namespace chancery::relay
