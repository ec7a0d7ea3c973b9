#include "store/group_committer.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace chancery::store {

using base::Code;
using base::Error;

GroupCommitter::GroupCommitter(size_t max_waiting, CommitGroup commit_group, AfterGroup after_group)
    : max_waiting_(max_waiting),
      commit_group_(std::move(commit_group)),
      after_group_(std::move(after_group)),
      thread_([this] { Serve(); }) {}

GroupCommitter::~GroupCommitter() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    queued_.NotifyAll();
  }
  thread_.join();
}

base::Result<Txn> GroupCommitter::Commit(Batch batch) {
  Waiting waiting{std::move(batch), std::nullopt, {}};
  return Wait(waiting);
}

base::Status GroupCommitter::Run(Task task) {
  Waiting waiting{std::move(task), std::nullopt, {}};
  const auto answer = Wait(waiting);
  if (!answer) return answer.error();
  return base::Status::Ok();
}

base::Result<Txn> GroupCommitter::Wait(Waiting& waiting) {
  base::MutexLock lock(mutex_);
  if (stopping_) return Error{Code::kUnavailable, "the store is closing", {}};
  if (queue_.size() >= max_waiting_) {
    return Error{Code::kUnavailable, fmt::format("{} commits wait already: try again later", queue_.size()), {}};
  }
  queue_.push_back(&waiting);
  queued_.NotifyOne();
  while (!waiting.answer) waiting.answered.Wait(mutex_);
  return *std::move(waiting.answer);
}

void GroupCommitter::Serve() {
  for (;;) {
    std::vector<Waiting*> group;
    {
      base::MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) queued_.Wait(mutex_);
      if (queue_.empty()) return;
      group.swap(queue_);
    }
    ServeGroup(group);
    after_group_();
  }
}

void GroupCommitter::ServeGroup(const std::vector<Waiting*>& group) {
  std::vector<Waiting*> with_batch;
  std::vector<Waiting*> with_task;
  std::vector<Batch> batches;
  for (Waiting* waiting : group) {
    Batch* batch = std::get_if<Batch>(&waiting->work);
    (batch == nullptr ? with_task : with_batch).push_back(waiting);
    if (batch != nullptr) batches.push_back(std::move(*batch));
  }
  if (!batches.empty()) {
    std::vector<base::Result<Txn>> answers = commit_group_(std::move(batches));
    CHANCERY_CHECK(answers.size() == with_batch.size());
    for (size_t i = 0; i < answers.size(); ++i) Answer(*with_batch[i], std::move(answers[i]));
  }
  for (Waiting* waiting : with_task) {
    const base::Status done = std::get<Task>(waiting->work)();
    Answer(*waiting, done ? base::Result<Txn>(Txn{0}) : base::Result<Txn>(done.error()));
  }
}

void GroupCommitter::Answer(Waiting& waiting, base::Result<Txn> answer) {
  // Notified under the lock: `waiting` is gone as soon as its caller has seen the answer.
  base::MutexLock lock(mutex_);
  waiting.answer = std::move(answer);
  waiting.answered.NotifyOne();
}

}  // namespace chancery::store
