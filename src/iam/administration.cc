#include "iam/administration.h"

#include <chancery/store/records.pb.h>
#include <fmt/format.h>

#include <chrono>
#include <map>

#include "base/random.h"
#include "iam/managed_policies.h"
#include "iam/names.h"
#include "iam/policy.h"
#include "store/walk.h"

namespace chancery::iam {
namespace {

using base::Code;
using base::Error;
using base::Status;
using store::AttachedTo;

constexpr std::chrono::seconds kInForceWithin{5};
// As AWS has it: 20 characters, of which the first four tell what it is, and a secret of 240 bits.
constexpr std::string_view kKeyPrefix = "CHKA";
constexpr size_t kKeyCharacters = 16;
constexpr size_t kSecretCharacters = 40;
constexpr std::string_view kKeyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kSecretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// An alphabet whose size is a power of two, so that every character is as likely.
std::string RandomText(size_t size, std::string_view alphabet) {
  std::string text = base::RandomBytes(size);
  for (char& c : text) c = alphabet[static_cast<uint8_t>(c) % alphabet.size()];
  return text;
}

Error NotFound(std::string message) { return {Code::kNotFound, std::move(message), {}}; }

Status CheckHolder(const Holder& holder) {
  if (holder.to == AttachedTo::kAccount) return Status::Ok();
  return holder.to == AttachedTo::kUser ? CheckUser("user", holder.name) : CheckName("group", holder.name);
}

base::Result<std::vector<store::Entry>> ScanAll(const store::Store& store, const std::string& prefix) {
  std::vector<store::Entry> all;
  CHANCERY_RETURN_IF_ERROR(store::ForEachEntry(store, prefix, [&all](const store::Entry& entry) {
    all.push_back(entry);
    return Status::Ok();
  }));
  return all;
}

base::Result<store::AccessKeyRecord> ParseKey(const store::Entry& entry) {
  store::AccessKeyRecord record;
  if (record.ParseFromString(entry.value())) return record;
  return Error{Code::kInternal, fmt::format("the record at {} is damaged", entry.key()), {}};
}

}  // namespace

Administration::Administration(store::Store& store, const SecretBox& box, const Directory& directory,
                               const base::Clock& clock, std::string actor)
    : store_(store), box_(box), directory_(directory), clock_(clock), actor_(std::move(actor)) {}

int64_t Administration::NowMs() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.WallNow().time_since_epoch()).count();
}

Status Administration::Commit(std::string_view operation, std::vector<store::Precondition> preconditions,
                              std::vector<store::Write> writes) const {
  store::Batch batch{NowMs(), actor_, std::string(operation), std::move(preconditions), std::move(writes)};
  const auto txn = store_.Commit(std::move(batch));
  if (!txn && txn.error().code == Code::kLostRace) {
    return Error{Code::kConflict, "it was changed by someone else at the same moment; try again", {}};
  }
  if (!txn) return txn.error();
  if (directory_.WaitFor(*txn, kInForceWithin)) return Status::Ok();
  return Error{Code::kUnavailable, fmt::format("transaction {} is stored but not in force yet; see the log", *txn), {}};
}

base::Result<Administration::NewKey> Administration::CreateKey(const std::string& account,
                                                               const std::string& user) const {
  CHANCERY_RETURN_IF_ERROR(CheckAccount("account", account));
  CHANCERY_RETURN_IF_ERROR(CheckName("user", user));
  NewKey key{std::string(kKeyPrefix) + RandomText(kKeyCharacters, kKeyAlphabet),
             RandomText(kSecretCharacters, kSecretAlphabet), NowMs()};
  store::AccessKeyRecord record;
  record.set_account(account);
  record.set_user(user);
  record.set_created_at_ms(key.created_at_ms);
  const std::string at = store::AccessKeyText(key.access_key_id);
  CHANCERY_RETURN_IF_ERROR(
      Commit("CreateAccessKey", {{at, 0}},
             {{at, record.SerializeAsString()},
              {store::SecretKeyText(key.access_key_id), box_.Seal(key.secret, key.access_key_id)}}));
  return key;
}

base::Result<std::vector<Administration::KeyInfo>> Administration::ListKeys(const std::string& account) const {
  if (!account.empty()) CHANCERY_RETURN_IF_ERROR(CheckAccount("account", account));
  const std::string prefix = store::AccessKeyText("");
  const auto entries = ScanAll(store_, prefix);
  if (!entries) return entries.error();
  std::vector<KeyInfo> keys;
  for (const store::Entry& entry : *entries) {
    const auto record = ParseKey(entry);
    if (!record) return record.error();
    if (!account.empty() && record->account() != account) continue;
    keys.push_back({entry.key().substr(prefix.size()), record->account(), record->user(), record->disabled(),
                    record->created_at_ms()});
  }
  return keys;
}

