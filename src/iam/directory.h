#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "iam/evaluate.h"
#include "iam/principal.h"
#include "iam/secret_box.h"
#include "iam/signing_key_memo.h"
#include "store/store.h"

namespace chancery::iam {

// An access key that Chancery issued.
struct AccessKey {
  Principal principal;
  bool disabled = false;
  std::string sealed_secret;
  mutable SigningKeyMemo signing_key = {};
};

using AttachedPolicies = std::shared_ptr<const std::vector<AttachedPolicy>>;

// The keys, groups and policies of the store, kept in memory and followed by its watch: what every call of the API
// and every proxy's stream is judged by. A policy that cannot be read denies everything to those it is attached to.
// Thread-safe; a reader never waits for a change.
class Directory {
 public:
  // Borrows the store and the box. `partition` is that of the ARNs of users.
  Directory(store::Store& store, const SecretBox& box, std::string partition);
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // Reads everything and follows from there. Called once.
  base::Status Start();

  // Null when there is none of that id.
  std::shared_ptr<const AccessKey> FindKey(std::string_view access_key_id) const;
  // In the clear: not to be kept, logged or shown.
  base::Result<std::string> SecretOf(const AccessKey& key) const;
  // Its signing key for the scope that `claim` names.
  base::Result<SigningKey> SigningKeyOf(const AccessKey& key, const SigV4Claim& claim) const;
  // The user's own, those of its groups and those of its account. `more` are groups that a bearer token names: the user
  // is in them besides those that are stored.
  AttachedPolicies PoliciesOf(const std::string& account, const std::string& user,
                              std::span<const std::string> more = {}) const;
  // A user as policies and records name it.
  Principal PrincipalOf(std::string_view account, std::string_view user) const;

  // Moves with every change of keys, groups, policies and shares.
  store::Txn revision() const;
  // Returns when the change is in force here; false when `timeout` passed before.
  bool WaitFor(store::Txn txn, std::chrono::milliseconds timeout) const EXCLUDES(mutex_);

  struct State;

 private:
  base::Result<std::shared_ptr<const State>> Load(store::Txn revision) const;
  void OnTransaction(const store::TransactionPtr& transaction) EXCLUDES(mutex_);
  std::shared_ptr<const State> state() const EXCLUDES(mutex_);

  store::Store& store_;
  const SecretBox& box_;
  const std::string partition_;

  mutable base::Mutex mutex_;
  mutable base::CondVar moved_;
  std::shared_ptr<const State> state_ GUARDED_BY(mutex_);
  // A change could not be read. Confined to the watch.
  bool stale_ = false;
  std::unique_ptr<store::Watcher> watcher_;
};

}  // namespace chancery::iam
