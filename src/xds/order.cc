#include "xds/order.h"

#include <algorithm>
#include <utility>

#include "xds/resource_sets.h"

namespace chancery::xds {
namespace {

constexpr auto kNever = base::Clock::TimePoint::max();
constexpr auto kAlways = base::Clock::TimePoint::min();

const TypeState& StateOf(const TypeStates& states, Type type) { return states[static_cast<size_t>(type)]; }

std::optional<Type> ParentOf(Type type) {
  for (const Type parent : kAllTypes) {
    if (DescriptorOf(parent).child == type) return parent;
  }
  return std::nullopt;
}

void SortUnique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

bool Has(const std::vector<std::string>& sorted, const std::string& name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

void Append(std::vector<std::string>& to, const std::vector<std::string>& names) {
  to.insert(to.end(), names.begin(), names.end());
}

// Everything that `parent` waits for in the client is in force.
bool IsWarm(const TypeStates& states, Type type, const Resource& parent) {
  const std::optional<Type> child = DescriptorOf(type).child;
  if (!child) return true;
  const ResourceSet& has = *StateOf(states, *child).in_force();
  return std::all_of(parent.children.begin(), parent.children.end(),
                     [&](const std::string& name) { return has.Find(name) != nullptr; });
}

// The same resources as an object that exists already, so that its version and its serialized response are shared.
ResourceSetPtr Share(const TypeState& state, std::vector<ResourcePtr> resources) {
  if (SameResources(resources, state.desired()->resources())) return state.desired();
  ResourceSetPtr pending = state.pending();
  if (pending && SameResources(resources, pending->resources())) return pending;
  if (SameResources(resources, state.in_force()->resources())) return state.in_force();
  return std::make_shared<const ResourceSet>(state.desired()->txn(), std::move(resources));
}

}  // namespace

void Settling::Purge(TimePoint now) {
  std::erase_if(until_, [now](const auto& entry) { return entry.second <= now; });
}

std::optional<Settling::TimePoint> Settling::Until(std::string_view cluster) const {
  const auto found = until_.find(cluster);
  return found == until_.end() ? std::nullopt : std::optional(found->second);
}

Plan Planner::For(Type type) const {
  const TypeState& current = state(type);
  const std::vector<std::string> kept = KeptNames(type);
  const bool gated = (type == Type::kListener || type == Type::kRoute) && !AllOpen();
  const std::vector<std::string> weakened = type == Type::kCluster ? WeakenedInUse() : std::vector<std::string>();
  if (kept.empty() && !gated && weakened.empty() && !current.rejects_anything())
    return {.set = current.desired(), .retry = std::nullopt, .complete = true};

  Plan plan;
  std::vector<ResourcePtr> chosen;
  chosen.reserve(current.desired()->resources().size());
  for (const ResourcePtr& desired : current.desired()->resources()) {
    ResourcePtr resource = Has(weakened, desired->name) ? current.Latest(desired->name) : nullptr;
    if (resource == nullptr) resource = Choose(current, desired, plan);
    if (resource != nullptr) chosen.push_back(std::move(resource));
  }
  std::vector<ResourcePtr> extra;
  for (const std::string& name : kept) extra.push_back(current.Latest(name));
  plan.set = Share(current, MergeDisjoint(std::move(chosen), std::move(extra)));
  return plan;
}

// Names that are not desired, that the client may have, and that something it may have needs.
std::vector<std::string> Planner::KeptNames(Type type) const {
  const TypeState& current = state(type);
  const std::optional<Type> parent = ParentOf(type);
  if (type != Type::kCluster && !parent) return {};
  const bool nothing_more = current.certain() && HoldsAll(*current.desired(), *current.in_force());
  if (nothing_more) return {};
  std::vector<std::string> names = type == Type::kCluster ? UsedClusters() : NeededChildren(*parent);
  std::erase_if(names, [&](const std::string& name) {
    return current.desired()->Find(name) != nullptr || !current.subscription().Covers(name) || !current.Latest(name);
  });
  return names;
}

std::vector<std::string> Planner::UsedClusters() const {
  std::vector<std::string> used;
  for (const ResourceSet* set : state(Type::kListener).Held()) {
    for (const ResourcePtr& listener : set->resources()) Append(used, listener->clusters);
  }
  const std::vector<std::string> needed = NeededChildren(Type::kListener);
  for (const ResourceSet* set : state(Type::kRoute).Held()) {
    for (const ResourcePtr& route : set->resources()) {
      if (RouteInUse(*route, needed)) Append(used, route->clusters);
    }
  }
  SortUnique(used);
  return used;
}

std::vector<std::string> Planner::WeakenedInUse() const {
  const TypeState& clusters = state(Type::kCluster);
  if (clusters.certain() && clusters.in_force() == clusters.desired()) return {};
  std::vector<std::string> weakened;
  for (const ResourcePtr& desired : clusters.desired()->resources()) {
    if (MayHave(*desired, [](uint8_t has, uint8_t wanted) { return has > wanted; })) weakened.push_back(desired->name);
  }
  if (weakened.empty()) return weakened;
  std::vector<std::string> leaving = ClustersOfLeaving(Type::kListener);
  Append(leaving, ClustersOfLeaving(Type::kRoute));
  SortUnique(leaving);
  std::erase_if(weakened, [&](const std::string& name) { return !Has(leaving, name); });
  return weakened;
}

bool Planner::MayHave(const Resource& desired, bool (*differs)(uint8_t has, uint8_t wanted)) const {
  const std::vector<const ResourceSet*> held = state(Type::kCluster).Held();
  return std::any_of(held.begin(), held.end(), [&](const ResourceSet* set) {
    const ResourcePtr* found = set->Find(desired.name);
    return found != nullptr && differs((*found)->strictness, desired.strictness);
  });
}

// The clusters of what the client may have of `type` and is not to keep as it is.
std::vector<std::string> Planner::ClustersOfLeaving(Type type) const {
  const std::vector<std::string> needed =
      type == Type::kRoute ? NeededChildren(Type::kListener) : std::vector<std::string>();
  std::vector<std::string> clusters;
  for (const ResourceSet* set : state(type).Held()) {
    for (const ResourcePtr& resource : set->resources()) {
      if (Holds(*state(type).desired(), *resource)) continue;
      if (type == Type::kListener || RouteInUse(*resource, needed)) Append(clusters, resource->clusters);
    }
  }
  return clusters;
}

// A route configuration goes with its last listener: the client need not say so (contract/xds.md 6).
bool Planner::RouteInUse(const Resource& route, const std::vector<std::string>& needed) const {
  if (!state(Type::kListener).begun()) return true;
  return Has(needed, route.name) || state(Type::kRoute).desired()->Find(route.name) != nullptr;
}

std::vector<std::string> Planner::NeededChildren(Type parent) const {
  std::vector<std::string> needed;
  for (const ResourceSet* set : state(parent).Held()) {
    for (const ResourcePtr& resource : set->resources()) Append(needed, resource->children);
  }
  SortUnique(needed);
  return needed;
}

// The quick answer of a quiet stream.
bool Planner::AllOpen() const {
  const TypeState& clusters = state(Type::kCluster);
  return settling_.empty() && !clusters.pending() && clusters.in_force() == clusters.desired() &&
         clusters.subscription().wildcard();
}

ResourcePtr Planner::Choose(const TypeState& state, const ResourcePtr& desired, Plan& plan) const {
  if (state.RejectsBytes(*desired)) {
    const ResourcePtr* accepted = state.in_force()->Find(desired->name);
    return accepted != nullptr ? *accepted : nullptr;
  }
  if (desired->clusters.empty()) return desired;
  ResourcePtr before = state.Current(desired->name);
  if (before && before->hash == desired->hash) return desired;
  if (Free(*desired, plan)) return desired;
  if (!before || !state.RejectsBytes(*before)) return before;
  const ResourcePtr* accepted = state.in_force()->Find(desired->name);
  return accepted != nullptr ? *accepted : nullptr;
}

bool Planner::Free(const Resource& resource, Plan& plan) const {
  bool free = true;
  for (const std::string& cluster : resource.clusters) {
    const TimePoint opens = OpensAt(cluster);
    if (opens <= now_) continue;
    free = false;
    if (!state(Type::kCluster).Rejects(cluster)) plan.complete = false;
    if (opens != kNever) plan.retry = std::min(plan.retry.value_or(kNever), opens);
  }
  return free;
}

Planner::TimePoint Planner::OpensAt(std::string_view cluster) const {
  const TypeState& clusters = state(Type::kCluster);
  if (!clusters.subscription().Covers(cluster)) return kAlways;
  const ResourcePtr* wanted = clusters.desired()->Find(cluster);
  if (wanted != nullptr && MayHave(**wanted, [](uint8_t has, uint8_t wants) { return has < wants; })) return kNever;
  if (clusters.Stays(cluster)) return settling_.Until(cluster).value_or(kAlways);
  if (clusters.Rejects(cluster)) return kNever;
  if (const auto sent = clusters.FirstSent(cluster)) return *sent + options_.hold_deadline;
  // It is to be sent, or on its way out: what comes back then is as good as new.
  const bool known = clusters.in_force()->Find(cluster) != nullptr || clusters.desired()->Find(cluster) != nullptr;
  return known ? kNever : kAlways;
}

bool AllInForce(const TypeStates& states, const Config& target, Type type) {
  const TypeState& state = StateOf(states, type);
  if (state.pending() || (state.owed() && DescriptorOf(type).wildcard)) return false;
  const ResourceSet& has = *state.in_force();
  if (DescriptorOf(type).wildcard)
    return state.subscription().active() && state.answered() && Same(has, *state.desired());
  if (state.owed() && state.subscription().active() && !state.desired()->resources().empty()) return false;
  if (!HoldsAll(has, *state.desired())) return false;
  const std::optional<Type> parent = ParentOf(type);
  const ResourceSetPtr& all = target.set(type);
  if (!parent || !all || all.get() == &has) return true;
  for (const ResourcePtr& resource : StateOf(states, *parent).desired()->resources()) {
    for (const std::string& child : resource->children) {
      const ResourcePtr* wanted = all->Find(child);
      if (wanted != nullptr && !Holds(has, **wanted)) return false;
    }
  }
  return true;
}

bool ChildrenInForce(const TypeStates& states, Type parent) {
  const std::optional<Type> child = DescriptorOf(parent).child;
  const bool answered = !child || (!StateOf(states, *child).pending() && !StateOf(states, *child).owed());
  const std::vector<ResourcePtr>& resources = StateOf(states, parent).in_force()->resources();
  return std::all_of(resources.begin(), resources.end(), [&](const ResourcePtr& resource) {
    return resource->children.empty() || (answered && IsWarm(states, parent, *resource));
  });
}

bool HasTraffic(const TypeStates& states) {
  const TypeState& listeners = StateOf(states, Type::kListener);
  if (listeners.resumed() || StateOf(states, Type::kCluster).resumed() || listeners.has_replaced()) return true;
  const std::vector<ResourcePtr>& resources = listeners.in_force()->resources();
  return std::any_of(resources.begin(), resources.end(),
                     [&](const ResourcePtr& listener) { return IsWarm(states, Type::kListener, *listener); });
}

}  // namespace chancery::xds