Status Administration::SetKeyDisabled(const std::string& access_key_id, bool disabled) const {
  CHANCERY_RETURN_IF_ERROR(CheckName("access-key-id", access_key_id));
  const std::string at = store::AccessKeyText(access_key_id);
  const auto entry = store_.Read(at);
  if (!entry) return entry.error();
  if (!entry->has_value()) return NotFound("there is no access key " + access_key_id);
  auto record = ParseKey(**entry);
  if (!record) return record.error();
  record->set_disabled(disabled);
  return Commit(disabled ? "DisableAccessKey" : "EnableAccessKey", {{at, (*entry)->version()}},
                {{at, record->SerializeAsString()}});
}

Status Administration::DeleteKey(const std::string& access_key_id) const {
  CHANCERY_RETURN_IF_ERROR(CheckName("access-key-id", access_key_id));
  const std::string at = store::AccessKeyText(access_key_id);
  const auto entry = store_.Read(at);
  if (!entry) return entry.error();
  if (!entry->has_value()) return NotFound("there is no access key " + access_key_id);
  return Commit("DeleteAccessKey", {{at, (*entry)->version()}},
                {{at, std::nullopt}, {store::SecretKeyText(access_key_id), std::nullopt}});
}

Status Administration::PutPolicy(const std::string& account, const std::string& name,
                                 const std::string& document) const {
  CHANCERY_RETURN_IF_ERROR(CheckAccount("account", account));
  CHANCERY_RETURN_IF_ERROR(CheckName("name", name));
  if (FindManagedPolicy(name)) {
    return Error{Code::kConflict, name + " is a managed policy, which cannot be replaced; choose another name", {}};
  }
  if (auto parsed = ParsePolicy(document); !parsed) return parsed.error();
  store::PolicyRecord record;
  record.set_document(document);
  record.set_updated_at_ms(NowMs());
  return Commit("PutPolicy", {}, {{store::PolicyKeyText(account, name), record.SerializeAsString()}});
}

base::Result<std::optional<store::Entry>> Administration::RequirePolicy(const std::string& account,
                                                                        const std::string& name) const {
  CHANCERY_RETURN_IF_ERROR(CheckAccount("account", account));
  CHANCERY_RETURN_IF_ERROR(CheckName("name", name));
  auto entry = store_.Read(store::PolicyKeyText(account, name));
  if (!entry || entry->has_value() || FindManagedPolicy(name)) return entry;
  return NotFound(fmt::format("account {} has no policy {}", account, name));
}

base::Result<std::string> Administration::GetPolicy(const std::string& account, const std::string& name) const {
  const auto entry = RequirePolicy(account, name);
  if (!entry) return entry.error();
  if (!entry->has_value()) {
    for (const ManagedPolicy& policy : ManagedPolicies()) {
      if (policy.name == name) return std::string(policy.document);
    }
  }
  store::PolicyRecord record;
  if (record.ParseFromString((*entry)->value())) return record.document();
  return Error{Code::kInternal, fmt::format("the record at {} is damaged", (*entry)->key()), {}};
}

base::Result<std::vector<Administration::PolicyInfo>> Administration::ListPolicies(const std::string& account) const {
  CHANCERY_RETURN_IF_ERROR(CheckAccount("account", account));
  std::map<std::string, PolicyInfo> policies;
  for (const ManagedPolicy& policy : ManagedPolicies()) {
    policies[std::string(policy.name)] = {std::string(policy.name), true, {}};
  }
  const std::string prefix = store::PolicyKeyText(account, "");
  const auto own = ScanAll(store_, prefix);
  if (!own) return own.error();
  for (const store::Entry& entry : *own) {
    const std::string name = entry.key().substr(prefix.size());
    policies[name] = {name, false, {}};
  }
  const auto attached = ScanAll(store_, fmt::format("iam/attached/{}/", account));
  if (!attached) return attached.error();
  for (const store::Entry& entry : *attached) {
    const auto parts = store::ParseIamKeyText(entry.key());
    if (!parts) return parts.error();
    const AttachedTo to = (*parts)[2] == "user"    ? AttachedTo::kUser
                          : (*parts)[2] == "group" ? AttachedTo::kGroup
                                                   : AttachedTo::kAccount;
    policies[(*parts)[4]].holders.push_back({to, (*parts)[3]});
  }
  std::vector<PolicyInfo> listed;
  for (auto& [name, info] : policies) listed.push_back(std::move(info));
  return listed;
}

