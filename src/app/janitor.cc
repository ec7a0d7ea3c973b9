#include "app/janitor.h"

#include <utility>

namespace chancery::app {

Janitor::Janitor(std::chrono::milliseconds interval, std::function<void()> chore)
    : interval_(interval), chore_(std::move(chore)), thread_([this] { Run(); }) {}

Janitor::~Janitor() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  thread_.join();
}

void Janitor::Run() {
  for (;;) {
    {
      base::MutexLock lock(mutex_);
      const auto until = std::chrono::steady_clock::now() + interval_;
      while (!stopping_ && std::chrono::steady_clock::now() < until) {
        wake_.WaitFor(mutex_, until - std::chrono::steady_clock::now());
      }
      if (stopping_) return;
    }
    chore_();
  }
}

}  // namespace chancery::app
