#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "xds/node.h"
#include "xds/order.h"
#include "xds/replacements.h"
#include "xds/resource_sets.h"
#include "xds/response_cache.h"
#include "xds/session.h"
#include "xds/wire.h"

namespace chancery::xds {
namespace {

// What a client says is kept in logs and status: bounded.
constexpr size_t kMaxErrorBytes = 4096;
constexpr size_t kMaxTypeUrlBytes = 256;

TypeStates NewStates() {
  return {TypeState(Type::kCluster), TypeState(Type::kEndpoint), TypeState(Type::kListener), TypeState(Type::kRoute),
          TypeState(Type::kSecret)};
}

}  // namespace

// Every event ends in Pump, which alone decides what is sent: there is no queue, only the newest target, what
// the client has, and the first type in order for which the two differ.
class SotwSession::Impl {
 public:
  using TimePoint = base::Clock::TimePoint;

  Impl(Transport& transport, SessionObserver& observer, ResponseCache& cache, const base::Clock& clock,
       const SessionOptions& options)
      : transport_(transport),
        observer_(observer),
        cache_(cache),
        clock_(clock),
        options_(options),
        states_(NewStates()),
        nonce_prefix_(std::to_string(clock.WallNow().time_since_epoch().count()) + ".") {}

  void SetTarget(ConfigPtr target) {
    CHANCERY_CHECK(admitted_);
    target_ = std::move(target);
    Pump();
  }

  void OnMessage(std::string_view message) {
    if (closed_) return;
    Request request;
    Refusal refusal = DecodeRequest(message, {options_.max_names, options_.max_name_bytes}, request);
    if (refusal.code != StatusCode::kOk) return Close(refusal.code, std::move(refusal.message));
    if (!admitted_ && !Admit(request)) return;
    OnRequest(request);
    Pump();
  }

  void OnWriteDone() {
    writing_ = false;
    Pump();
  }

  void OnTimer() {
    timer_.reset();
    Pump();
  }

  void OnHalfClosed() { Close(StatusCode::kOk, ""); }
  void OnClosed() { closed_ = true; }

  void Close(StatusCode code, std::string message) {
    if (std::exchange(closed_, true)) return;
    transport_.Close(code, std::move(message));
  }

 private:
  TypeState& state(Type type) { return states_[static_cast<size_t>(type)]; }

  // The node is read from the first request alone, however often it is repeated (contract/xds.md 21, 26).
  bool Admit(const Request& request) {
    const base::Result<Node> node = ParseNode(request.node);
    if (!node) {
      Close(StatusCode::kInvalidArgument, node.error().message);
      return false;
    }
    SessionObserver::Admission admission = observer_.OnNode(*node);
    admitted_ = admission.code == StatusCode::kOk;
    if (!admitted_) Close(admission.code, std::move(admission.message));
    return admitted_;
  }

  void OnRequest(const Request& request) {
    const std::optional<Type> type = TypeOfUrl(request.type_url);
    if (!type) return observer_.OnUnknownType(Printable(request.type_url, kMaxTypeUrlBytes));
    TypeState& current = state(*type);
    if (!current.begun()) {
      // Its nonce is of another stream (contract/xds.md 12).
      current.Begin(request.version_info, request.names);
      return observer_.OnSubscribed(*type);
    }
    if (!current.FitsNonce(request.nonce)) return;  // contract/xds.md 11
    if (current.Awaits(request.nonce)) OnAnswer(*type, current, request);
    current.Resubscribe(request.names);
  }

  void OnAnswer(Type type, TypeState& current, const Request& request) {
    const std::map<std::string, TimePoint> first_sent = type == Type::kCluster ? NewClusters() : decltype(first_sent){};
    if (request.rejects) {
      const std::string message = Printable(request.error_message, kMaxErrorBytes);
      const TypeState::Rejection rejection = current.Reject(message);
      observer_.OnRejected(type, rejection.sent, rejection.names, message);
    } else {
      current.Accept();
      observer_.OnAcknowledged(type, current.in_force());
    }
    SettleNew(first_sent);
    SetWarming(type, false);
  }

  // The clusters of the answer that is awaited that need to settle, and when they were first sent.
  std::map<std::string, TimePoint> NewClusters() {
    std::map<std::string, TimePoint> found;
    const TypeState& clusters = state(Type::kCluster);
    if (!HasTraffic(states_)) return found;
    const ResourceSetPtr sent = clusters.pending();
    for (const ResourcePtr& cluster : sent->resources()) {
      if (!cluster->settles || clusters.in_force()->Find(cluster->name) != nullptr) continue;
      found[cluster->name] = clusters.FirstSent(cluster->name).value_or(*clusters.pending_since());
    }
    return found;
  }

  void SettleNew(const std::map<std::string, TimePoint>& first_sent) {
    const TimePoint now = clock_.Now();
    for (const auto& [name, sent] : first_sent) {
      if (state(Type::kCluster).in_force()->Find(name) == nullptr) continue;
      settling_.Add(name, std::min(now + options_.settle, sent + options_.hold_deadline));
    }
  }

  void Pump() {
    if (closed_) return;
    const TimePoint now = clock_.Now();
    for (const Type type : kAllTypes) CheckWarming(type, now);
    if (target_) {
      settling_.Purge(now);
      Aim();
      if (!writing_) SendNext(now);
      for (const Type type : kAllTypes) SetSettled(type, AllInForce(states_, *target_, type));
    }
    ArmTimer(now);
  }

