#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "base/mutex.h"

namespace chancery::app {

// Runs a chore at an interval, on a thread of its own, until it is destroyed. The first run is after
// one interval.
class Janitor {
 public:
  Janitor(std::chrono::milliseconds interval, std::function<void()> chore);
  ~Janitor();
  Janitor(const Janitor&) = delete;
  Janitor& operator=(const Janitor&) = delete;

 private:
  void Run() EXCLUDES(mutex_);

  const std::chrono::milliseconds interval_;
  const std::function<void()> chore_;
  base::Mutex mutex_;
  base::CondVar wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace chancery::app
