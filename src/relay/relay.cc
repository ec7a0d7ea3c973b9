#include "relay/relay.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/address.h"

namespace chancery::relay {
namespace {

constexpr std::string_view kAdsMethod =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";
// A relay serves the proxies of one host.
constexpr size_t kMostConnections = 1'000;

}  // namespace

Relay::Relay(RelayOptions options, const base::Clock& clock) : options_(std::move(options)), clock_(clock) {}

Relay::~Relay() { Stop(); }

base::Status Relay::Start() {
  upstream_.host = options_.host;
  upstream_.authority = base::JoinHostPort(options_.host, options_.port);
  upstream_.credentials = options_.credentials;
  if (!options_.plaintext) {
    auto files = tls::ContextFiles::LoadClient(options_.tls);
    if (!files) return files.error();
    tls_files_ = *std::move(files);
    upstream_.tls = tls_files_->context();
  }
  resolver_ = std::make_unique<Resolver>(options_.host, options_.port);
  edge::ServerOptions server;
  for (const auto& listener : options_.listeners) server.listeners.push_back(listener.socket);
  // To it upstream_ is confined once streams come.
  server.loops = 1;
  server.max_connections = kMostConnections;
  server_ = std::make_unique<edge::Server>(std::move(server), [this](const edge::Call& call) { return Accept(call); });
  return server_->Start();
}

void Relay::Stop() {
  if (server_) server_->Stop();
  // It posts to the server's loops, which are there until the server is destroyed.
  resolver_.reset();
  server_.reset();
}

std::unique_ptr<xds::StreamHandler> Relay::Accept(const edge::Call& call) {
  if (call.path != kAdsMethod) return nullptr;
  RefreshTls();
  return std::make_unique<RelayStream>(call, options_.listeners[call.listener].claims, upstream_, *resolver_, clock_);
}

// The control plane ends streams with their certificate: the next one must show what lies there by then.
void Relay::RefreshTls() {
  if (!tls_files_) return;
  const auto renewed = tls_files_->Refresh();
  if (renewed && *renewed) {
    upstream_.tls = tls_files_->context();
    spdlog::info("relay: the TLS files have changed, new streams use them");
  }
  std::string error = renewed ? std::string() : base::ToString(renewed.error());
  if (!error.empty() && error != tls_error_) {
    spdlog::warn("relay: the TLS files from before stay in force: {}", error);
  }
  tls_error_ = std::move(error);
}

}  // namespace chancery::relay
