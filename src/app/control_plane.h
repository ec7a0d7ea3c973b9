#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "app/admin.h"
#include "app/audit_file.h"
#include "app/installation.h"
#include "app/janitor.h"
#include "app/metrics.h"
#include "app/options.h"
#include "app/tokens.h"
#include "app/xds_listeners.h"
#include "base/result.h"
#include "edge/server.h"
#include "ems/ems.h"
#include "ems/socket_gate.h"
#include "frontend/api.h"
#include "frontend/gate.h"
#include "frontend/http_server.h"
#include "frontend/quotas.h"
#include "store/store.h"
#include "transform/feed.h"
#include "transform/transformer.h"

namespace chancery::app {

// All roles in one process: the only place that names concrete classes and fixes the order in which
// they are made and end. Confined to one thread.
class ControlPlane {
 public:
  explicit ControlPlane(ServeOptions options);
  // Stops.
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  // Opens the store, reads and compiles the whole state, then serves. Errors name the flag or the file.
  base::Status Start();
  // Answers the API calls that were accepted, ends the streams, closes the store. Idempotent.
  void Stop();

  // {"api":"127.0.0.1:…","xds":"…","admin":"…"}. REQUIRES: Start succeeded.
  std::string ReadyLine() const;

 private:
  ems::Installation Installation() const;
  base::Status StartTokens();
  base::Status StartXds();
  // What decides about streams, one for each listener.
  base::Result<std::unique_ptr<ems::StreamGate>> MakeStreamGate();
  base::Status StartApi();
  // Empty with --audit-log none.
  frontend::AuditLog MakeAuditLog() const;
  base::Status StartAdmin();
  frontend::Answer HandleApi(const frontend::Request& request);
  void PruneRecords();
  void RecheckStreams();
  bool Ready() const { return ready_; }
  std::string Metrics() const;
  void WarnOfWhatIsOpen() const;

  const ServeOptions options_;
  const base::Clock& clock_;
  ApiStats api_stats_;
  std::atomic<bool> ready_{false};

  // Made in this order, ended in the reverse: each uses only those above it.
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Identities> identities_;
  frontend::QuotasOf quotas_;
  std::unique_ptr<Tokens> tokens_;
  transform::MemoryFeed feed_;
  std::vector<XdsListener> xds_listeners_;
  std::unique_ptr<ems::StreamGate> tcp_gate_;
  std::vector<std::unique_ptr<ems::SocketGate>> socket_gates_;
  std::unique_ptr<ems::StreamGate> stream_gate_;
  std::unique_ptr<ems::Ems> ems_;
  std::unique_ptr<transform::Transformer> transformer_;
  std::unique_ptr<edge::Server> edge_;
  std::unique_ptr<AuditFile> audit_;
  std::unique_ptr<frontend::Gate> gate_;
  std::unique_ptr<frontend::Api> api_;
  std::unique_ptr<Janitor> janitor_;
  std::unique_ptr<Janitor> recheck_;
  // The revision of the directory that streams were last judged by; the janitor's.
  store::Txn rechecked_ = 0;
  std::unique_ptr<frontend::HttpServer> api_server_;
  std::unique_ptr<frontend::HttpServer> admin_server_;
  std::unique_ptr<frontend::HttpServer> admin_socket_;
};

}  // namespace chancery::app
