#include "relay/relay.h"

#include <fmt/format.h>

#include <utility>

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
  const bool v6 = options_.host.find(':') != std::string::npos;
  upstream_.authority = fmt::format("{}{}{}:{}", v6 ? "[" : "", options_.host, v6 ? "]" : "", options_.port);
  upstream_.credentials = options_.credentials;
  if (!options_.plaintext) {
    auto context = tls::MakeClientContext(options_.tls);
    if (!context) return context.error();
    upstream_.tls = *std::move(context);
  }
  resolver_ = std::make_unique<Resolver>(options_.host, options_.port);
  edge::ServerOptions server;
  for (const auto& listener : options_.listeners) server.listeners.push_back(listener.socket);
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
  return std::make_unique<RelayStream>(call, options_.listeners[call.listener].claims, upstream_, *resolver_, clock_);
}

}  // namespace chancery::relay
