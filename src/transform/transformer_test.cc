#include "transform/transformer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/mutex.h"
#include "store/keys.h"
#include "store/memory_store.h"

namespace chancery::transform {
namespace {

using model::Kind;
using model::MeshId;
using model::ResourceKey;

const MeshId kMesh{"000000000000", "m"};

// Waits for what the transformer publishes.
class Recorder {
 public:
  explicit Recorder(MemoryFeed& feed) {
    feed.Subscribe([this](const FeedUpdate& update) {
      base::MutexLock lock(mutex_);
      if (update.mesh.name.empty()) {
        complete_ = true;
      } else {
        through_[update.mesh] = update.compiled_through;
      }
      changed_.NotifyAll();
    });
  }
  void WaitFor(const MeshId& mesh, store::Txn txn) {
    base::MutexLock lock(mutex_);
    while (through_[mesh] < txn) changed_.Wait(mutex_);
  }
  bool complete() {
    base::MutexLock lock(mutex_);
    return complete_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  bool complete_ GUARDED_BY(mutex_) = false;
  std::map<MeshId, store::Txn> through_ GUARDED_BY(mutex_);
};

store::Txn Put(store::Store& store, const ResourceKey& key) {
  store::ResourceRecord record;
  record.set_uid("u");
  model::MutableSpecOf(record, key.kind);
  store::Batch batch;
  batch.writes.push_back({store::ResourceKeyText(key), record.SerializeAsString()});
  auto txn = store.Commit(std::move(batch));
  EXPECT_TRUE(txn);
  return *txn;
}

store::Txn PutNode(store::Store& store, const MeshId& mesh, const std::string& name) {
  return Put(store, ResourceKey{mesh, Kind::kVirtualNode, "", name});
}

compile::ProxyKey Proxy(const MeshId& mesh, std::string name) {
  return {mesh, Kind::kVirtualNode, std::move(name), compile::Profile::kStock};
}

TEST(Transformer, PublishesWhatWasThereAndThenFollows) {
  store::MemoryStore store;
  PutNode(store, kMesh, "before");
  MemoryFeed feed;
  Recorder recorder(feed);
  Transformer transformer(store, feed, base::Clock::System());
  ASSERT_TRUE(transformer.Start());
  EXPECT_TRUE(recorder.complete());
  EXPECT_NE(feed.Find(Proxy(kMesh, "before")), nullptr);

  recorder.WaitFor(kMesh, PutNode(store, kMesh, "after"));
  EXPECT_NE(feed.Find(Proxy(kMesh, "after")), nullptr);
  EXPECT_EQ(feed.Find(Proxy(kMesh, "never")), nullptr);
}

TEST(Transformer, CatchesUpWithABurstInManyMeshes) {
  store::MemoryStore store;
  MemoryFeed feed;
  Recorder recorder(feed);
  Transformer transformer(store, feed, base::Clock::System());
  ASSERT_TRUE(transformer.Start());
  std::map<MeshId, store::Txn> last;
  for (int i = 0; i < 200; ++i) {
    const MeshId mesh{"000000000000", "m" + std::to_string(i % 5)};
    last[mesh] = PutNode(store, mesh, "n" + std::to_string(i));
  }
  for (const auto& [mesh, txn] : last) recorder.WaitFor(mesh, txn);
  for (int i = 0; i < 200; ++i) {
    EXPECT_NE(feed.Find(Proxy({"000000000000", "m" + std::to_string(i % 5)}, "n" + std::to_string(i))), nullptr) << i;
  }
  EXPECT_LE(transformer.stats().compilations, transformer.stats().transactions);
}

TEST(Transformer, CompilesAProfileThatComesIntoDemand) {
  store::MemoryStore store;
  PutNode(store, kMesh, "n");
  MemoryFeed feed;
  base::Mutex mutex;
  base::CondVar published;
  std::set<compile::ProxyKey> old;
  feed.Subscribe([&](const FeedUpdate& update) {
    base::MutexLock lock(mutex);
    for (const auto& manifest : update.changed) {
      if (manifest->key.profile == compile::Profile::kOld) old.insert(manifest->key);
    }
    published.NotifyAll();
  });
  const auto wait_for = [&](const compile::ProxyKey& key) {
    base::MutexLock lock(mutex);
    while (!old.contains(key)) published.Wait(mutex);
  };
  Transformer transformer(store, feed, base::Clock::System());
  ASSERT_TRUE(transformer.Start());

  compile::ProxyKey there = Proxy(kMesh, "n");
  there.profile = compile::Profile::kOld;
  EXPECT_EQ(feed.Find(there), nullptr);
  EXPECT_TRUE(feed.Exists(there));
  const Demand demand = feed.Want(there);
  wait_for(there);
  EXPECT_NE(feed.Find(there), nullptr);

  const MeshId later{"000000000000", "later"};
  compile::ProxyKey absent = Proxy(later, "n");
  absent.profile = compile::Profile::kOld;
  const Demand early = feed.Want(absent);
  EXPECT_FALSE(feed.Exists(absent));
  PutNode(store, later, "n");
  wait_for(absent);
}

TEST(Transformer, StopsWithWorkPending) {
  store::MemoryStore store;
  MemoryFeed feed;
  Transformer transformer(store, feed, base::Clock::System());
  ASSERT_TRUE(transformer.Start());
  for (int i = 0; i < 50; ++i) PutNode(store, kMesh, "n" + std::to_string(i));
  transformer.Stop();
  transformer.Stop();
}

TEST(Transformer, ARecordThatCannotBeReadStopsTheStart) {
  store::MemoryStore store;
  store::Batch batch;
  batch.writes.push_back({store::ResourceKeyText({kMesh, Kind::kVirtualNode, "", "n"}), "\xff\xff"});
  ASSERT_TRUE(store.Commit(std::move(batch)));
  MemoryFeed feed;
  Transformer transformer(store, feed, base::Clock::System());
  const auto started = transformer.Start();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, testing::HasSubstr("res/in/000000000000/m/virtualNode//n"));
}

}  // namespace
}  // namespace chancery::transform