Status Administration::DeletePolicy(const std::string& account, const std::string& name) const {
  const auto entry = RequirePolicy(account, name);
  if (!entry) return entry.error();
  if (!entry->has_value()) return Error{Code::kConflict, name + " is a managed policy, which cannot be deleted", {}};
  const auto policies = ListPolicies(account);
  if (!policies) return policies.error();
  for (const PolicyInfo& policy : *policies) {
    if (policy.name != name || policy.holders.empty()) continue;
    const Holder& holder = policy.holders.front();
    return Error{Code::kResourceInUse,
                 fmt::format("policy {} is attached to {} of {}, the first being {} {}", name, policy.holders.size(),
                             account, store::ToString(holder.to), holder.name.empty() ? account : holder.name),
                 {}};
  }
  return Commit("DeletePolicy", {{(*entry)->key(), (*entry)->version()}}, {{(*entry)->key(), std::nullopt}});
}

Status Administration::Attach(const std::string& account, const std::string& policy, const Holder& holder) const {
  CHANCERY_RETURN_IF_ERROR(CheckHolder(holder));
  const auto entry = RequirePolicy(account, policy);
  if (!entry) return entry.error();
  std::vector<store::Precondition> preconditions;
  std::vector<store::Write> writes = {{store::AttachedKeyText(account, holder.to, holder.name, policy), ""}};
  if (entry->has_value()) {
    // The policy moves with it, so that a delete that looked before does not slip through.
    preconditions.push_back({(*entry)->key(), (*entry)->version()});
    writes.push_back({(*entry)->key(), (*entry)->value()});
  }
  return Commit("AttachPolicy", std::move(preconditions), std::move(writes));
}

Status Administration::Detach(const std::string& account, const std::string& policy, const Holder& holder) const {
  CHANCERY_RETURN_IF_ERROR(CheckAccount("account", account));
  CHANCERY_RETURN_IF_ERROR(CheckName("name", policy));
  CHANCERY_RETURN_IF_ERROR(CheckHolder(holder));
  const std::string at = store::AttachedKeyText(account, holder.to, holder.name, policy);
  const auto entry = store_.Read(at);
  if (!entry) return entry.error();
  if (!entry->has_value()) return NotFound(fmt::format("policy {} is not attached to it", policy));
  return Commit("DetachPolicy", {{at, (*entry)->version()}}, {{at, std::nullopt}});
}

base::Result<std::vector<Administration::GroupInfo>> Administration::ListGroups(const std::string& account) const {
  CHANCERY_RETURN_IF_ERROR(CheckAccount("account", account));
  const auto entries = ScanAll(store_, fmt::format("iam/member/{}/", account));
  if (!entries) return entries.error();
  std::vector<GroupInfo> groups;
  // In the order of groups.
  for (const store::Entry& entry : *entries) {
    const auto parts = store::ParseIamKeyText(entry.key());
    if (!parts) return parts.error();
    if (groups.empty() || groups.back().name != (*parts)[2]) groups.push_back({(*parts)[2], {}});
    groups.back().users.push_back((*parts)[3]);
  }
  return groups;
}

Status Administration::AddMember(const std::string& account, const std::string& group, const std::string& user) const {
  CHANCERY_RETURN_IF_ERROR(CheckAccount("account", account));
  CHANCERY_RETURN_IF_ERROR(CheckName("group", group));
  CHANCERY_RETURN_IF_ERROR(CheckUser("user", user));
  return Commit("AddUserToGroup", {}, {{store::MemberKeyText(account, group, user), ""}});
}

Status Administration::RemoveMember(const std::string& account, const std::string& group,
                                    const std::string& user) const {
  CHANCERY_RETURN_IF_ERROR(CheckAccount("account", account));
  CHANCERY_RETURN_IF_ERROR(CheckName("group", group));
  CHANCERY_RETURN_IF_ERROR(CheckUser("user", user));
  const std::string at = store::MemberKeyText(account, group, user);
  const auto entry = store_.Read(at);
  if (!entry) return entry.error();
  if (!entry->has_value()) return NotFound(fmt::format("user {} is not in group {}", user, group));
  return Commit("RemoveUserFromGroup", {{at, (*entry)->version()}}, {{at, std::nullopt}});
}

}  // namespace chancery::iam
