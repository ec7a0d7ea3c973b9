#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace chancery::app {

// Whether keys may be fetched from there: an https URL, an http URL of this machine (localhost, 127.x, [::1]), or the
// path of a file. Not a URL of another scheme or with a user. kBadRequest says why not.
base::Status CheckKeyLocation(const std::string& location);
bool IsUrl(const std::string& location);

// Reads small documents that are trusted for where they come from: over HTTPS whose certificate is verified, or from a
// file. No redirects; at most 1 MiB; 5 s to connect, 10 s in all, and about 1 s after it is told to stop. A proxy in
// the environment (https_proxy, no_proxy) is used. Thread-safe.
class KeyFetcher {
 public:
  // `authorities` is a file in PEM of those who may certify; empty: the machine's. kUnavailable when libcurl cannot
  // start.
  static base::Result<std::unique_ptr<KeyFetcher>> Make(std::string authorities);
  ~KeyFetcher();
  KeyFetcher(const KeyFetcher&) = delete;
  KeyFetcher& operator=(const KeyFetcher&) = delete;

  // kUnavailable naming the location and what failed.
  base::Result<std::string> Fetch(const std::string& location, const std::stop_token& stop) const;

 private:
  explicit KeyFetcher(std::string authorities) : authorities_(std::move(authorities)) {}

  const std::string authorities_;
};

}  // namespace chancery::app
