#include "iam/signing_key_memo.h"

#include <openssl/crypto.h>

namespace chancery::iam {

SigningKeyMemo::~SigningKeyMemo() { OPENSSL_cleanse(key_.data(), key_.size()); }

base::Result<SigningKey> SigningKeyMemo::Get(std::string_view scope, const Derive& derive) {
  {
    base::MutexLock lock(mutex_);
    if (!scope_.empty() && scope_ == scope) return key_;
  }
  auto key = derive();
  if (!key) return key;
  base::MutexLock lock(mutex_);
  scope_ = scope;
  key_ = *key;
  return key;
}

}  // namespace chancery::iam
