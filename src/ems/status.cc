#include "ems/status.h"

#include <algorithm>
#include <utility>

namespace chancery::ems {
namespace {

// For each mesh, transactions kept with whom they touched, and proxies in all of them; older ones are
// judged by what each proxy of the mesh has now.
constexpr size_t kHistory = 4096;
constexpr size_t kMostTouches = 200'000;
// A rejected proxy's text comes from outside.
constexpr size_t kMostMessage = 4096;
constexpr size_t kMostNames = 100;

size_t Index(xds::Type type) { return static_cast<size_t>(type); }

}  // namespace

void StatusBoard::Add(ProxyStatus status) {
  base::MutexLock lock(mutex_);
  ++counters_.streams_opened;
  by_key_[status.key].insert(status.stream);
  const StreamId stream = status.stream;
  proxies_[stream] = Proxy{std::move(status), 0, {}, {}};
}

void StatusBoard::Remove(StreamId stream) {
  base::MutexLock lock(mutex_);
  const auto found = proxies_.find(stream);
  if (found == proxies_.end()) return;
  const auto key = by_key_.find(found->second.status.key);
  key->second.erase(stream);
  if (key->second.empty()) by_key_.erase(key);
  proxies_.erase(found);
}

void StatusBoard::OnRefused() {
  base::MutexLock lock(mutex_);
  ++counters_.streams_refused;
}

void StatusBoard::OnUnknownType() {
  base::MutexLock lock(mutex_);
  ++counters_.unknown_types;
}

void StatusBoard::OnSubscribed(StreamId stream, xds::Type type) {
  base::MutexLock lock(mutex_);
  if (Proxy* proxy = FindLocked(stream)) proxy->status.types[Index(type)].subscribed = true;
}

void StatusBoard::OnSent(StreamId stream, xds::Type type, const xds::ResourceSet& sent, size_t bytes) {
  base::MutexLock lock(mutex_);
  Proxy* proxy = FindLocked(stream);
  if (proxy == nullptr) return;
  TypeStatus& status = proxy->status.types[Index(type)];
  status.sent = sent.version();
  status.sent_at = clock_.WallNow();
  auto& counters = counters_.by_mesh[proxy->status.key.mesh][Index(type)];
  ++counters.sent;
  counters.sent_bytes += bytes;
}

void StatusBoard::OnAcknowledged(StreamId stream, xds::Type type, const xds::ResourceSet& acknowledged) {
  base::MutexLock lock(mutex_);
  Proxy* proxy = FindLocked(stream);
  if (proxy == nullptr) return;
  TypeStatus& status = proxy->status.types[Index(type)];
  status.acknowledged = acknowledged.version();
  status.acknowledged_at = clock_.WallNow();
  ++counters_.by_mesh[proxy->status.key.mesh][Index(type)].acknowledged;
}

void StatusBoard::OnRejected(StreamId stream, xds::Type type, const xds::ResourceSet& sent,
                             std::vector<std::string> names, std::string_view message) {
  base::MutexLock lock(mutex_);
  Proxy* proxy = FindLocked(stream);
  if (proxy == nullptr) return;
  TypeStatus& status = proxy->status.types[Index(type)];
  status.rejected = true;
  status.rejected_version = sent.version();
  if (names.size() > kMostNames) names.resize(kMostNames);
  status.rejected_names = std::move(names);
  status.message = message.substr(0, kMostMessage);
  status.rejected_at = clock_.WallNow();
  ++counters_.by_mesh[proxy->status.key.mesh][Index(type)].rejected;
}

void StatusBoard::OnWarming(StreamId stream, xds::Type type, bool warming) {
  base::MutexLock lock(mutex_);
  if (Proxy* proxy = FindLocked(stream)) proxy->status.types[Index(type)].warming = warming;
}

void StatusBoard::OnTarget(StreamId stream, const transform::Manifest* manifest, store::Txn through,
                           const std::array<bool, xds::kTypes>& in_force) {
  base::MutexLock lock(mutex_);
  Proxy* proxy = FindLocked(stream);
  if (proxy == nullptr) return;
  ProxyStatus& status = proxy->status;
  proxy->seen_through = through;
  if (manifest == nullptr) {
    status.orphaned = !status.waiting;
    return;
  }
  status.waiting = false;
  status.orphaned = false;
  proxy->applied_through = through;
  if (!proxy->served_from) proxy->served_from = through;
  status.warnings = manifest->warnings;
  for (size_t type = 0; type < xds::kTypes; ++type) status.types[type].in_force = in_force[type];
  NoteLive(*proxy);
}

void StatusBoard::OnSettled(StreamId stream, xds::Type type, bool in_force) {
  base::MutexLock lock(mutex_);
  Proxy* proxy = FindLocked(stream);
  if (proxy == nullptr) return;
  proxy->status.types[Index(type)].in_force = in_force;
  NoteLive(*proxy);
}

void StatusBoard::OnUpdate(const transform::FeedUpdate& update) {
  base::MutexLock lock(mutex_);
  const auto [mesh, first] = meshes_.try_emplace(update.mesh);
  MeshHistory& history = mesh->second;
  // What was loaded touched nobody who was there. A mesh that was made since begins with its first transactions.
  if (first) history.floor = update.touched.empty() ? update.compiled_through : update.touched.front().txn - 1;
  history.compiled_through = update.compiled_through;
  for (const auto& touched : update.touched) {
    history.touched.push_back(touched);
    history.touches += touched.proxies.size();
  }
  while (history.touched.size() > kHistory || history.touches > kMostTouches) {
    history.floor = history.touched.front().txn;
    history.touches -= history.touched.front().proxies.size();
    history.touched.pop_front();
  }
}

std::vector<ProxyStatus> StatusBoard::Proxies() const {
  base::MutexLock lock(mutex_);
  std::vector<ProxyStatus> all;
  all.reserve(proxies_.size());
  for (const auto& [stream, proxy] : proxies_) all.push_back(proxy.status);
  return all;
}

std::optional<TxnStatus> StatusBoard::Transaction(const model::MeshId& mesh, store::Txn txn) const {
  base::MutexLock lock(mutex_);
  const auto found = meshes_.find(mesh);
  if (found == meshes_.end()) return std::nullopt;
  const MeshHistory& history = found->second;
  TxnStatus status;
  status.compiled_through = history.compiled_through;
  if (txn <= history.floor) {
    CountMesh(mesh, txn, status);
  } else {
    const auto touched = std::ranges::lower_bound(history.touched, txn, {}, &transform::FeedUpdate::Touched::txn);
    if (touched != history.touched.end() && touched->txn == txn) CountTouched(*touched, status);
  }
  status.live = history.compiled_through >= txn && status.pending == 0 && status.rejected == 0;
  return status;
}

EmsCounters StatusBoard::counters() const {
  base::MutexLock lock(mutex_);
  return counters_;
}

StatusBoard::Census StatusBoard::census() const {
  base::MutexLock lock(mutex_);
  Census census;
  for (const auto& [stream, proxy] : proxies_) {
    const auto& types = proxy.status.types;
    ++census.connected;
    census.waiting += proxy.status.waiting ? 1 : 0;
    census.orphaned += proxy.status.orphaned ? 1 : 0;
    census.rejecting += std::ranges::any_of(types, &TypeStatus::rejected) ? 1 : 0;
    census.warming += std::ranges::any_of(types, &TypeStatus::warming) ? 1 : 0;
    census.warned += proxy.status.warnings.empty() && proxy.status.skew.empty() ? 0 : 1;
  }
  return census;
}

size_t StatusBoard::StreamsOf(const compile::ProxyKey& key) const {
  base::MutexLock lock(mutex_);
  size_t streams = 0;
  for (const compile::Profile profile : compile::kAllProfiles) {
    const auto found = by_key_.find({key.mesh, key.kind, key.name, profile});
    if (found != by_key_.end()) streams += found->second.size();
  }
  return streams;
}

StatusBoard::Proxy* StatusBoard::FindLocked(StreamId stream) {
  const auto found = proxies_.find(stream);
  return found == proxies_.end() ? nullptr : &found->second;
}

void StatusBoard::NoteLive(Proxy& proxy) {
  for (TypeStatus& type : proxy.status.types) {
    if (!type.in_force) continue;
    type.live_through = proxy.applied_through;
    type.rejected = false;
    type.rejected_names.clear();
    type.message.clear();
  }
}

void StatusBoard::CountMesh(const model::MeshId& mesh, store::Txn txn, TxnStatus& status) const {
  for (const auto& [stream, proxy] : proxies_) {
    if (proxy.status.key.mesh != mesh) continue;
    // It is about to be served: its profile is being compiled.
    if (!proxy.seen_through) ++status.pending;
    Count(proxy.status, txn, Types().set(), true, status);
  }
}

void StatusBoard::CountTouched(const transform::FeedUpdate::Touched& touched, TxnStatus& status) const {
  for (const auto& [key, types] : touched.proxies) {
    for (const compile::Profile profile : compile::kAllProfiles) {
      compile::ProxyKey sibling = key;
      sibling.profile = profile;
      const auto streams = by_key_.find(sibling);
      if (streams == by_key_.end() || (profile != key.profile && touched.proxies.contains(sibling))) continue;
      for (const StreamId stream : streams->second) {
        const Proxy& proxy = proxies_.at(stream);
        // It waits because it has not looked since: what it waits for may be there.
        if (proxy.status.waiting && proxy.seen_through.value_or(0) < touched.txn) ++status.pending;
        if (profile == key.profile) {
          Count(proxy.status, touched.txn, types, false, status);
        } else if (proxy.served_from.value_or(0) >= touched.txn) {
          // Its profile came into use after that: the transaction is in what it was given first.
          Count(proxy.status, touched.txn, Types().set(), true, status);
        }
      }
    }
  }
}

void StatusBoard::Count(const ProxyStatus& proxy, store::Txn txn, Types types, bool forgotten, TxnStatus& status) {
  if (proxy.waiting || proxy.orphaned) return;
  bool live = true;
  bool rejected = false;
  for (size_t type = 0; type < proxy.types.size(); ++type) {
    const TypeStatus& has = proxy.types[type];
    if (!types.test(type) || has.live_through >= txn || (forgotten && has.in_force)) continue;
    live = false;
    rejected |= has.rejected;
  }
  ++(live ? status.acknowledged : rejected ? status.rejected : status.pending);
}

}  // namespace chancery::ems
