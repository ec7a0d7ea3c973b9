#pragma once

#include <functional>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "store/store.h"

namespace chancery::store {

// Turns many callers into few transactions of the database: callers queue and wait, one thread takes
// everything that is queued as one group. So the cost of an fsync is shared by all who wait for it,
// and whatever writes has one thread. Knows nothing of SQLite. Thread-safe.
class GroupCommitter {
 public:
  // Answers each batch of a group, in order. Called on the committer's thread.
  using CommitGroup = std::function<std::vector<base::Result<Txn>>(std::vector<Batch> batches)>;
  // Called on the committer's thread when a group has been answered, for work nobody waits for.
  using AfterGroup = std::function<void()>;
  using Task = std::function<base::Status()>;

  // `max_waiting`: callers beyond are refused.
  GroupCommitter(size_t max_waiting, CommitGroup commit_group, AfterGroup after_group);
  // Serves those who wait, refuses who comes later.
  ~GroupCommitter();
  GroupCommitter(const GroupCommitter&) = delete;
  GroupCommitter& operator=(const GroupCommitter&) = delete;

  // Waits for the group that holds `batch`. kUnavailable when too many wait already.
  base::Result<Txn> Commit(Batch batch) EXCLUDES(mutex_);
  // Runs `task` on the committer's thread between two groups and waits for it.
  base::Status Run(Task task) EXCLUDES(mutex_);

 private:
  // One waiting caller; lives on its stack. `answer` is guarded by mutex_.
  struct Waiting {
    std::variant<Batch, Task> work;
    std::optional<base::Result<Txn>> answer;
    base::CondVar answered;
  };

  base::Result<Txn> Wait(Waiting& waiting) EXCLUDES(mutex_);
  void Serve() EXCLUDES(mutex_);
  void ServeGroup(const std::vector<Waiting*>& group) EXCLUDES(mutex_);
  void Answer(Waiting& waiting, base::Result<Txn> answer) EXCLUDES(mutex_);

  const size_t max_waiting_;
  const CommitGroup commit_group_;
  const AfterGroup after_group_;
  base::Mutex mutex_;
  base::CondVar queued_;
  std::vector<Waiting*> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace chancery::store
