#include "app/control_plane.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <thread>
#include <utility>

#include "app/admin_socket.h"
#include "app/retention.h"
#include "compile/compile.h"
#include "frontend/account_quotas.h"
#include "frontend/iam_gate.h"
#include "frontend/idempotency.h"
#include "store/keys.h"
#include "store/sqlite_store.h"
#include "tls/context_files.h"

namespace chancery::app {
namespace {

constexpr size_t kMaxApiLoops = 8;
constexpr std::chrono::minutes kPruneInterval{1};
// How soon after a change of keys, policies or shares the streams that it concerns have ended.
constexpr std::chrono::seconds kRecheckInterval{1};

base::Error Named(std::string_view flag, const base::Error& error) {
  return {error.code, std::string(flag) + ": " + base::ToString(error), {}};
}

// So that a file that cannot be used is named by its flag, before a proxy or a client is let in.
base::Status CheckTls(std::string_view flags, const tls::Files& files) {
  if (files.certificate.empty()) return base::Status::Ok();
  const auto loaded = tls::ContextFiles::LoadServer(files, /*h2=*/false);
  return loaded ? base::Status::Ok() : base::Status(Named(flags, loaded.error()));
}

}  // namespace

ControlPlane::ControlPlane(ServeOptions options) : options_(std::move(options)), clock_(base::Clock::System()) {}

ControlPlane::~ControlPlane() { Stop(); }

base::Status ControlPlane::Start() {
  CHANCERY_RETURN_IF_ERROR(CheckTls("--tls-cert, --tls-key", {options_.tls_certificate, options_.tls_key, {}}));
  CHANCERY_RETURN_IF_ERROR(CheckTls("--xds-tls-cert, --xds-tls-key, --xds-client-ca",
                                    {options_.xds_tls_certificate, options_.xds_tls_key, options_.xds_client_ca}));
  auto store = store::SqliteStore::Open(options_.installation.data_dir);
  if (!store) return Named("--data-dir", store.error());
  store_ = *std::move(store);
  auto identities = Identities::Open(options_.installation, *store_, clock_, "admin.sock");
  if (!identities) return Named("--key-file", identities.error());
  identities_ = *std::move(identities);

  CHANCERY_RETURN_IF_ERROR(StartTokens());

  ems::EmsOptions ems_options;
  ems_options.installation = Installation();
  ems_options.session.settle = options_.settle;
  auto stream_gate = MakeStreamGate();
  if (!stream_gate) return stream_gate.error();
  stream_gate_ = *std::move(stream_gate);
  auto profile = frontend::QuotaProfile(options_.quota_profile);
  if (!profile) return Named("--quota-profile", profile.error());
  quotas_ = frontend::QuotasIn(*store_, *std::move(profile));
  ems_options.stream_limit = [this](const compile::ProxyKey& key) {
    return frontend::EnvoyLimit(quotas_, key.mesh.owner, key.kind);
  };
  ems_ = std::make_unique<ems::Ems>(std::move(ems_options), feed_, *stream_gate_, clock_);
  transformer_ = std::make_unique<transform::Transformer>(
      *store_, feed_, clock_,
      [chosen = options_.proxies](const model::Snapshot& snapshot, const compile::ProxyKey& key) {
        return compile::CompileWith(chosen, snapshot, key);
      });
  // Nothing is served before the whole state is compiled.
  CHANCERY_RETURN_IF_ERROR(transformer_->Start());
  CHANCERY_RETURN_IF_ERROR(StartXds());

  janitor_ = std::make_unique<Janitor>(kPruneInterval, [this] { PruneRecords(); });
  recheck_ = std::make_unique<Janitor>(kRecheckInterval, [this] { RecheckStreams(); });
  CHANCERY_RETURN_IF_ERROR(StartApi());
  CHANCERY_RETURN_IF_ERROR(StartAdmin());
  WarnOfWhatIsOpen();
  ready_ = true;
  return base::Status::Ok();
}

ems::Installation ControlPlane::Installation() const {
  return {options_.installation.partition, options_.region, options_.account};
}

base::Status ControlPlane::StartTokens() {
  if (options_.insecure_no_auth || options_.oidc_issuer.empty()) return base::Status::Ok();
  auto tokens = Tokens::Start(options_, clock_);
  if (!tokens) return Named("--oidc-jwks", tokens.error());
  tokens_ = *std::move(tokens);
  return base::Status::Ok();
}

base::Result<std::unique_ptr<ems::StreamGate>> ControlPlane::MakeStreamGate() {
  auto listeners = ParseXdsListeners(options_.xds);
  if (!listeners) return listeners.error();
  xds_listeners_ = *std::move(listeners);
  if (options_.insecure_no_auth || options_.insecure_xds_no_auth) {
    tcp_gate_ = std::make_unique<ems::OpenStreamGate>(options_.account);
  } else {
    tcp_gate_ = std::make_unique<ems::IamStreamGate>(Installation(), identities_->directory(), *store_, clock_,
                                                     tokens_ ? &tokens_->verifier() : nullptr);
  }
  std::vector<const ems::StreamGate*> gates;
  for (const XdsListener& listener : xds_listeners_) {
    if (!listener.is_unix()) {
      gates.push_back(tcp_gate_.get());
      continue;
    }
    socket_gates_.push_back(
        std::make_unique<ems::SocketGate>(listener.socket.address, options_.account, listener.claims, *store_));
    gates.push_back(socket_gates_.back().get());
  }
  return std::unique_ptr<ems::StreamGate>(std::make_unique<ems::ListenerGates>(std::move(gates)));
}

base::Status ControlPlane::StartXds() {
  edge::ServerOptions edge_options;
  for (const XdsListener& listener : xds_listeners_) {
    edge_options.listeners.push_back(listener.socket);
    edge_options.listeners.back().tls = !listener.is_unix() && !options_.xds_tls_certificate.empty();
  }
  edge_options.tls = {options_.xds_tls_certificate, options_.xds_tls_key, options_.xds_client_ca};
  edge_options.loops = options_.xds_loops;
  edge_ = std::make_unique<edge::Server>(std::move(edge_options), [this](const edge::Call& call) {
    const bool is_tls = !xds_listeners_[call.listener].is_unix() && !options_.xds_tls_certificate.empty();
    return ems_->Accept({call.path, call.peer, call.headers, call.listener, call.certificate, is_tls}, call.transport,
                        call.executor);
  });
  if (auto started = edge_->Start(); !started) return Named("--xds", started.error());
  return base::Status::Ok();
}

frontend::AuditLog ControlPlane::MakeAuditLog() const {
  if (!audit_) return {};
  return [audit = audit_.get()](const frontend::AuditEvent& event) { audit->Write(event); };
}

base::Status ControlPlane::StartApi() {
  if (options_.audit_log != "none") {
    auto audit = AuditFile::Open(options_.audit_log.empty() ? options_.installation.data_dir + "/audit.log"
                                                            : options_.audit_log);
    if (!audit) return Named("--audit-log", audit.error());
    audit_ = *std::move(audit);
  }
  if (options_.insecure_no_auth) {
    gate_ = std::make_unique<frontend::OpenGate>(options_.account);
  } else {
    const double burst = options_.api_burst > 0 ? options_.api_burst : std::max(1.0, options_.api_rate);
    gate_ = std::make_unique<frontend::IamGate>(options_.region, identities_->directory(), clock_,
                                                frontend::RateLimit{options_.api_rate, burst},
                                                tokens_ ? &tokens_->verifier() : nullptr);
  }
  frontend::Settings settings{options_.account, options_.region, options_.installation.partition, options_.strict,
                              quotas_};
  api_ = std::make_unique<frontend::Api>(std::move(settings), *store_, clock_, *gate_, MakeAuditLog());
  frontend::HttpServerOptions server;
  server.address = options_.api;
  server.tls_certificate = options_.tls_certificate;
  server.tls_key = options_.tls_key;
  server.loops = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kMaxApiLoops);
  auto api = frontend::HttpServer::Start(
      server, [this](const frontend::Request& r) { return HandleApi(r); },
      [this](const frontend::Request& r) { return api_->IsQuick(r); });
  if (!api) return Named("--api", api.error());
  api_server_ = *std::move(api);
  return base::Status::Ok();
}

