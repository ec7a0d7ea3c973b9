#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compile/compile.h"
#include "ems/config_cache.h"
#include "ems/identity.h"
#include "ems/status.h"
#include "ems/stream_gate.h"
#include "transform/feed.h"
#include "xds/response_cache.h"
#include "xds/session.h"
#include "xds/transport.h"

namespace chancery::ems {

class ProxyStream;

// How many streams one proxy's resource may have at once; nothing: any number. Called on the streams' executors.
using StreamLimit = std::function<std::optional<size_t>(const compile::ProxyKey& key)>;

// What all streams share. References outlive every stream.
struct EmsContext {
  const Installation& installation;
  transform::MemoryFeed& feed;
  const base::Clock& clock;
  const xds::SessionOptions& session;
  ConfigCache& configs;
  xds::ResponseCache& responses;
  StatusBoard& status;
  const StreamGate& gate;
  // Streams that may wait for one resource that does not exist.
  size_t max_waiting = 100;
  // Empty: no limits.
  StreamLimit stream_limit = {};
};

// The streams of one executor, by the proxy that each serves. Confined to the executor.
class Hub {
 public:
  explicit Hub(const EmsContext& context) : context_(context) {}

  const EmsContext& context() const { return context_; }

  void Add(ProxyStream& stream);
  void Remove(ProxyStream& stream);
  // Gives every stream of `key` the newest state.
  void Refresh(const compile::ProxyKey& key);
  void RefreshAll();
  // Ends the streams that are no longer allowed.
  void Recheck();
  // Ends the streams whose credentials have expired.
  void Expire();

 private:
  const EmsContext& context_;
  std::map<compile::ProxyKey, std::set<ProxyStream*>> streams_;
  // Those whose credentials expire, by when.
  std::set<std::pair<std::chrono::system_clock::time_point, ProxyStream*>> expiring_;
};

}  // namespace chancery::ems
