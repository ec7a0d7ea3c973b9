#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "iam/sigv4.h"

namespace chancery::iam {

// The last signing key of one secret, so that a day's calls unseal and derive once. Thread-safe.
class SigningKeyMemo {
 public:
  SigningKeyMemo() = default;
  ~SigningKeyMemo();
  SigningKeyMemo(const SigningKeyMemo&) = delete;
  SigningKeyMemo& operator=(const SigningKeyMemo&) = delete;

  using Derive = std::function<base::Result<SigningKey>()>;
  // That of `scope`; made by `derive`, outside of the lock, when the last one was of another. Errors are derive's.
  base::Result<SigningKey> Get(std::string_view scope, const Derive& derive) EXCLUDES(mutex_);

 private:
  base::Mutex mutex_;
  std::string scope_ GUARDED_BY(mutex_);
  SigningKey key_ GUARDED_BY(mutex_){};
};

}  // namespace chancery::iam