base::Status ControlPlane::StartAdmin() {
  AdminSources sources{ems_->status(),
                       [this] { return Ready(); },
                       [this] { return Metrics(); },
                       options_.account,
                       [this] { return store_->Newest(); },
                       [this](const model::MeshId& mesh) {
                         const auto record =
                             store_->Read(store::ResourceKeyText({mesh, model::Kind::kMesh, "", mesh.name}));
                         return record && record->has_value();
                       }};
  frontend::HttpServerOptions server;
  server.address = options_.admin;
  server.threads = 2;
  server.max_connections = 64;
  auto admin =
      frontend::HttpServer::Start(server, [sources](const frontend::Request& r) { return HandleAdmin(sources, r); });
  if (!admin) return Named("--admin", admin.error());
  admin_server_ = *std::move(admin);

  server.address = "unix:" + options_.installation.data_dir + "/" + std::string(kAdminSocket);
  auto commands =
      frontend::HttpServer::Start(server, [context = identities_->commands(), audit = MakeAuditLog()](
                                              const frontend::Request& r) { return HandleCommand(context, audit, r); });
  if (!commands) return Named("--data-dir", commands.error());
  admin_socket_ = *std::move(commands);
  return base::Status::Ok();
}

void ControlPlane::Stop() {
  ready_ = false;
  if (api_server_) api_server_->Stop();
  janitor_.reset();
  recheck_.reset();
  if (edge_) edge_->Stop();
  if (transformer_) transformer_->Stop();
  admin_socket_.reset();
  admin_server_.reset();
  api_server_.reset();
  api_.reset();
  gate_.reset();
  audit_.reset();
  edge_.reset();
  transformer_.reset();
  ems_.reset();
  stream_gate_.reset();
  socket_gates_.clear();
  tcp_gate_.reset();
  tokens_.reset();
  identities_.reset();
  store_.reset();
}

