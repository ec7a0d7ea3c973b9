#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "ems/config_cache.h"
#include "ems/hub.h"
#include "ems/identity.h"
#include "ems/status.h"
#include "transform/feed.h"
#include "xds/response_cache.h"
#include "xds/session.h"
#include "xds/transport.h"

namespace chancery::ems {

struct EmsOptions {
  Installation installation;
  xds::SessionOptions session;
  // Serialized answers kept for streams to come.
  size_t response_cache_bytes = 256U << 20U;
  // Customized copies of type sets kept.
  size_t config_cache_sets = 20'000;
  size_t max_waiting = 100;
  StreamLimit stream_limit = {};
};

// The gRPC method that Envoys call.
inline constexpr std::string_view kAdsMethod =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

// The Envoy Management Service: puts the mesh on the xDS protocol core. Gives handlers to the edge's
// calls and passes what the feed publishes to the executors whose streams it concerns.
class Ems {
 public:
  // Subscribes to `feed`: construct before its first Publish. References outlive the Ems, and the Ems
  // outlives every handler it made.
  Ems(EmsOptions options, transform::MemoryFeed& feed, const StreamGate& gate, const base::Clock& clock);
  Ems(const Ems&) = delete;
  Ems& operator=(const Ems&) = delete;

  // A handler for a call on `executor`, on that executor; null for a method that is not served.
  std::unique_ptr<xds::StreamHandler> Accept(const StreamHead& head, xds::Transport& transport, xds::Executor& executor)
      EXCLUDES(mutex_);
  // Asks the gate again about every stream: keys, policies or shares have changed. Thread-safe.
  void Recheck() EXCLUDES(mutex_);
  // Ends the streams whose credentials have expired; to be called again and again. Thread-safe.
  void Expire() EXCLUDES(mutex_);

  const StatusBoard& status() const { return status_; }

 private:
  void OnUpdate(const transform::FeedUpdate& update) EXCLUDES(mutex_);
  std::vector<std::pair<xds::Executor*, Hub*>> Hubs() EXCLUDES(mutex_);
  Hub& HubOf(xds::Executor& executor) EXCLUDES(mutex_);

  const EmsOptions options_;
  ConfigCache configs_;
  xds::ResponseCache responses_;
  StatusBoard status_;
  const EmsContext context_;
  std::atomic<StreamId> next_stream_{1};

  base::Mutex mutex_;
  // Made with the first stream of an executor, which outlives it; confined to the executor.
  std::map<xds::Executor*, std::unique_ptr<Hub>> hubs_ GUARDED_BY(mutex_);
};

}  // namespace chancery::ems
