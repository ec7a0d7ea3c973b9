#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "xds/session.h"
#include "xds/type_state.h"

// Make before break: what of the newest state may be sent on a stream now, given what its client has of the
// other types (contract/xds.md 2, 25). Pure: time comes in as a value.
namespace chancery::xds {

using TypeStates = std::array<TypeState, kTypes>;

// The clusters that were acknowledged a moment ago and are given time to resolve. Mostly empty.
class Settling {
 public:
  using TimePoint = base::Clock::TimePoint;

  void Add(const std::string& cluster, TimePoint until) { until_[cluster] = until; }
  void Purge(TimePoint now);
  bool empty() const { return until_.empty(); }
  std::optional<TimePoint> Until(std::string_view cluster) const;

 private:
  std::map<std::string, TimePoint, std::less<>> until_;
};

// What may be sent of one type.
struct Plan {
  ResourceSetPtr set;
  // When something that is held may go at the earliest; absent when nothing is held, or for no known time.
  std::optional<base::Clock::TimePoint> retry;
  // Nothing is held that will go by itself.
  bool complete = true;
};

// Makes plans for one moment. REQUIRES: every state has been aimed at the newest target.
//
// Rules:
// 1. Rejected bytes are replaced by the last accepted ones, or left out.
// 2. A listener or route configuration goes out when every cluster that it names is open; until then what was
//    sent under its name before stays, or it is left out. A cluster is open when it is acknowledged and has
//    settled, or was sent hold_deadline ago; one that is rejected and was never accepted is not. Neither is, for
//    however long, one that the client may still have less strict (Resource::strictness) than it is to be. One that the
//    client does not ask for, or that is no cluster of the target, cannot be waited for and is open.
// 3. Clusters stay while listeners or route configurations that the client may have name them; endpoints and
//    route configurations stay while clusters and listeners that the client may have need them.
// 4. A cluster that became less strict keeps its bytes while a listener or route configuration that the client may
// have,
//    and is not to keep, names it: that one's traffic was to go to the stricter one. What is to be kept goes the new
//    way at once, for that is what its owner asked for.
class Planner {
 public:
  using TimePoint = base::Clock::TimePoint;

  // All references outlive the planner.
  Planner(const TypeStates& states, const Settling& settling, TimePoint now, const SessionOptions& options)
      : states_(states), settling_(settling), now_(now), options_(options) {}

  Plan For(Type type) const;

 private:
  const TypeState& state(Type type) const { return states_[static_cast<size_t>(type)]; }
  std::vector<std::string> KeptNames(Type type) const;
  std::vector<std::string> UsedClusters() const;
  std::vector<std::string> NeededChildren(Type parent) const;
  // Rule 4: clusters that may not be sent yet, sorted.
  std::vector<std::string> WeakenedInUse() const;
  std::vector<std::string> ClustersOfLeaving(Type type) const;
  bool RouteInUse(const Resource& route, const std::vector<std::string>& needed) const;
  bool AllOpen() const;
  // The bytes to send for what is desired; null leaves it out.
  ResourcePtr Choose(const TypeState& state, const ResourcePtr& desired, Plan& plan) const;
  // Whether all of a resource's clusters are open; notes in `plan` when one of them opens.
  bool Free(const Resource& resource, Plan& plan) const;
  TimePoint OpensAt(std::string_view cluster) const;
  // Whether the client may have other bytes under the name of a cluster for which `differs` (of its strictness and of
  // what it is to be).
  bool MayHave(const Resource& desired, bool (*differs)(uint8_t has, uint8_t wanted)) const;

  const TypeStates& states_;
  const Settling& settling_;
  const TimePoint now_;
  const SessionOptions& options_;
};

// Whether everything that `type` needs of the target is in the client: what it asks for, and what clusters
// and listeners need even if it did not ask for that yet. REQUIRES: as Planner.
bool AllInForce(const TypeStates& states, const Config& target, Type type);

// The children of all that is in force of `parent` are in force too, and no answer about them is under way.
bool ChildrenInForce(const TypeStates& states, Type parent);

// The client may be serving: a listener and its routes are in force, or it came back with something in force from an
// earlier stream. A proxy that only starts has no traffic to break, so nothing settles for it (docs/adr/0009).
bool HasTraffic(const TypeStates& states);

}  // namespace chancery::xds
