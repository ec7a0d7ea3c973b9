#include "edge/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace chancery::edge {
namespace {

constexpr size_t kReadBufferBytes = 64U << 10U;
constexpr int kEventsPerTurn = 256;

}  // namespace

void Alarm::Arm(base::Clock::TimePoint when) {
  Cancel();
  when_ = when;
  loop_.alarms_.emplace(when, this);
}

void Alarm::Cancel() {
  if (!when_) return;
  loop_.alarms_.erase({*when_, this});
  when_.reset();
}

base::Result<std::unique_ptr<Loop>> Loop::Create() {
  base::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  base::UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // stands for the wake-up descriptor
  if (!epoll || !wake || ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return base::Error{base::Code::kUnavailable, std::string("cannot make an event loop: ") + std::strerror(errno), {}};
  }
  return std::unique_ptr<Loop>(new Loop(std::move(epoll), std::move(wake)));
}

Loop::Loop(base::UniqueFd epoll, base::UniqueFd wake)
    : epoll_(std::move(epoll)), wake_(std::move(wake)), read_buffer_(kReadBufferBytes) {}

Loop::~Loop() { DropPosted(); }

void Loop::Post(std::function<void()> task) {
  {
    base::MutexLock lock(mutex_);
    if (closed_) return;
    posted_.push_back(std::move(task));
    if (posted_.size() > 1) return;  // the first one has woken the loop
  }
  const uint64_t one = 1;
  // Cannot block: the counter is reset before each turn's tasks are taken.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void Loop::Run() {
  while (!quit_) {
    Wait();
    FireAlarms();
    RunPosted();
    RunFlushes();
    buried_.clear();
  }
  DropPosted();
}

int Loop::WaitMilliseconds() const {
  if (!flushes_.empty()) return 0;
  if (alarms_.empty()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(alarms_.begin()->first - Now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
}

void Loop::Wait() {
  std::array<epoll_event, kEventsPerTurn> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), kEventsPerTurn, WaitMilliseconds());
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr != nullptr) {
      static_cast<Watcher*>(events[i].data.ptr)->OnReady(events[i].events);
      continue;
    }
    uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &ignored, sizeof ignored);
  }
}

void Loop::FireAlarms() {
  if (alarms_.empty()) return;
  // One reading of the clock: an alarm that arms itself anew waits for the next turn.
  const auto now = Now();
  while (!alarms_.empty() && alarms_.begin()->first <= now) {
    Alarm* alarm = alarms_.begin()->second;
    alarm->Cancel();
    alarm->OnAlarm();
  }
}

void Loop::RunPosted() {
  std::vector<std::function<void()>> tasks;
  {
    base::MutexLock lock(mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) {
    task();
    task = nullptr;  // what it owned dies before the next one runs
  }
}

void Loop::RunFlushes() {
  std::vector<Watcher*> flushes;
  flushes.swap(flushes_);
  for (Watcher* watcher : flushes) watcher->OnFlush();
}

void Loop::DropPosted() {
  std::vector<std::function<void()>> dropped;
  base::MutexLock lock(mutex_);
  closed_ = true;
  dropped.swap(posted_);
}

bool Loop::Watch(int fd, uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Loop::Change(int fd, uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Loop::Unwatch(int fd, Watcher& watcher) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  std::erase(flushes_, &watcher);
}

}  // namespace chancery::edge
