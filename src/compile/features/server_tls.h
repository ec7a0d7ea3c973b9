#pragma once

#include <chancery/model/virtual_gateway.pb.h>
#include <chancery/model/virtual_node.pb.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compile/features/certificate_source.h"
#include "compile/ir.h"

// TLS of a listener, as its own proxy serves it and as its clients know it (contract/envoy.md §2.8).
namespace chancery::compile {

struct ServerTls {
  enum class Mode : uint8_t { kDisabled, kPermissive, kStrict };
  Mode mode = Mode::kDisabled;
  // Unless disabled.
  ir::DownstreamTls context;
  std::optional<ir::Trust> trust;  // SourcedCertificate::trust
};

// h2 where the application speaks nothing else; http/1.1 for http; nothing for tcp.
std::vector<std::string> ServerAlpn(ir::Protocol protocol);

// A chain for TLS, for plaintext, or for both, told apart by the TLS inspector. All have the filter
// and match of `plain`.
std::vector<ir::FilterChain> WithTls(ir::FilterChain plain, const ServerTls& tls);

// Anything but a plain DISABLED. `Listener` is that of a node or of a gateway.
template <typename Listener>
bool HasServerTls(const Listener& listener) {
  constexpr int kDisabled = chancery::model::LISTENER_TLS_MODE_DISABLED;
  static_assert(kDisabled == int{chancery::model::VIRTUAL_GATEWAY_LISTENER_TLS_MODE_DISABLED});
  return listener.has_tls() && static_cast<int>(listener.tls().mode()) != kDisabled;
}

// Nothing, and why, when the listener asks for TLS that cannot be served: then it takes no connection
// at all, and its clients make none. A mode that is none of the three is STRICT.
template <typename Listener>
std::optional<ServerTls> ToServerTls(const Listener& listener, ir::Protocol protocol, std::string& why) {
  constexpr int kPermissive = chancery::model::LISTENER_TLS_MODE_PERMISSIVE;
  static_assert(kPermissive == int{chancery::model::VIRTUAL_GATEWAY_LISTENER_TLS_MODE_PERMISSIVE});
  ServerTls tls;
  if (!HasServerTls(listener)) return tls;
  const bool permissive = static_cast<int>(listener.tls().mode()) == kPermissive;
  tls.mode = permissive ? ServerTls::Mode::kPermissive : ServerTls::Mode::kStrict;
  auto certificate = ToSourcedCertificate(listener.tls().certificate(), why);
  if (!certificate) return std::nullopt;
  tls.context.certificate = std::move(certificate->certificate);
  tls.trust = std::move(certificate->trust);
  tls.context.alpn = ServerAlpn(protocol);
  if (listener.tls().has_validation()) {
    tls.context.clients = ToValidation(listener.tls().validation(), why);
    if (!tls.context.clients) return std::nullopt;
  }
  return tls;
}

}  // namespace chancery::compile
