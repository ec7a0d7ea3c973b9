#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "iam/directory.h"
#include "iam/secret_box.h"
#include "store/keys.h"
#include "store/store.h"

namespace chancery::iam {

// Who a policy is attached to: a user, a group, or (with no name) the whole account.
struct Holder {
  store::AttachedTo to = store::AttachedTo::kAccount;
  std::string name;
};

// Changes keys, groups and policies. Each change is one commit, durable and in force (for new calls) when it returns;
// kUnavailable when it is durable but not yet in force. Names are checked (names.h); kNotFound for what is not there.
// Thread-safe.
class Administration {
 public:
  // Borrows all. `actor` stands in the change record.
  Administration(store::Store& store, const SecretBox& box, const Directory& directory, const base::Clock& clock,
                 std::string actor);

  struct NewKey {
    std::string access_key_id;
    std::string secret;  // shown now and never again
    int64_t created_at_ms = 0;
  };
  base::Result<NewKey> CreateKey(const std::string& account, const std::string& user) const;
  struct KeyInfo {
    std::string access_key_id;
    std::string account;
    std::string user;
    bool disabled = false;
    int64_t created_at_ms = 0;
  };
  // Of one account, or of all when `account` is empty.
  base::Result<std::vector<KeyInfo>> ListKeys(const std::string& account) const;
  base::Status SetKeyDisabled(const std::string& access_key_id, bool disabled) const;
  base::Status DeleteKey(const std::string& access_key_id) const;

  // Replaces a policy of that name. kBadRequest naming what is wrong in the document.
  base::Status PutPolicy(const std::string& account, const std::string& name, const std::string& document) const;
  // The document, also of a managed policy.
  base::Result<std::string> GetPolicy(const std::string& account, const std::string& name) const;
  struct PolicyInfo {
    std::string name;
    bool managed = false;
    std::vector<Holder> holders;
  };
  base::Result<std::vector<PolicyInfo>> ListPolicies(const std::string& account) const;
  // kResourceInUse while it is attached to someone.
  base::Status DeletePolicy(const std::string& account, const std::string& name) const;
  base::Status Attach(const std::string& account, const std::string& policy, const Holder& holder) const;
  base::Status Detach(const std::string& account, const std::string& policy, const Holder& holder) const;

  struct GroupInfo {
    std::string name;
    std::vector<std::string> users;
  };
  // Groups that somebody was put into, and who; a group that only a policy names is in ListPolicies.
  base::Result<std::vector<GroupInfo>> ListGroups(const std::string& account) const;
  base::Status AddMember(const std::string& account, const std::string& group, const std::string& user) const;
  base::Status RemoveMember(const std::string& account, const std::string& group, const std::string& user) const;

 private:
  base::Result<std::optional<store::Entry>> RequirePolicy(const std::string& account, const std::string& name) const;
  base::Status Commit(std::string_view operation, std::vector<store::Precondition> preconditions,
                      std::vector<store::Write> writes) const;
  int64_t NowMs() const;

  store::Store& store_;
  const SecretBox& box_;
  const Directory& directory_;
  const base::Clock& clock_;
  const std::string actor_;
};

}  // namespace chancery::iam
