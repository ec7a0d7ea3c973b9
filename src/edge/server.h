#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tls/context.h"
#include "tls/peer_certificate.h"
#include "xds/transport.h"

namespace chancery::edge {

// One address that is listened on.
struct ListenerOptions {
  // HOST:PORT, port 0 takes a free one; or unix:PATH of any length. A socket there that nobody listens on is replaced,
  // and ours is removed at the end.
  std::string address = {};
  // TLS with the files of ServerOptions.
  bool tls = false;
  // Of a Unix socket: who may connect, and whose it is (nothing: the process's).
  uint32_t mode = 0600;
  std::optional<uint32_t> uid = {};
  std::optional<uint32_t> gid = {};
};

// Bounds of the edge; all hold per process unless said otherwise.
struct ServerOptions {
  std::vector<ListenerOptions> listeners;
  // For listeners with TLS. Looked at once a second: connections that are made later have what they say then.
  tls::Files tls = {};
  // A handshake that takes longer is given up.
  std::chrono::milliseconds handshake_timeout{10'000};
  // Of so many at once; connections beyond are closed unheard, so that who makes none cannot take every place.
  size_t max_handshakes = 2'000;
  // Event loops, one thread each; 0: one per core.
  unsigned loops = 0;
  size_t max_connections = 16'000;
  uint32_t max_streams_per_connection = 100;
  // A longer message ends its stream with RESOURCE_EXHAUSTED.
  size_t max_message_bytes = 4U << 20U;
  // A ping is sent on a connection that was silent for so long; without an answer it is closed.
  std::chrono::milliseconds keepalive_time{30'000};
  std::chrono::milliseconds keepalive_timeout{20'000};
  // A connection that sends no HTTP/2 preface or opens no stream for so long is closed.
  std::chrono::milliseconds idle_timeout{60'000};
  // GOAWAY after this age (plus or minus a tenth), streams are left to end for `age_grace`; 0: never.
  std::chrono::milliseconds max_connection_age{0};
  std::chrono::milliseconds age_grace{10'000};
};

// Counters since the start. Thread-safe.
struct ServerStats {
  std::atomic<uint64_t> connections_accepted{0};
  std::atomic<uint64_t> connections_refused{0};
  std::atomic<uint64_t> connections_open{0};
  std::atomic<uint64_t> streams_opened{0};
  std::atomic<uint64_t> streams_open{0};
  std::atomic<uint64_t> messages_received{0};
  std::atomic<uint64_t> messages_sent{0};
  std::atomic<uint64_t> bytes_sent{0};
  std::atomic<uint64_t> protocol_errors{0};
  std::atomic<uint64_t> handshakes_open{0};
  std::atomic<uint64_t> handshakes_failed{0};
};

// A gRPC method call that has begun.
struct Call {
  // "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
  std::string_view path;
  // Of the peer's socket, "127.0.0.1:4711"; of a Unix socket "unix:pid=4711,uid=0".
  std::string_view peer;
  // Which of ServerOptions::listeners it came by.
  size_t listener;
  // What the peer has proven by TLS; null: nothing.
  const tls::PeerCertificate* certificate;
  // As received, without those of HTTP/2 itself; :authority is named `host`.
  std::span<const std::pair<std::string, std::string>> headers;
  xds::Transport& transport;
  xds::Executor& executor;
};

// Makes the handler of a call, on the call's executor; null answers UNIMPLEMENTED.
using CallFactory = std::function<std::unique_ptr<xds::StreamHandler>(const Call&)>;

// gRPC over HTTP/2 by nghttp2, one event loop per core; the only code of the EMS that sees a socket
// (docs/adr/0002). Start, Drain and Stop from one thread; the rest is the loops'.
class Server {
 public:
  // `factory` is called from every loop at once.
  Server(ServerOptions options, CallFactory factory);
  // Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and begins to serve. Error: kUnavailable naming the address.
  base::Status Start();
  // "127.0.0.1:41234" or "unix:/path" for each listener. REQUIRES: Start succeeded.
  const std::vector<std::string>& addresses() const;
  // The first of them.
  const std::string& address() const { return addresses().front(); }
  // The loops' executors, fixed after Start; for work that visits all sessions.
  std::vector<xds::Executor*> executors();
  // Sends GOAWAY on every connection and takes no new one; streams that live go on.
  void Drain();
  // Ends every stream (UNAVAILABLE) and connection, joins the loops.
  void Stop();

  const ServerStats& stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chancery::edge
