#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "xds/resource.h"
#include "xds/transport.h"

namespace chancery::xds {

class ResponseCache;

// Times and bounds of a session.
struct SessionOptions {
  // A route to a DNS cluster that is new to this stream waits so long after the cluster's ACK, if the client had
  // something to lose when it came: a listener with all its routes in force, or a version of an earlier stream. A proxy
  // that only starts is not delayed (docs/adr/0009).
  std::chrono::milliseconds settle{1000};
  // A route or listener that waits for a cluster's ACK is sent without it this long after the cluster was sent, unless
  // the cluster was rejected.
  std::chrono::milliseconds hold_deadline{15000};
  // An answer without ACK or NACK for so long no longer keeps newer state back, and is shown as warming.
  std::chrono::milliseconds warming_after{1000};
  // Bounds on what one client may ask for; more ends the stream with RESOURCE_EXHAUSTED.
  size_t max_names = 50'000;
  size_t max_name_bytes = 4096;
};

// Who the client says it is, from the node of its first request.
// major.minor.patch of a client's software.
struct SoftwareVersion {
  uint32_t major_number = 0;
  uint32_t minor_number = 0;
  uint32_t patch = 0;
  auto operator<=>(const SoftwareVersion&) const = default;
};

struct Node {
  std::string id;
  std::string cluster;
  // "envoy/1.36.2" where it says so, else empty.
  std::string user_agent;
  // Of an Envoy that says it: user_agent_name "envoy" with a user_agent_build_version.
  std::optional<SoftwareVersion> envoy_version;
  // node.metadata["chancery.bind"], empty where absent.
  std::string bind_ingress;
  std::string bind_egress;
  std::string bind_application;
};

// What happened on a stream, for status and metrics. Calls come on the stream's executor, from
// inside the session: an observer must not call back into it.
class SessionObserver {
 public:
  virtual ~SessionObserver() = default;

  // The first request; asks who to serve. An error code other than kOk ends the stream with it.
  struct Admission {
    StatusCode code = StatusCode::kOk;
    std::string message;
  };
  virtual Admission OnNode(const Node& node) = 0;
  virtual void OnSubscribed(Type type) = 0;
  // A type URL that is not served; that type gets no answer, the stream lives.
  virtual void OnUnknownType(std::string_view type_url) = 0;
  virtual void OnSent(Type type, const ResourceSetPtr& sent, size_t bytes) = 0;
  // `acknowledged` is what the client now has in force. Also called when a client resumes with what is current: then
  // nothing was sent.
  virtual void OnAcknowledged(Type type, const ResourceSetPtr& acknowledged) = 0;
  // `rejected` names the resources that the message blames, or all that were new in the answer when
  // it names none; the other clusters and listeners of the answer are in force, other resources are sent once more
  // without the bad ones. `message` is bounded, valid UTF-8 without control characters.
  virtual void OnRejected(Type type, const ResourceSetPtr& sent, const std::vector<std::string>& rejected,
                          std::string_view message) = 0;
  // The client has all of the target of `type` in force (true), or something is still to be sent or
  // acknowledged (false). Called on change only, false at first; also for types that the client did not ask for, of
  // which a target that needs nothing is in force. While the target is null the last word stands.
  virtual void OnSettled(Type type, bool in_force) = 0;
  // An answer is unacknowledged for longer than warming_after (true), or no longer (false).
  virtual void OnWarming(Type type, bool warming) = 0;
};

// The protocol of one state-of-the-world ADS stream: subscriptions, versions, nonces, order, holds,
// ACK and NACK (contract/xds.md). Knows no gRPC, no App Mesh, no thread. Confined to its executor.
//
// Invariants:
// 1. At most one write is in flight on the transport.
// 2. Nothing is sent before a target was set (contract/xds.md 4).
// 3. No route configuration or listener is sent that names a cluster which this stream has not
//    acknowledged and let settle, within the bounds of SessionOptions, nor one that it rejects.
// 4. A cluster stays in what is sent while a listener or route configuration in force names it.
// 5. An identical set is never sent again after a NACK; in a changed one a rejected resource is
//    replaced by its last accepted bytes, or left out.
// 6. In the end the newest target is what was sent last.
class SotwSession : public StreamHandler {
 public:
  // All references outlive the session.
  SotwSession(Transport& transport, SessionObserver& observer, ResponseCache& cache, const base::Clock& clock,
              const SessionOptions& options);
  ~SotwSession() override;

  // What the client is to have from now on; replaces an older target that was not sent yet. Not
  // before OnNode has admitted the client. Null: nothing is known (yet or any more), so nothing is sent
  // and what the client has stays.
  void SetTarget(ConfigPtr target);
  // Ends the stream with a status; nothing is sent behind it.
  void End(StatusCode code, std::string message);

  void OnMessage(std::string_view message) override;
  void OnWriteDone() override;
  void OnTimer() override;
  void OnHalfClosed() override;
  void OnClosed() override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chancery::xds
