#include "iam/directory.h"

#include <chancery/store/records.pb.h>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "iam/managed_policies.h"
#include "iam/policy.h"
#include "store/keys.h"
#include "store/walk.h"

namespace chancery::iam {
namespace {

// An account's user or group, or (name "") the account itself.
using Holder = std::pair<std::string, std::string>;

// Stands for a policy that cannot be read: it may have held a Deny.
std::shared_ptr<const PolicyDocument> DenyEverything() {
  auto document = ParsePolicy(
      R"({"Version": "2012-10-17", "Statement": [{"Sid": "Unreadable", "Effect": "Deny", "Action": "*", "Resource": "*"}]})");
  return std::make_shared<const PolicyDocument>(*std::move(document));
}

std::string GroupLabel(const std::string& group) { return "group " + group; }

}  // namespace

// Immutable once it is published.
struct Directory::State {
  store::Txn revision = 0;
  std::map<std::string, std::shared_ptr<const AccessKey>, std::less<>> keys;
  std::map<Holder, AttachedPolicies> of_users;
  std::map<Holder, AttachedPolicies> of_groups;
  std::map<std::string, AttachedPolicies> of_accounts;

  AttachedPolicies Stored(const std::string& account, const std::string& user) const;
};

namespace {

// Collects what the store holds and works out who has which policies.
class Reader {
 public:
  Reader(const store::Store& store, std::string_view partition) : store_(store), partition_(partition) {}

  base::Status Read(Directory::State& state) {
    CHANCERY_RETURN_IF_ERROR(
        store::ForEachEntry(store_, store::kIamPrefix, [&](const store::Entry& entry) { return Take(entry, state); }));
    for (const auto& [account, names] : accounts_) state.of_accounts[account] = Collect({account, ""}, {});
    for (const auto& [group, names] : group_policies_) state.of_groups[group] = OfGroup(group);
    for (const Holder& user : users_) state.of_users[user] = Collect({user.first, ""}, user);
    return base::Status::Ok();
  }

 private:
  base::Status Take(const store::Entry& entry, Directory::State& state) {
    auto parts = store::ParseIamKeyText(entry.key());
    if (!parts) return parts.error();
    const std::vector<std::string>& p = *parts;
    if (p[0] == "key") return TakeKey(p[1], entry.value(), state);
    if (p[0] == "policy") {
      policies_[{p[1], p[2]}] = ParseDocument(entry);
    } else if (p[0] == "member") {
      groups_of_[{p[1], p[3]}].push_back(p[2]);
      users_.insert({p[1], p[3]});
    } else {
      auto& holders = p[2] == "group" ? group_policies_ : own_policies_;
      holders[{p[1], p[3]}].push_back(p[4]);
      if (p[2] == "user") users_.insert({p[1], p[3]});
      if (p[2] == "account") accounts_.insert({p[1], ""});
    }
    return base::Status::Ok();
  }

  base::Status TakeKey(const std::string& id, const std::string& value, Directory::State& state) {
    store::AccessKeyRecord record;
    auto sealed = store_.Read(store::SecretKeyText(id));
    if (!sealed) return sealed.error();
    if (!record.ParseFromString(value) || !sealed->has_value()) {
      spdlog::error("iam: the record of access key {} is damaged; it does not work", id);
      return base::Status::Ok();
    }
    auto key = std::make_shared<AccessKey>();
    key->principal = {record.account(), record.user(),
                      fmt::format("arn:{}:iam::{}:user/{}", partition_, record.account(), record.user()), id};
    key->disabled = record.disabled();
    key->sealed_secret = (*sealed)->value();
    users_.insert({record.account(), record.user()});
    state.keys[id] = std::move(key);
    return base::Status::Ok();
  }

  static std::shared_ptr<const PolicyDocument> ParseDocument(const store::Entry& entry) {
    store::PolicyRecord record;
    if (record.ParseFromString(entry.value())) {
      if (auto document = ParsePolicy(record.document())) {
        return std::make_shared<const PolicyDocument>(*std::move(document));
      }
    }
    spdlog::error("iam: the policy at {} cannot be read; it denies everything", entry.key());
    return DenyEverything();
  }

  std::shared_ptr<const PolicyDocument> Find(const std::string& account, const std::string& name) const {
    const auto own = policies_.find({account, name});
    if (own != policies_.end()) return own->second;
    auto managed = FindManagedPolicy(name);
    return managed ? managed : DenyEverything();
  }

  void Add(const std::map<Holder, std::vector<std::string>>& from, const Holder& holder, const std::string& as,
           std::vector<AttachedPolicy>& policies) const {
    const auto found = from.find(holder);
    if (found == from.end()) return;
    for (const std::string& name : found->second) policies.push_back({name, as, Find(holder.first, name)});
  }

  AttachedPolicies Collect(const Holder& account, const Holder& user) const {
    auto policies = std::make_shared<std::vector<AttachedPolicy>>();
    if (!user.second.empty()) {
      Add(own_policies_, user, "user " + user.second, *policies);
      if (const auto groups = groups_of_.find(user); groups != groups_of_.end()) {
        for (const std::string& group : groups->second) {
          Add(group_policies_, {user.first, group}, GroupLabel(group), *policies);
        }
      }
    }
    Add(own_policies_, account, "account " + account.first, *policies);
    return policies;
  }

