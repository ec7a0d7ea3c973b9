#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace chancery::tls {

// What connections are made from: certificates, whom to trust, versions. Thread-safe once made: OpenSSL counts its
// references.
using ContextPtr = std::shared_ptr<SSL_CTX>;

struct SessionDeleter {
  void operator()(SSL* session) const { SSL_free(session); }
};
using SessionHandle = std::unique_ptr<SSL, SessionDeleter>;

// Certificate chain, private key and certificate authorities as files in PEM.
struct Files {
  std::string certificate = {};
  std::string key = {};
  // A server: who may certify its clients; empty: clients show no certificate. A client: who may certify the server;
  // empty: whom this machine trusts.
  std::string ca = {};
  bool operator==(const Files&) const = default;
};

// TLS 1.2 and 1.3 for servers, without session cache, tickets and renegotiation, with buffers only while they hold
// something: an idle connection costs 14 KB (docs/adr/0016). With `ca` a client may show a certificate, and one that is
// not certified by it ends the handshake. `h2`: of the application protocols that a client offers HTTP/2 is taken, and
// who offers only others is refused.
// kUnavailable naming the file that cannot be read or does not fit the other.
base::Result<ContextPtr> MakeServerContext(const Files& files, bool h2);

// For clients of HTTP/2. The server must be certified; for which name, each connection says (ExpectServer).
// `certificate` and `key` may be empty, both.
base::Result<ContextPtr> MakeClientContext(const Files& files);

// The server at the other end must show a certificate for `host`, a name or an IP address.
void ExpectServer(SSL& session, const std::string& host);

// OpenSSL's word for what went wrong last in this thread; clears it.
std::string LastError();

}  // namespace chancery::tls
