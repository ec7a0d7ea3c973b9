#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/compile.h"
#include "ems/customize.h"
#include "ems/hub.h"
#include "ems/status.h"
#include "xds/session.h"

namespace chancery::ems {

// One proxy's ADS stream: the protocol of xds::SotwSession with the mesh put on it. Identifies the
// proxy, gives the session its target, reports what happens. Confined to its executor.
class ProxyStream : public xds::StreamHandler, private xds::SessionObserver {
 public:
  ProxyStream(StreamId id, const StreamHead& head, xds::Transport& transport, Hub& hub);
  ~ProxyStream() override;

  // REQUIRES: the stream was added to its hub.
  const compile::ProxyKey& key() const { return *key_; }
  // Takes the newest state from the feed.
  void Refresh();
  // Ends the stream if it is no longer allowed. REQUIRES: the stream was added to its hub.
  void Recheck();
  // Ends the stream, because what proved who it comes from has expired: a new one brings something newer.
  void Expire();
  std::optional<std::chrono::system_clock::time_point> until() const { return who_ ? who_->until : std::nullopt; }

  void OnMessage(std::string_view message) override;
  void OnWriteDone() override;
  void OnTimer() override;
  void OnHalfClosed() override;
  void OnClosed() override;

 private:
  Admission OnNode(const xds::Node& node) override;
  void OnSubscribed(xds::Type type) override;
  void OnUnknownType(std::string_view type_url) override;
  void OnSent(xds::Type type, const xds::ResourceSetPtr& sent, size_t bytes) override;
  void OnAcknowledged(xds::Type type, const xds::ResourceSetPtr& acknowledged) override;
  void OnRejected(xds::Type type, const xds::ResourceSetPtr& sent, const std::vector<std::string>& rejected,
                  std::string_view message) override;
  void OnSettled(xds::Type type, bool in_force) override;
  void OnWarming(xds::Type type, bool warming) override;

  Admission Refuse(xds::StatusCode code, std::string message);
  // Why `key` has no room for one more stream; empty when it has.
  std::string FullOf(const compile::ProxyKey& key) const;
  void Leave();
  // The proxy has all of a type. One that it never asked for is in force only when there is nothing of it:
  // a proxy that starts asks for its routes after its listeners.
  bool InForce(size_t type) const;
  // Tells the status when that has changed.
  void Report(size_t type);

  const StreamId id_;
  const std::string peer_;
  // As the proxy gave it; empty before its first message.
  std::string node_id_;
  Hub& hub_;
  // Who it comes from; an error is told once the proxy has said what it wants to be.
  const base::Result<Caller> who_;
  std::optional<compile::ProxyKey> key_;  // once admitted
  transform::Demand demand_;              // for its profile, unless that is stock
  bool in_hub_ = false;
  bool absent_ = false;  // its resource does not exist
  SlotValues slots_;
  xds::ConfigPtr target_;
  std::array<bool, xds::kTypes> subscribed_{};
  std::array<bool, xds::kTypes> settled_{};  // as the session says
  std::array<bool, xds::kTypes> reported_{};
  xds::SotwSession session_;
};

}  // namespace chancery::ems