std::string ControlPlane::ReadyLine() const {
  boost::json::array all(edge_->addresses().begin(), edge_->addresses().end());
  return boost::json::serialize(boost::json::object{{"api", api_server_->address()},
                                                    {"xds", edge_->address()},
                                                    {"admin", admin_server_->address()},
                                                    {"xds_listeners", std::move(all)}});
}

frontend::Answer ControlPlane::HandleApi(const frontend::Request& request) {
  frontend::Answer answer = api_->Handle(request);
  if (answer.status < 300) {
    ++api_stats_.answers_2xx;
  } else if (answer.status < 500) {
    ++api_stats_.answers_4xx;
  } else {
    ++api_stats_.answers_5xx;
  }
  return answer;
}

void ControlPlane::RecheckStreams() {
  const store::Txn revision = identities_->directory().revision();
  if (std::exchange(rechecked_, revision) != revision) ems_->Recheck();
  ems_->Expire();
}

void ControlPlane::PruneRecords() {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.WallNow().time_since_epoch()).count();
  std::string after;
  do {
    auto next = frontend::PruneIdempotency(*store_, now, after);
    if (!next) {
      spdlog::warn("store: pruning client tokens: {}", base::ToString(next.error()));
      return;
    }
    after = *std::move(next);
  } while (!after.empty());
  if (const auto forgotten = ForgetHistory(*store_, now, Retention{}); !forgotten) {
    spdlog::warn("store: forgetting old history: {}", base::ToString(forgotten.error()));
  }
}

std::string ControlPlane::Metrics() const {
  return MetricsText(
      CollectMetrics({options_, api_stats_, *store_, feed_, *transformer_, ems_->status(), edge_->stats(), ready_}));
}

void ControlPlane::WarnOfWhatIsOpen() const {
  if (options_.insecure_no_auth) {
    spdlog::warn("--insecure-no-auth: anyone who reaches {} may change everything", api_server_->address());
  }
  if (options_.insecure_xds_no_auth) {
    spdlog::warn("--insecure-xds-no-auth: anyone who reaches {} is given any proxy's configuration", edge_->address());
  }
  for (const XdsListener& listener : xds_listeners_) {
    if (listener.is_unix() && listener.claims.empty()) {
      spdlog::warn("--xds: {} has no allow=: nothing may be claimed there", listener.socket.address);
    }
  }
  if (options_.insecure_xds_bind) {
    spdlog::warn("--insecure-xds-bind: {} is reached from beyond this machine, without TLS", edge_->address());
  }
  if (options_.insecure_admin_bind) {
    spdlog::warn("--insecure-admin-bind: anyone who reaches {} may read the status", admin_server_->address());
  }
}

}  // namespace chancery::app
