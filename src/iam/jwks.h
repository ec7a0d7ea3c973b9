#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "iam/jose.h"

namespace chancery::iam {

struct JwksOptions {
  // Where the key set is, as the fetch function understands it; empty: the issuer is asked
  // (OpenID Connect Discovery 1.0 §4).
  std::string location;
  std::string issuer;
  // A key that the issuer has taken away works no longer than this.
  std::chrono::milliseconds refresh = std::chrono::minutes(5);
  // After a fetch that failed.
  std::chrono::milliseconds retry = std::chrono::seconds(30);
  // Tokens of unknown keys cause no more than one fetch in this time.
  std::chrono::milliseconds pause = std::chrono::seconds(10);
  // How long one call waits for a fetch.
  std::chrono::milliseconds patience = std::chrono::seconds(2);
};

// Reads what is at a location (bounded in size and time), and gives up soon once it is told to stop.
using FetchFunction =
    std::function<base::Result<std::string>(const std::string& location, const std::stop_token& stop)>;

// The keys of an issuer, kept in memory and fetched again: at an interval, and when a token names a key that is not
// there. While fetching fails the old keys stay; a set that was fetched takes their place as a whole. Calls never
// fetch, a thread of its own does. Thread-safe.
class Jwks {
 public:
  // Borrows the clock.
  Jwks(JwksOptions options, FetchFunction fetch, const base::Clock& clock);
  // Ends the thread; waits for a fetch to give up.
  ~Jwks();
  Jwks(const Jwks&) = delete;
  Jwks& operator=(const Jwks&) = delete;

  // Begins to fetch. Called once.
  void Start();
  // Fetches if it is time to, on the caller's thread: what the thread does in a loop; alone before Start, or in tests.
  // Ok when it was not time. Errors: those of fetching, and what is fetched that is no key set; they are logged too.
  base::Status Poll(const std::stop_token& stop = {}) EXCLUDES(mutex_);

  // Null before the first fetch succeeded. Never waits.
  std::shared_ptr<const KeySet> keys() const EXCLUDES(mutex_);
  // For a token whose key is not in keys(): asks for a fetch, within the limits of the options, and gives the keys
  // after it. At most four calls wait, others get what there is, so that nobody can hold up the API with invented keys.
  std::shared_ptr<const KeySet> Fresher() EXCLUDES(mutex_);
  // Only asks; whether a fetch is under way. Never waits.
  bool Ask() EXCLUDES(mutex_);

 private:
  void Run(const std::stop_token& stop) EXCLUDES(mutex_);
  base::Result<std::string> Locate(const std::stop_token& stop) const;
  base::Result<std::string> Fetch(const std::stop_token& stop) const;
  // False when nothing will be fetched now.
  bool AskLocked() REQUIRES(mutex_);

  const JwksOptions options_;
  const FetchFunction fetch_;
  const base::Clock& clock_;
  // What was fetched last. Confined to Poll.
  std::string document_;

  mutable base::Mutex mutex_;
  base::CondVar wake_;
  base::CondVar fetched_;
  std::shared_ptr<const KeySet> keys_ GUARDED_BY(mutex_);
  base::Clock::TimePoint due_ GUARDED_BY(mutex_);
  std::optional<base::Clock::TimePoint> asked_ GUARDED_BY(mutex_);
  bool fetching_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  // Fetches that ended, well or not.
  uint64_t rounds_ GUARDED_BY(mutex_) = 0;
  int waiting_ GUARDED_BY(mutex_) = 0;
  std::jthread thread_;
};

}  // namespace chancery::iam