  AttachedPolicies OfGroup(const Holder& group) const {
    auto policies = std::make_shared<std::vector<AttachedPolicy>>();
    Add(group_policies_, group, GroupLabel(group.second), *policies);
    return policies;
  }

  const store::Store& store_;
  const std::string_view partition_;
  std::map<Holder, std::shared_ptr<const PolicyDocument>> policies_;
  std::map<Holder, std::vector<std::string>> own_policies_;  // of users, and of accounts under ""
  std::map<Holder, std::vector<std::string>> group_policies_;
  std::map<Holder, std::vector<std::string>> groups_of_;
  std::set<Holder> users_;
  std::set<Holder> accounts_;
};

}  // namespace

Directory::Directory(store::Store& store, const SecretBox& box, std::string partition)
    : store_(store), box_(box), partition_(std::move(partition)) {}

Directory::~Directory() = default;

base::Status Directory::Start() {
  // What commits meanwhile is seen twice, by the scan and by the watch.
  const store::Txn from = store_.Newest();
  auto loaded = Load(from);
  if (!loaded) return loaded.error();
  {
    base::MutexLock lock(mutex_);
    state_ = *std::move(loaded);
  }
  auto watcher = store_.Watch(from, [this](const store::TransactionPtr& t) { OnTransaction(t); });
  if (!watcher) return watcher.error();
  watcher_ = *std::move(watcher);
  return base::Status::Ok();
}

base::Result<std::shared_ptr<const Directory::State>> Directory::Load(store::Txn revision) const {
  auto state = std::make_shared<State>();
  state->revision = revision;
  CHANCERY_RETURN_IF_ERROR(Reader(store_, partition_).Read(*state));
  return std::shared_ptr<const State>(std::move(state));
}

// Keys and policies change seldom, so all is read anew.
void Directory::OnTransaction(const store::TransactionPtr& transaction) {
  const auto& changes = transaction->record.changes();
  const bool concerned = std::any_of(changes.begin(), changes.end(), [](const auto& change) {
    return change.key().starts_with(store::kIamPrefix) || change.key().starts_with(store::kSharePrefix);
  });
  if (!concerned && !stale_) return;
  auto loaded = Load(transaction->txn);
  stale_ = !loaded;
  if (stale_) {
    // To let nobody in would end every proxy's stream for a disk that fails for a moment; who made the change is told
    // by WaitFor, and every further transaction tries again.
    spdlog::error("iam: a change of keys or policies is not in force: {}", base::ToString(loaded.error()));
    return;
  }
  base::MutexLock lock(mutex_);
  state_ = *std::move(loaded);
  moved_.NotifyAll();
}

std::shared_ptr<const Directory::State> Directory::state() const {
  base::MutexLock lock(mutex_);
  return state_;
}

std::shared_ptr<const AccessKey> Directory::FindKey(std::string_view access_key_id) const {
  const auto now = state();
  const auto found = now->keys.find(access_key_id);
  return found == now->keys.end() ? nullptr : found->second;
}

base::Result<std::string> Directory::SecretOf(const AccessKey& key) const {
  return box_.Unseal(key.sealed_secret, key.principal.access_key_id);
}

base::Result<SigningKey> Directory::SigningKeyOf(const AccessKey& key, const SigV4Claim& claim) const {
  const std::string scope = fmt::format("{}/{}/{}", claim.date, claim.region, claim.service);
  return key.signing_key.Get(scope, [&]() -> base::Result<SigningKey> {
    auto secret = SecretOf(key);
    if (!secret) return secret.error();
    const SigningKey derived = DeriveSigningKey(*secret, claim.date, claim.region, claim.service);
    OPENSSL_cleanse(secret->data(), secret->size());
    return derived;
  });
}

AttachedPolicies Directory::State::Stored(const std::string& account, const std::string& user) const {
  static const auto kNone = std::make_shared<const std::vector<AttachedPolicy>>();
  if (const auto own = of_users.find({account, user}); own != of_users.end()) return own->second;
  const auto shared = of_accounts.find(account);
  return shared == of_accounts.end() ? kNone : shared->second;
}

AttachedPolicies Directory::PoliciesOf(const std::string& account, const std::string& user,
                                       std::span<const std::string> more) const {
  const auto now = state();
  AttachedPolicies stored = now->Stored(account, user);
  std::shared_ptr<std::vector<AttachedPolicy>> all;
  for (const std::string& group : more) {
    const auto found = now->of_groups.find({account, group});
    if (found == now->of_groups.end()) continue;
    const bool member = std::ranges::find(*stored, GroupLabel(group), &AttachedPolicy::attached_to) != stored->end();
    if (member) continue;
    if (!all) all = std::make_shared<std::vector<AttachedPolicy>>(*stored);
    all->insert(all->end(), found->second->begin(), found->second->end());
  }
  return all ? all : stored;
}

Principal Directory::PrincipalOf(std::string_view account, std::string_view user) const {
  return {std::string(account), std::string(user), fmt::format("arn:{}:iam::{}:user/{}", partition_, account, user),
          ""};
}

store::Txn Directory::revision() const { return state()->revision; }

bool Directory::WaitFor(store::Txn txn, std::chrono::milliseconds timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  base::MutexLock lock(mutex_);
  while (state_->revision < txn) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) return false;
    moved_.WaitFor(mutex_, left);
  }
  return true;
}

}  // namespace chancery::iam
