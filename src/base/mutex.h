#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

// Clang's thread-safety analysis; nothing under other compilers.
#if defined(__clang__)
#define CHANCERY_TSA(x) __attribute__((x))
#else
#define CHANCERY_TSA(x)
#endif

#define GUARDED_BY(mutex) CHANCERY_TSA(guarded_by(mutex))
#define REQUIRES(...) CHANCERY_TSA(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) CHANCERY_TSA(locks_excluded(__VA_ARGS__))

namespace chancery::base {

// std::mutex that clang can check. The only mutex of the code base: under distro abseil, TSan
// reports races in correct programs.
class CHANCERY_TSA(capability("mutex")) Mutex {
 public:
  void Lock() CHANCERY_TSA(acquire_capability()) { mutex_.lock(); }
  void Unlock() CHANCERY_TSA(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class CHANCERY_TSA(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CHANCERY_TSA(acquire_capability(mutex)) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() CHANCERY_TSA(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// A condition variable over Mutex. REQUIRES: the caller holds `mutex` and re-checks its condition
// in a loop.
class CondVar {
 public:
  void Wait(Mutex& mutex) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // Returns false when `timeout` passed without a notification.
  bool WaitFor(Mutex& mutex, std::chrono::nanoseconds timeout) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    // wait_until on the system clock: TSan of g++ 12 does not know pthread_cond_clockwait.
    const bool notified =
        condition_.wait_until(lock, std::chrono::system_clock::now() + timeout) == std::cv_status::no_timeout;
    lock.release();
    return notified;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace chancery::base
