#include "compile/features/server_tls.h"

namespace chancery::compile {

std::vector<std::string> ServerAlpn(ir::Protocol protocol) {
  if (ir::NeedsHttp2(protocol)) return {"h2"};
  if (protocol == ir::Protocol::kHttp) return {"http/1.1"};
  return {};
}

std::vector<ir::FilterChain> WithTls(ir::FilterChain plain, const ServerTls& tls) {
  if (tls.mode == ServerTls::Mode::kDisabled) return {std::move(plain)};
  ir::FilterChain encrypted = plain;
  encrypted.tls = tls.context;
  // Of a STRICT listener plaintext reaches the handshake and fails there, where it is counted.
  if (tls.mode == ServerTls::Mode::kStrict) return {std::move(encrypted)};
  encrypted.transport = ir::FilterChain::Transport::kTls;
  plain.transport = ir::FilterChain::Transport::kPlaintext;
  return {std::move(encrypted), std::move(plain)};
}

}  // namespace chancery::compile
