#include "transform/transformer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <utility>

#include "model/kind.h"
#include "store/keys.h"
#include "store/walk.h"

namespace chancery::transform {
namespace {

// Lines of an update.
constexpr size_t kMostWarnings = 20;

base::Result<model::ResourcePtr> ParseResource(model::ResourceKey key, const std::string& value, store::Txn txn) {
  auto resource = std::make_shared<model::Resource>();
  resource->key = std::move(key);
  resource->txn = txn;
  if (!resource->record.ParseFromString(value)) {
    return base::Error{base::Code::kInternal, "unreadable record at " + store::ResourceKeyText(resource->key), {}};
  }
  return model::ResourcePtr(std::move(resource));
}

// A mesh of thousands of nodes may have thousands, which /proxies lists.
void LogNewWarnings(const FeedUpdate& update) {
  size_t left = kMostWarnings;
  for (const compile::Warning& warning : update.new_warnings) {
    if (left-- == 0) break;
    spdlog::warn("transformer: mesh {} at txn {}: {} {}{}{}: {}", update.mesh.name, update.compiled_through,
                 model::DescriptorOf(warning.kind).segment, warning.parent, warning.parent.empty() ? "" : "/",
                 warning.name, warning.text);
  }
  if (const size_t all = update.new_warnings.size(); all > kMostWarnings) {
    spdlog::warn("transformer: mesh {} at txn {}: {} more warnings, see /proxies", update.mesh.name,
                 update.compiled_through, all - kMostWarnings);
  }
}

}  // namespace

Transformer::Transformer(store::Store& store, Feed& feed, const base::Clock& clock,
                         MeshCompiler::CompileFunction compile)
    : store_(store), feed_(feed), clock_(clock), compile_(std::move(compile)) {
  feed_.OnDemand([this](const model::MeshId& mesh) { OnDemand(mesh); });
}

Transformer::~Transformer() { Stop(); }

base::Status Transformer::Start() {
  const auto loaded = LoadAll();
  if (!loaded) return loaded.error();
  for (auto& [mesh, compiler] : meshes_) Publish(compiler.CompileAll(*loaded));
  feed_.MarkComplete();
  auto watcher = store_.Watch(*loaded, [this](const store::TransactionPtr& t) { OnTransaction(t); });
  if (!watcher) return watcher.error();
  watcher_ = *std::move(watcher);
  thread_ = std::thread([this] { Run(); });
  return base::Status::Ok();
}

void Transformer::Stop() {
  watcher_.reset();
  feed_.OnDemand(nullptr);
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

Transformer::Stats Transformer::stats() const {
  base::MutexLock lock(mutex_);
  return stats_;
}

base::Result<store::Txn> Transformer::LoadAll() {
  // What commits during the scan is seen twice, by the scan and by the watch from here on; the
  // compiler skips what it has.
  const store::Txn from = store_.Newest();
  const auto load = [this](const store::Entry& entry) -> base::Status {
    auto key = store::ParseResourceKeyText(entry.key());
    if (!key) return key.error();
    auto resource = ParseResource(*std::move(key), entry.value(), entry.version());
    if (!resource) return resource.error();
    const model::MeshId& mesh = (*resource)->key.mesh;
    meshes_.try_emplace(mesh, mesh, compile_).first->second.Load(*std::move(resource));
    return base::Status::Ok();
  };
  CHANCERY_RETURN_IF_ERROR(store::ForEachEntry(store_, store::kResourcePrefix, load));
  return from;
}

void Transformer::OnTransaction(const store::TransactionPtr& transaction) {
  std::map<model::MeshId, MeshTransaction> by_mesh;
  for (const auto& change : transaction->record.changes()) {
    if (!change.key().starts_with(store::kResourcePrefix)) continue;
    auto key = store::ParseResourceKeyText(change.key());
    if (!key) {
      spdlog::error("transformer: {}", base::ToString(key.error()));
      continue;
    }
    model::ResourcePtr resource;
    if (change.has_after()) {
      auto parsed = ParseResource(*key, change.after(), transaction->txn);
      if (!parsed) {
        spdlog::error("transformer: {}", base::ToString(parsed.error()));
        continue;
      }
      resource = *std::move(parsed);
    }
    MeshTransaction& mesh = by_mesh[key->mesh];
    mesh.txn = transaction->txn;
    mesh.changes.push_back({*std::move(key), std::move(resource)});
  }
  if (by_mesh.empty()) return;
  {
    base::MutexLock lock(mutex_);
    ++stats_.transactions;
    for (auto& [mesh, changes] : by_mesh) {
      const auto [pending, first] = pending_.try_emplace(mesh);
      if (first) pending->second.since = clock_.Now();
      pending->second.transactions.push_back(std::move(changes));
    }
  }
  wake_.NotifyAll();
}

void Transformer::OnDemand(const model::MeshId& mesh) {
  {
    base::MutexLock lock(mutex_);
    const auto [pending, first] = pending_.try_emplace(mesh);
    if (first) pending->second.since = clock_.Now();
  }
  wake_.NotifyAll();
}

void Transformer::Run() {
  std::vector<MeshTransaction> transactions;
  while (const std::optional<model::MeshId> mesh = TakeNext(transactions)) {
    if (transactions.empty()) {
      CompileDemanded(*mesh);
    } else {
      CompileMesh(*mesh, transactions);
    }
    transactions.clear();
  }
}

std::optional<model::MeshId> Transformer::TakeNext(std::vector<MeshTransaction>& transactions) {
  base::MutexLock lock(mutex_);
  while (!stopping_) {
    const auto now = clock_.Now();
    auto wake = base::Clock::TimePoint::max();
    if (auto mesh = NextLocked(now, wake)) {
      transactions = std::move(pending_[*mesh].transactions);
      pending_.erase(*mesh);
      return mesh;
    }
    if (wake == base::Clock::TimePoint::max()) {
      wake_.Wait(mutex_);
    } else {
      wake_.WaitFor(mutex_, wake - now);
    }
  }
  return std::nullopt;
}

std::optional<model::MeshId> Transformer::NextLocked(base::Clock::TimePoint now, base::Clock::TimePoint& wake) {
  const model::MeshId* next = nullptr;
  auto oldest = base::Clock::TimePoint::max();
  for (const auto& [mesh, pending] : pending_) {
    const auto ready = hold_offs_[mesh].ReadyAt(now);
    if (ready > now) {
      wake = std::min(wake, ready);
    } else if (pending.since < oldest) {
      oldest = pending.since;
      next = &mesh;
    }
  }
  if (next == nullptr) return std::nullopt;
  return *next;
}

void Transformer::Publish(FeedUpdate update) {
  LogNewWarnings(update);
  feed_.Publish(std::move(update));
}

void Transformer::CompileDemanded(const model::MeshId& mesh) {
  const auto found = meshes_.find(mesh);
  if (found == meshes_.end()) {  // the demand is taken into account when the mesh is made
    base::MutexLock lock(mutex_);
    hold_offs_.erase(mesh);
    return;
  }
  FeedUpdate update = found->second.Apply({}, feed_.TakeDemand(mesh, false));
  const size_t manifests = update.changed.size();
  if (manifests > 0 || !update.removed.empty()) Publish(std::move(update));
  base::MutexLock lock(mutex_);
  stats_.manifests += manifests;
}

void Transformer::CompileMesh(const model::MeshId& mesh, const std::vector<MeshTransaction>& transactions) {
  const auto [found, is_new] = meshes_.try_emplace(mesh, mesh, compile_);
  MeshCompiler& compiler = found->second;
  FeedUpdate update = compiler.Apply(transactions, feed_.TakeDemand(mesh, is_new));
  const size_t manifests = update.changed.size();
  Publish(std::move(update));
  const bool gone = compiler.empty();
  if (gone) meshes_.erase(mesh);
  base::MutexLock lock(mutex_);
  if (gone) {
    hold_offs_.erase(mesh);
  } else {
    hold_offs_[mesh].Compiled(clock_.Now());
  }
  ++stats_.compilations;
  stats_.manifests += manifests;
}

}  // namespace chancery::transform
