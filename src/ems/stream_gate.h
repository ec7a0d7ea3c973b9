#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "compile/compile.h"
#include "ems/identity.h"
#include "iam/directory.h"
#include "iam/principal.h"
#include "iam/token_verifier.h"
#include "store/store.h"
#include "tls/peer_certificate.h"

namespace chancery::ems {

// What a stream began with. Borrows all it names.
struct StreamHead {
  std::string_view path;
  // "127.0.0.1:4711", or "unix:pid=4711,uid=0".
  std::string_view peer;
  // In the order received; `host` is the :authority.
  std::span<const std::pair<std::string, std::string>> headers;
  // Which listener it came by.
  size_t listener = 0;
  // The client's verified certificate; null: it showed none.
  const tls::PeerCertificate* certificate = nullptr;
  // Whether the transport is TLS.
  bool is_tls = false;
};

// Who a stream comes from, once that is proven. A value.
struct Caller {
  iam::Principal principal = {};
  // Groups that its bearer token names.
  std::vector<std::string> groups = {};
  // From when on what proved it no longer does: a token, a certificate. Nothing: for as long as it is allowed.
  std::optional<std::chrono::system_clock::time_point> until = {};
  size_t listener = 0;
  bool is_tls = false;
};

// Finds out who a stream comes from and which proxies it may be. Thread-safe; called on the streams' executors, which
// it must not keep waiting.
class StreamGate {
 public:
  virtual ~StreamGate() = default;
  // Errors: those of base::Code about who asks.
  virtual base::Result<Caller> Identify(const StreamHead& head) const = 0;
  // Whether that one may be given the configuration of `key`; asked when a proxy says who it is, when its resource
  // comes into being, and again whenever keys, policies or shares change. kAccessDenied.
  virtual base::Status Authorize(const Caller& who, const compile::ProxyKey& key, std::string_view peer) const = 0;
};

// Gives every proxy of one account to everybody.
class OpenStreamGate : public StreamGate {
 public:
  explicit OpenStreamGate(std::string account) : nobody_{.principal = {std::move(account), "", "anonymous", ""}} {}
  base::Result<Caller> Identify(const StreamHead&) const override { return nobody_; }
  base::Status Authorize(const Caller&, const compile::ProxyKey&, std::string_view) const override {
    return base::Status::Ok();
  }

 private:
  const Caller nobody_;
};

// Streams that prove who they are, in one of three ways, the first that is there:
//   a bearer token, as the API takes it;
//   SigV4 as Envoy's aws_request_signing does it, or the App Mesh images up to Envoy 1.34 (contract/envoy.md §7.4);
//   a client certificate: a user of the installation's account (iam::CertificateUser).
// All are then allowed by appmesh:StreamAggregatedResources on the proxy's resource, which must be of the credential's
// account: a policy alone gives nobody another account's configuration. Policies know the path of a SPIFFE ID as
// chancery:SpiffePath.
class IamStreamGate : public StreamGate {
 public:
  // Borrows the directory, the store, the clock and the verifier of tokens; without one (null) no token is accepted.
  IamStreamGate(Installation installation, const iam::Directory& directory, const store::Store& store,
                const base::Clock& clock, const iam::TokenVerifier* tokens = nullptr);

  base::Result<Caller> Identify(const StreamHead& head) const override;
  base::Status Authorize(const Caller& who, const compile::ProxyKey& key, std::string_view peer) const override;

 private:
  base::Result<Caller> IdentifyBearer(std::string_view token) const;
  base::Result<Caller> IdentifySigV4(const StreamHead& head) const;
  base::Result<Caller> IdentifyCertificate(const tls::PeerCertificate& certificate) const;

  const Installation installation_;
  const iam::Directory& directory_;
  const store::Store& store_;
  const base::Clock& clock_;
  const iam::TokenVerifier* const tokens_;
};

// Asks for each stream the gate of the listener that it came by.
class ListenerGates : public StreamGate {
 public:
  // One for each listener, in their order. Borrows them.
  explicit ListenerGates(std::vector<const StreamGate*> gates) : gates_(std::move(gates)) {}
  base::Result<Caller> Identify(const StreamHead& head) const override;
  base::Status Authorize(const Caller& who, const compile::ProxyKey& key, std::string_view peer) const override;

 private:
  const std::vector<const StreamGate*> gates_;
};

}  // namespace chancery::ems
