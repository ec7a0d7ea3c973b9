#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace chancery::tls {

// What a verified certificate says about whom it was given to: its subject alternative names. A value.
struct PeerCertificate {
  std::vector<std::string> uris = {};
  std::vector<std::string> dns_names = {};
  std::chrono::system_clock::time_point not_after = {};
};

// Of the other end of `session`, whose handshake is done; nothing when it showed none. A name with a NUL in it is left
// out.
std::optional<PeerCertificate> PeerCertificateOf(SSL& session);

}  // namespace chancery::tls