  void Aim() {
    for (const Type type : kAllTypes) {
      TypeState& current = state(type);
      current.Aim(target_->set(type));
      if (current.TryResume()) observer_.OnAcknowledged(type, current.in_force());
    }
    TypeState& listeners = state(Type::kListener);
    if (listeners.has_replaced() && ChildrenInForce(states_, Type::kListener)) listeners.ForgetReplaced();
  }

  void SendNext(TimePoint now) {
    const Planner planner(states_, settling_, now, options_);
    for (const Type type : kAllTypes) {
      TypeState& current = state(type);
      // Newer state waits for the ACK or NACK of the one before, but not for ever.
      const std::optional<TimePoint> since = current.pending_since();
      if (!current.subscription().active() || (since && now < *since + options_.warming_after)) continue;
      const Plan plan = planner.For(type);
      if (!current.Due(*plan.set, plan.complete)) continue;
      return Send(type, plan.set, now);
    }
  }

  void Send(Type type, const ResourceSetPtr& set, TimePoint now) {
    TypeState& current = state(type);
    OweChildren(type, *set);
    std::string nonce = NextNonce();
    std::vector<std::string> replacing;
    if (type == Type::kCluster) replacing = replacements_.Choose(current, *set, HasTraffic(states_));
    Payload payload{cache_.Get(type, *set, replacing), EncodeNonce(nonce)};
    const size_t bytes = payload.shared->size() + payload.own.size();
    current.Send(set, std::move(nonce), now);
    writing_ = true;
    transport_.Write(std::move(payload));
    observer_.OnSent(type, set, bytes);
  }

  // Unlike those of other streams: a client that has just reconnected may still send one of the stream before.
  std::string NextNonce() { return nonce_prefix_ + std::to_string(++last_nonce_); }

  // A parent that is new or other than before warms until its children are answered, though they may be the same
  // as ever (contract/xds.md 1). Children that were never asked for will be.
  void OweChildren(Type type, const ResourceSet& set) {
    const std::optional<Type> child = DescriptorOf(type).child;
    if (!child) return;
    for (const ResourcePtr& resource : set.resources()) {
      if (state(type).SurelyHas(*resource)) continue;
      // Who uses which secret is not known here.
      if (state(type).Latest(resource->name) || state(type).resumed()) state(Type::kSecret).Owe();
      const Subscription& asked = state(*child).subscription();
      const bool needed = std::any_of(resource->children.begin(), resource->children.end(),
                                      [&](const std::string& name) { return asked.Covers(name); });
      if (needed || (!state(*child).begun() && !resource->children.empty())) state(*child).Owe();
    }
  }

  void CheckWarming(Type type, TimePoint now) {
    const std::optional<TimePoint> since = state(type).pending_since();
    if (since && now >= *since + options_.warming_after) SetWarming(type, true);
  }

  void SetWarming(Type type, bool warming) {
    if (std::exchange(state(type).warming, warming) != warming) observer_.OnWarming(type, warming);
  }

  void SetSettled(Type type, bool settled) {
    if (std::exchange(state(type).settled, settled) != settled) observer_.OnSettled(type, settled);
  }

  // Only for what time alone can change; a quiet stream has no timer.
  void ArmTimer(TimePoint now) {
    std::optional<TimePoint> next;
    const auto consider = [&](std::optional<TimePoint> when) {
      if (when && *when > now && (!next || *when < *next)) next = when;
    };
    for (TypeState& current : states_) {
      if (const auto since = current.pending_since()) consider(*since + options_.warming_after);
    }
    if (target_) {
      const Planner planner(states_, settling_, now, options_);
      for (const Type type : {Type::kListener, Type::kRoute}) {
        if (state(type).subscription().active()) consider(planner.For(type).retry);
      }
    }
    if (!next || (timer_ && *timer_ <= *next)) return;
    timer_ = next;
    transport_.SetTimer(*next);
  }

  Transport& transport_;
  SessionObserver& observer_;
  ResponseCache& cache_;
  const base::Clock& clock_;
  const SessionOptions options_;

  TypeStates states_;
  Settling settling_;
  Replacements replacements_;
  ConfigPtr target_;
  const std::string nonce_prefix_;
  uint64_t last_nonce_ = 0;
  std::optional<TimePoint> timer_;
  bool admitted_ = false;
  bool writing_ = false;
  bool closed_ = false;
};

SotwSession::SotwSession(Transport& transport, SessionObserver& observer, ResponseCache& cache,
                         const base::Clock& clock, const SessionOptions& options)
    : impl_(std::make_unique<Impl>(transport, observer, cache, clock, options)) {}
SotwSession::~SotwSession() = default;

void SotwSession::SetTarget(ConfigPtr target) { impl_->SetTarget(std::move(target)); }
void SotwSession::End(StatusCode code, std::string message) { impl_->Close(code, std::move(message)); }
void SotwSession::OnMessage(std::string_view message) { impl_->OnMessage(message); }
void SotwSession::OnWriteDone() { impl_->OnWriteDone(); }
void SotwSession::OnTimer() { impl_->OnTimer(); }
void SotwSession::OnHalfClosed() { impl_->OnHalfClosed(); }
void SotwSession::OnClosed() { impl_->OnClosed(); }

}  // namespace chancery::xds
