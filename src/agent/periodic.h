#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "base/mutex.h"

namespace chancery::agent {

// Runs a task again and again on a thread of its own. The task may block; it gives the time until its next run.
// Destroyed, it waits for a run that has begun. Thread-safe.
class Periodic {
 public:
  using Task = std::function<std::chrono::milliseconds()>;

  explicit Periodic(Task task) : task_(std::move(task)), thread_([this] { Run(); }) {}
  ~Periodic() {
    {
      base::MutexLock lock(mutex_);
      stop_ = true;
    }
    changed_.NotifyAll();
    thread_.join();
  }
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

  // Runs the task now.
  void Wake() EXCLUDES(mutex_) {
    {
      base::MutexLock lock(mutex_);
      wake_ = true;
    }
    changed_.NotifyAll();
  }

 private:
  void Run() EXCLUDES(mutex_) {
    while (Wait(task_())) {
    }
  }

  // False when it is over.
  bool Wait(std::chrono::milliseconds time) EXCLUDES(mutex_) {
    const auto until = std::chrono::steady_clock::now() + time;
    base::MutexLock lock(mutex_);
    while (!stop_ && !wake_) {
      const auto left = until - std::chrono::steady_clock::now();
      if (left.count() <= 0) break;
      changed_.WaitFor(mutex_, left);
    }
    wake_ = false;
    return !stop_;
  }

  const Task task_;
  base::Mutex mutex_;
  base::CondVar changed_;
  bool stop_ GUARDED_BY(mutex_) = false;
  bool wake_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace chancery::agent
