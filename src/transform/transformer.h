#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "store/store.h"
#include "transform/feed.h"
#include "transform/hold_off.h"
#include "transform/mesh_compiler.h"

namespace chancery::transform {

// Keeps every mesh compiled and published: reads the store once, then follows its watch. Changes are
// taken in txn order per mesh and coalesced under churn (HoldOff), and meshes take turns, so that a
// busy one never starves another. Manifests of other profiles than stock are compiled when they come into demand
// (Feed::OnDemand) and kept as long. Start and Stop from one thread; the work is on one of its own.
class Transformer {
 public:
  // References outlive it. `compile` is what all meshes are compiled with.
  Transformer(store::Store& store, Feed& feed, const base::Clock& clock,
              MeshCompiler::CompileFunction compile = compile::Compile);
  ~Transformer();

  // Reads and publishes the whole state, marks the feed complete, then follows changes until Stop.
  // Error: the store's, or kInternal for a record that cannot be read.
  base::Status Start();
  // Idempotent.
  void Stop() EXCLUDES(mutex_);

  struct Stats {
    uint64_t transactions = 0;  // taken
    uint64_t compilations = 0;  // of a mesh: at most the transactions, fewer when coalesced
    uint64_t manifests = 0;     // published because they changed
  };
  Stats stats() const EXCLUDES(mutex_);

 private:
  // What waits for a mesh: transactions, or only that somebody demands a profile of it.
  struct Pending {
    std::vector<MeshTransaction> transactions;
    base::Clock::TimePoint since{};
  };

  base::Result<store::Txn> LoadAll();
  void OnTransaction(const store::TransactionPtr& transaction) EXCLUDES(mutex_);
  void OnDemand(const model::MeshId& mesh) EXCLUDES(mutex_);
  void Run() EXCLUDES(mutex_);
  // Waits for a mesh that is due and takes its transactions. Nothing when it is time to stop.
  std::optional<model::MeshId> TakeNext(std::vector<MeshTransaction>& transactions) EXCLUDES(mutex_);
  // The mesh that has waited longest among those whose hold-off is over, or how long to wait.
  std::optional<model::MeshId> NextLocked(base::Clock::TimePoint now, base::Clock::TimePoint& wake) REQUIRES(mutex_);
  void CompileMesh(const model::MeshId& mesh, const std::vector<MeshTransaction>& transactions) EXCLUDES(mutex_);
  // With what is new of its warnings in the log.
  void Publish(FeedUpdate update);
  // Nothing but what came into demand.
  void CompileDemanded(const model::MeshId& mesh) EXCLUDES(mutex_);

  store::Store& store_;
  Feed& feed_;
  const base::Clock& clock_;
  const MeshCompiler::CompileFunction compile_;

  // Confined to the thread once it runs.
  std::map<model::MeshId, MeshCompiler> meshes_;

  mutable base::Mutex mutex_;
  base::CondVar wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::map<model::MeshId, Pending> pending_ GUARDED_BY(mutex_);
  std::map<model::MeshId, HoldOff> hold_offs_ GUARDED_BY(mutex_);
  Stats stats_ GUARDED_BY(mutex_);

  std::thread thread_;
  // Last: its callbacks end before anything they use.
  std::unique_ptr<store::Watcher> watcher_;
};

}  // namespace chancery::transform
