#pragma once

#include <chancery/store/records.pb.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/resource.h"
#include "store/store.h"

namespace chancery::frontend {

// Where a change comes from: what its change record tells, and what must be asked before it is made.
struct Origin {
  std::string actor;
  std::string operation;
  std::string source;
  std::string request_id;
  // May refuse; asked before each try to commit. Empty: nothing to ask.
  std::function<base::Status()> before_commit = {};
  // Called when the mutation fails: nothing was written, whether it came to a commit or not.
  std::function<void()> on_failure = {};
};

// What an operation answers: a JSON body and, if it changed something, the transaction.
struct Outcome {
  std::string body;
  std::optional<store::Txn> txn = std::nullopt;
};

// A stored resource with the version of its key.
struct Stored {
  model::Resource resource;
  store::Txn version = 0;
};

// One attempt of one mutation: what it read becomes the preconditions of what it writes, so that it
// commits only if nothing it relied on has moved (architecture.md §4). Confined to one thread.
//
// 1. Every Read is a precondition, of absence too.
// 2. A set (children, references) is relied on through the guard of the resource that owns it:
//    RelyOnGuard comes before the scan. Whoever adds to the set or takes from it calls TouchGuard.
// 3. Reads are not one snapshot, so a refusal counts only while all that was read StillHolds.
// 4. A guard dies with its resource; the record's own version tells a later resource of that name
//    from the one that was read.
class UnitOfWork {
 public:
  UnitOfWork(store::Store& store, int64_t now_ms) : store_(store), now_ms_(now_ms) {}

  int64_t now_ms() const { return now_ms_; }
  const store::Store& store() const { return store_; }

  base::Result<std::optional<store::Entry>> ReadEntry(std::string_view key);
  base::Result<std::optional<Stored>> Read(const model::ResourceKey& key);
  base::Status RelyOnGuard(const model::ResourceKey& key);

  void TouchGuard(const model::ResourceKey& key);
  void DropGuard(const model::ResourceKey& key);
  void Put(const model::Resource& resource);
  void Erase(const model::ResourceKey& key);
  void Write(std::string key, std::optional<std::string> value);

  // Whether all that was read is unchanged; then there was a moment at which all of it was true.
  base::Result<bool> StillHolds() const;
  base::Result<store::Txn> Commit(const Origin& origin);

 private:
  store::Store& store_;
  int64_t now_ms_;
  store::Batch batch_;
};

using Attempt = std::function<base::Result<Outcome>(UnitOfWork&)>;

// Blocks the calling thread for so long.
using Pause = std::function<void(std::chrono::microseconds time)>;
void Sleep(std::chrono::microseconds time);

// Runs `attempt` and commits it; a lost race, or a refusal on reads that did not hold, runs the
// whole of it again on new reads, at most 20 times, then kUnavailable. Before each new attempt it pauses for a random
// time below 1 ms, 2 ms, 4 ms and so on up to 32 ms, 0.48 s in all at most, so that those who lost together do not meet
// again. An outcome that has a transaction already (a replay) commits nothing.
base::Result<Outcome> RunMutation(store::Store& store, int64_t now_ms, const Origin& origin, const Attempt& attempt,
                                  const Pause& pause = Sleep);

// The resource in an entry below res/. kInternal when its bytes are no record.
base::Result<Stored> ParseStored(const store::Entry& entry);

}  // namespace chancery::frontend
