#include "ems/proxy_stream.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "ems/identity.h"
#include "ems/version_skew.h"
#include "model/utf8.h"

namespace chancery::ems {
namespace {

// Text from a proxy goes into the log only so far.
constexpr size_t kMostLogged = 1024;
constexpr std::string_view kExpired = "the credentials of this stream have expired";

std::string_view KindOf(const compile::ProxyKey& key) { return model::DescriptorOf(key.kind).segment; }

// What a gate says, in the words of gRPC (contract/api.md §5).
xds::StatusCode CodeOf(const base::Error& error) {
  switch (error.code) {
    case base::Code::kAccessDenied:
      return xds::StatusCode::kPermissionDenied;
    case base::Code::kInternal:
    case base::Code::kUnavailable:
      return xds::StatusCode::kUnavailable;
    default:
      return xds::StatusCode::kUnauthenticated;
  }
}

}  // namespace

ProxyStream::ProxyStream(StreamId id, const StreamHead& head, xds::Transport& transport, Hub& hub)
    : id_(id),
      peer_(head.peer),
      hub_(hub),
      who_(hub.context().gate.Identify(head)),
      session_(transport, *this, hub.context().responses, hub.context().clock, hub.context().session) {}

ProxyStream::~ProxyStream() { Leave(); }

void ProxyStream::Refresh() {
  const EmsContext& context = hub_.context();
  if (!context.feed.complete()) return;
  // The watermark before the manifest: what is claimed to be live is never newer than what is.
  const store::Txn through = context.feed.CompiledThrough(key_->mesh);
  const transform::ManifestPtr manifest = context.feed.Find(*key_);
  // It is being compiled for this profile: it will be told, and has not looked until then.
  if (manifest == nullptr && context.feed.Exists(*key_)) return;
  if (manifest == nullptr && !std::exchange(absent_, true)) {
    spdlog::warn("ems: stream {} {}: there is no {} {} in mesh {}", id_, target_ == nullptr ? "waits" : "is orphaned",
                 KindOf(*key_), key_->name, key_->mesh.name);
  } else if (manifest != nullptr && std::exchange(absent_, false)) {
    spdlog::info("ems: stream {} is served: {} {} exists now", id_, KindOf(*key_), key_->name);
    // Another account may have made it.
    Recheck();
  }
  target_ = manifest == nullptr ? nullptr : context.configs.Get(*manifest, slots_);
  session_.SetTarget(target_);
  std::array<bool, xds::kTypes> in_force{};
  for (size_t type = 0; type < xds::kTypes; ++type) in_force[type] = reported_[type] = InForce(type);
  context.status.OnTarget(id_, manifest.get(), through, in_force);
}

void ProxyStream::Recheck() {
  const base::Status allowed = hub_.context().gate.Authorize(*who_, *key_, peer_);
  // A store that cannot be read says nothing against a stream that was allowed.
  if (allowed || allowed.error().code != base::Code::kAccessDenied) return;
  spdlog::warn("ems: stream {} of {} {} is no longer allowed: {}", id_, KindOf(*key_), key_->name,
               allowed.error().message);
  hub_.context().status.OnRefused();
  session_.End(xds::StatusCode::kPermissionDenied, allowed.error().message);
}

void ProxyStream::Expire() {
  spdlog::info("ems: stream {} of {} {} ends: its credentials have expired", id_, KindOf(*key_), key_->name);
  session_.End(xds::StatusCode::kUnauthenticated, std::string(kExpired));
}

void ProxyStream::OnMessage(std::string_view message) {
  session_.OnMessage(message);
  if (key_ && !in_hub_) {
    in_hub_ = true;
    hub_.Add(*this);
    Refresh();
  }
  for (size_t type = 0; type < xds::kTypes; ++type) Report(type);
}

void ProxyStream::OnWriteDone() { session_.OnWriteDone(); }
void ProxyStream::OnTimer() { session_.OnTimer(); }
void ProxyStream::OnHalfClosed() { session_.OnHalfClosed(); }

void ProxyStream::OnClosed() {
  session_.OnClosed();
  Leave();
}

ProxyStream::Admission ProxyStream::OnNode(const xds::Node& node) {
  const EmsContext& context = hub_.context();
  node_id_ = node.id;
  if (!who_) return Refuse(CodeOf(who_.error()), who_.error().message);
  if (who_->until && context.clock.WallNow() >= *who_->until) {
    return Refuse(xds::StatusCode::kUnauthenticated, std::string(kExpired));
  }
  // A bare id, and an ARN, are of the credential's account.
  Installation installation = context.installation;
  installation.account = who_->principal.account;
  auto key = IdentityOf(node.id, installation);
  if (!key) {
    const bool foreign = key.error().code == base::Code::kForbidden;
    return Refuse(foreign ? xds::StatusCode::kPermissionDenied : xds::StatusCode::kInvalidArgument,
                  key.error().message);
  }
  if (const base::Status allowed = context.gate.Authorize(*who_, *key, peer_); !allowed) {
    return Refuse(CodeOf(allowed.error()), allowed.error().message);
  }
  SlotValues slots{node.bind_ingress, node.bind_egress, node.bind_application};
  if (!AreValid(slots)) {
    return Refuse(xds::StatusCode::kInvalidArgument,
                  "node.metadata 'chancery.bind': ingress, egress and application must each be an IP address");
  }
  key->profile = ProfileOf(node);
  if (const std::string full = FullOf(*key); !full.empty()) return Refuse(xds::StatusCode::kResourceExhausted, full);
  key_ = *std::move(key);
  slots_ = std::move(slots);
  if (key_->profile != compile::Profile::kStock) demand_ = context.feed.Want(*key_);
  ProxyStatus status;
  status.stream = id_;
  status.node_id = node.id;
  status.peer = peer_;
  status.user_agent = node.user_agent;
  status.skew = SkewWarnings(node);
  status.key = *key_;
  status.connected_at = context.clock.WallNow();
  context.status.Add(std::move(status));
  spdlog::info("ems: stream {} from {} is {} {} of mesh {} ({}, profile {})", id_, peer_, KindOf(*key_), key_->name,
               key_->mesh.name, node.user_agent, compile::Label(key_->profile));
  return {};
}

// Streams that come at once may exceed a limit by as many as there are executors.
std::string ProxyStream::FullOf(const compile::ProxyKey& key) const {
  const EmsContext& context = hub_.context();
  const size_t streams = context.status.StreamsOf(key);
  const auto named = [&key] { return fmt::format("{} {} of mesh {}", KindOf(key), key.name, key.mesh.name); };
  if (context.feed.complete() && !context.feed.Exists(key) && streams >= context.max_waiting) {
    return fmt::format("{} streams wait for {} already, which does not exist", context.max_waiting, named());
  }
  const std::optional<size_t> limit = context.stream_limit ? context.stream_limit(key) : std::nullopt;
  if (!limit || streams < *limit) return "";
  return fmt::format("the quota of connected Envoys of {} is {}", named(), *limit);
}

void ProxyStream::OnSubscribed(xds::Type type) {
  subscribed_[static_cast<size_t>(type)] = true;
  hub_.context().status.OnSubscribed(id_, type);
}

void ProxyStream::OnUnknownType(std::string_view type_url) {
  spdlog::warn("ems: stream {} asks for type '{}', which is not served", id_, type_url.substr(0, kMostLogged));
  hub_.context().status.OnUnknownType();
}

void ProxyStream::OnSent(xds::Type type, const xds::ResourceSetPtr& sent, size_t bytes) {
  hub_.context().status.OnSent(id_, type, *sent, bytes);
}

void ProxyStream::OnAcknowledged(xds::Type type, const xds::ResourceSetPtr& acknowledged) {
  hub_.context().status.OnAcknowledged(id_, type, *acknowledged);
}

void ProxyStream::OnRejected(xds::Type type, const xds::ResourceSetPtr& sent, const std::vector<std::string>& rejected,
                             std::string_view message) {
  spdlog::warn("ems: {} {} of mesh {} (stream {}, {}) rejects {} {}: {} [{}]", KindOf(*key_), key_->name,
               key_->mesh.name, id_, peer_, xds::DescriptorOf(type).label, sent->version(),
               message.substr(0, kMostLogged), fmt::format("{}", fmt::join(rejected, ", ")).substr(0, kMostLogged));
  hub_.context().status.OnRejected(id_, type, *sent, rejected, message);
}

void ProxyStream::OnSettled(xds::Type type, bool in_force) {
  settled_[static_cast<size_t>(type)] = in_force;
  Report(static_cast<size_t>(type));
}

void ProxyStream::OnWarming(xds::Type type, bool warming) { hub_.context().status.OnWarming(id_, type, warming); }

ProxyStream::Admission ProxyStream::Refuse(xds::StatusCode code, std::string message) {
  spdlog::warn("ems: stream {} from {}, {}, refused: {}", id_, peer_, model::Quoted(node_id_, kMostLogged),
               message.substr(0, kMostLogged));
  hub_.context().status.OnRefused();
  return {code, std::move(message)};
}

void ProxyStream::Leave() {
  if (!key_) return;
  if (in_hub_) hub_.Remove(*this);
  in_hub_ = false;
  hub_.context().status.Remove(id_);
  spdlog::info("ems: stream {} of {} {} ended", id_, KindOf(*key_), key_->name);
  key_.reset();
  demand_.reset();
}

bool ProxyStream::InForce(size_t type) const {
  if (subscribed_[type]) return settled_[type];
  if (target_ == nullptr || target_->sets[type] == nullptr) return true;
  return std::ranges::all_of(target_->sets[type]->resources(), &xds::Resource::optional);
}

void ProxyStream::Report(size_t type) {
  const bool in_force = InForce(type);
  if (std::exchange(reported_[type], in_force) == in_force) return;
  hub_.context().status.OnSettled(id_, static_cast<xds::Type>(type), in_force);
}

}  // namespace chancery::ems
