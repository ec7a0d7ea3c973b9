#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "compile/compile.h"
#include "transform/feed.h"
#include "xds/resource.h"

namespace chancery::ems {

using StreamId = uint64_t;

// What one stream has of one type.
struct TypeStatus {
  bool subscribed = false;
  std::string sent;  // versions, empty: none
  std::string acknowledged;
  base::Clock::WallTime sent_at{};
  base::Clock::WallTime acknowledged_at{};
  // The client has all of the target in force.
  bool in_force = false;
  // It has everything of its mesh up to this transaction in force, as far as this type is concerned.
  store::Txn live_through = 0;
  bool warming = false;
  // The last NACK, until all of the target is in force again.
  bool rejected = false;
  std::string rejected_version;
  std::vector<std::string> rejected_names;
  std::string message;
  base::Clock::WallTime rejected_at{};
};

// One connected proxy.
struct ProxyStatus {
  StreamId stream = 0;
  std::string node_id;
  std::string peer;
  std::string user_agent;
  compile::ProxyKey key;
  base::Clock::WallTime connected_at{};
  // Its resource does not exist (yet): it is sent nothing.
  bool waiting = true;
  // Its resource was deleted: it keeps what it has.
  bool orphaned = false;
  // What its version of Envoy is too old for, or that it does not say which it is.
  std::vector<std::string> skew;
  // What its configuration leaves out or does otherwise than the model says, and why.
  std::vector<compile::Warning> warnings;
  std::array<TypeStatus, xds::kTypes> types;
};

// How far one transaction is.
struct TxnStatus {
  store::Txn compiled_through = 0;
  uint64_t pending = 0;
  uint64_t acknowledged = 0;
  uint64_t rejected = 0;
  // Compiled, and in force on every connected proxy that it touched.
  bool live = false;
};

// Counters since the start.
struct EmsCounters {
  uint64_t streams_opened = 0;
  uint64_t streams_refused = 0;
  uint64_t unknown_types = 0;
  struct PerType {
    uint64_t sent = 0;
    uint64_t sent_bytes = 0;
    uint64_t acknowledged = 0;
    uint64_t rejected = 0;
    auto operator<=>(const PerType&) const = default;
  };
  // By mesh owner and name.
  std::map<model::MeshId, std::array<PerType, xds::kTypes>> by_mesh;
};

// Who has what: fed by streams and by the transformer's feed, asked by the admin port. Thread-safe;
// every call is short.
class StatusBoard {
 public:
  explicit StatusBoard(const base::Clock& clock) : clock_(clock) {}

  // --- streams
  void Add(ProxyStatus status) EXCLUDES(mutex_);
  void Remove(StreamId stream) EXCLUDES(mutex_);
  void OnRefused() EXCLUDES(mutex_);
  void OnUnknownType() EXCLUDES(mutex_);
  void OnSubscribed(StreamId stream, xds::Type type) EXCLUDES(mutex_);
  void OnSent(StreamId stream, xds::Type type, const xds::ResourceSet& sent, size_t bytes) EXCLUDES(mutex_);
  void OnAcknowledged(StreamId stream, xds::Type type, const xds::ResourceSet& acknowledged) EXCLUDES(mutex_);
  void OnRejected(StreamId stream, xds::Type type, const xds::ResourceSet& sent, std::vector<std::string> names,
                  std::string_view message) EXCLUDES(mutex_);
  void OnWarming(StreamId stream, xds::Type type, bool warming) EXCLUDES(mutex_);
  // The stream was given `manifest` out of the state of its mesh at `through` (or, with null, nothing:
  // its resource does not exist). `in_force` tells for each type whether all of it is.
  void OnTarget(StreamId stream, const transform::Manifest* manifest, store::Txn through,
                const std::array<bool, xds::kTypes>& in_force) EXCLUDES(mutex_);
  void OnSettled(StreamId stream, xds::Type type, bool in_force) EXCLUDES(mutex_);

  // --- the feed
  void OnUpdate(const transform::FeedUpdate& update) EXCLUDES(mutex_);

  // --- questions
  std::vector<ProxyStatus> Proxies() const EXCLUDES(mutex_);
  // Nothing for a mesh that was never published.
  std::optional<TxnStatus> Transaction(const model::MeshId& mesh, store::Txn txn) const EXCLUDES(mutex_);
  EmsCounters counters() const EXCLUDES(mutex_);
  struct Census {
    uint64_t connected = 0;
    uint64_t waiting = 0;
    uint64_t orphaned = 0;
    uint64_t rejecting = 0;  // with a type whose last answer was rejected
    uint64_t warming = 0;
    uint64_t warned = 0;  // whose configuration was compiled with warnings
  };
  Census census() const EXCLUDES(mutex_);
  // Of the key's resource, whatever their profiles.
  size_t StreamsOf(const compile::ProxyKey& key) const EXCLUDES(mutex_);

 private:
  struct Proxy {
    ProxyStatus status;
    store::Txn applied_through = 0;
    // How new the state was in which it last looked for its manifest; nothing before it has.
    std::optional<store::Txn> seen_through;
    // The state from which it was first served.
    std::optional<store::Txn> served_from;
  };
  struct MeshHistory {
    store::Txn compiled_through = 0;
    // Transactions after `floor` that are not here touched nobody.
    store::Txn floor = 0;
    std::deque<transform::FeedUpdate::Touched> touched;
    size_t touches = 0;  // proxies in all of `touched`
  };
  Proxy* FindLocked(StreamId stream) REQUIRES(mutex_);
  static void NoteLive(Proxy& proxy);
  using Types = std::bitset<compile::kFragmentTypes>;
  // Adds every proxy of a mesh; adds those that a transaction touched.
  void CountMesh(const model::MeshId& mesh, store::Txn txn, TxnStatus& status) const REQUIRES(mutex_);
  void CountTouched(const transform::FeedUpdate::Touched& touched, TxnStatus& status) const REQUIRES(mutex_);
  // Adds a proxy that `txn` touched in `types` to the count. When it is `forgotten` what the
  // transaction touched, a type that is in force now counts as having it.
  static void Count(const ProxyStatus& proxy, store::Txn txn, Types types, bool forgotten, TxnStatus& status);

  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  std::map<StreamId, Proxy> proxies_ GUARDED_BY(mutex_);
  std::map<compile::ProxyKey, std::set<StreamId>> by_key_ GUARDED_BY(mutex_);
  std::map<model::MeshId, MeshHistory> meshes_ GUARDED_BY(mutex_);
  EmsCounters counters_ GUARDED_BY(mutex_);
};

}  // namespace chancery::ems
