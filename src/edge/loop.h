#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "xds/transport.h"

// One thread's event loop: sockets by epoll, alarms, tasks posted from other threads, and work put
// off to the end of a turn. Knows nothing of HTTP/2.
//
// A turn is: ready sockets, due alarms, posted tasks, put-off flushes; then what was buried is
// destroyed. So an object may be buried while others of the same turn still point to it.

namespace chancery::edge {

class Loop;

// What waits for a socket. Confined to its loop.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // `events` as epoll reports them. May come once after Unwatch, in the same turn.
  virtual void OnReady(uint32_t events) = 0;
  // The end of a turn in which FlushLater was called.
  virtual void OnFlush() {}
};

// Calls OnAlarm once at or soon after a time. Confined to its loop, which must outlive it.
class Alarm {
 public:
  explicit Alarm(Loop& loop) : loop_(loop) {}
  virtual ~Alarm() { Cancel(); }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // Instead of any time asked for before; never calls back from inside.
  void Arm(base::Clock::TimePoint when);
  void Cancel();
  std::optional<base::Clock::TimePoint> when() const { return when_; }

 private:
  friend class Loop;
  virtual void OnAlarm() = 0;

  Loop& loop_;
  std::optional<base::Clock::TimePoint> when_;
};

// Post is thread-safe; Run and everything else is the loop's thread's.
class Loop final : public xds::Executor {
 public:
  static base::Result<std::unique_ptr<Loop>> Create();
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void Post(std::function<void()> task) override;

  // Serves until Quit. Tasks that are queued then, or posted later, are dropped.
  void Run();
  // Ends Run after this turn.
  void Quit() { quit_ = true; }

  base::Clock::TimePoint Now() const { return base::Clock::System().Now(); }
  // False when the kernel refuses (out of watches or memory).
  [[nodiscard]] bool Watch(int fd, uint32_t events, Watcher& watcher);
  void Change(int fd, uint32_t events, Watcher& watcher);
  // The watcher gets no OnFlush any more.
  void Unwatch(int fd, Watcher& watcher);
  // At most once per call of OnFlush.
  void FlushLater(Watcher& watcher) { flushes_.push_back(&watcher); }
  // Destroys `watcher` at the end of the turn. REQUIRES: it is unwatched.
  void Bury(std::unique_ptr<Watcher> watcher) { buried_.push_back(std::move(watcher)); }
  // Scratch for whoever reads a socket; holds nothing between two callbacks.
  std::span<char> read_buffer() { return read_buffer_; }

 private:
  friend class Alarm;

  Loop(base::UniqueFd epoll, base::UniqueFd wake);
  int WaitMilliseconds() const;
  void Wait();
  void FireAlarms();
  void RunPosted();
  void RunFlushes();
  void DropPosted();

  base::UniqueFd epoll_;
  base::UniqueFd wake_;
  bool quit_ = false;
  std::set<std::pair<base::Clock::TimePoint, Alarm*>> alarms_;
  std::vector<Watcher*> flushes_;
  std::vector<std::unique_ptr<Watcher>> buried_;
  std::vector<char> read_buffer_;

  base::Mutex mutex_;
  std::vector<std::function<void()>> posted_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace chancery::edge
