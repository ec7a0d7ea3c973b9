#include "xds/type_state.h"

#include <algorithm>

#include "base/check.h"
#include "xds/blame.h"
#include "xds/resource_sets.h"
#include "xds/wire.h"

namespace chancery::xds {
namespace {

// Answers that are remembered although newer ones went out before an ACK. A client that is so far behind has
// mostly one cause, a cluster that warms; what is forgotten is the middle, which each later answer replaces.
constexpr size_t kMaxDoubts = 8;

// Only the hash says what the bytes are; the transaction before it is for people (docs/adr/0010).
std::string_view HashPart(std::string_view version) {
  const size_t dash = version.rfind('-');
  return dash == std::string_view::npos ? std::string_view() : version.substr(dash + 1);
}

template <typename T>
void Bound(std::vector<T>& list) {
  if (list.size() > kMaxDoubts) list.erase(list.begin() + 1);
}

}  // namespace

TypeState::TypeState(Type type)
    : descriptor_(DescriptorOf(type)),
      subscription_(descriptor_.wildcard),
      desired_(EmptySet()),
      in_force_(EmptySet()) {}

void TypeState::Begin(std::string_view version, const std::vector<std::string_view>& names) {
  begun_ = true;
  resumed_ = !version.empty();
  const VersionInfo claimed = ReadVersionInfo(version);
  resumed_replacing_ = claimed.replacing;
  claim_ = HashPart(claimed.version);
  subscription_.Apply(names);
  target_ = nullptr;
}

void TypeState::Resubscribe(const std::vector<std::string_view>& names) {
  const bool was_wildcard = subscription_.wildcard();
  if (!subscription_.Apply(names)) return;
  target_ = nullptr;
  in_force_ = subscription_.Filter(in_force_);
  for (Sent& doubt : doubts_) doubt.set = subscription_.Filter(doubt.set);
  // Who asks for everything anew waits for an answer, be it an empty one.
  if (!subscription_.active() || (subscription_.wildcard() && !was_wildcard)) answered_ = false;
}

void TypeState::Aim(const ResourceSetPtr& target) {
  const ResourceSetPtr& known = target ? target : EmptySet();
  if (target_ == known) return;
  target_ = known;
  const ResourceSetPtr before = std::exchange(desired_, subscription_.Filter(target_));
  // One shared object instead of an equal one of its own: later comparisons are of pointers.
  if (Same(*desired_, *in_force_)) in_force_ = desired_;
  guess_stands_ = GuessStands();
  // What the client took of the guessed ones is made certain again by the next answer.
  owed_ = owed_ || !guess_stands_;
  // As long as every answer was rejected, the client has what an earlier stream gave it, and nothing here knows what.
  moved_ = moved_ || (absence_removes() && answered_ && !accepted_ && !Same(*before, *desired_));
}

bool TypeState::TryResume() {
  if (claim_.empty()) return false;
  const bool current = !owed_ && !answered_ && HashPart(desired_->version()) == claim_;
  claim_.clear();
  if (!current) return false;
  in_force_ = desired_;
  answered_ = true;
  accepted_ = true;
  return true;
}

std::optional<TypeState::TimePoint> TypeState::pending_since() const {
  return pending_ ? std::optional(pending_->at) : std::nullopt;
}

std::vector<const ResourceSet*> TypeState::Held() const {
  std::vector<const ResourceSet*> held = {in_force_.get()};
  if (pending_) held.push_back(pending_->set.get());
  for (const Sent& doubt : doubts_) held.push_back(doubt.set.get());
  for (const ResourceSetPtr& replaced : replaced_) held.push_back(replaced.get());
  return held;
}

bool TypeState::SurelyHas(const Resource& resource) const {
  const std::vector<const ResourceSet*> held = Held();
  return std::all_of(held.begin(), held.end(), [&](const ResourceSet* set) { return Holds(*set, resource); });
}

ResourcePtr TypeState::Current(std::string_view name) const {
  const ResourcePtr* sent = pending_ ? pending_->set->Find(name) : nullptr;
  if (sent == nullptr) sent = in_force_->Find(name);
  return sent != nullptr ? *sent : nullptr;
}

ResourcePtr TypeState::Latest(std::string_view name) const {
  const auto rejected = rejected_.find(name);
  const auto usable = [&](const ResourcePtr& found) {
    return found && (rejected == rejected_.end() || rejected->second != found->hash);
  };
  if (ResourcePtr current = Current(name); usable(current)) return current;
  for (const ResourceSet* set : Held()) {
    const ResourcePtr* found = set->Find(name);
    if (found != nullptr && usable(*found)) return *found;
  }
  return nullptr;
}

std::optional<TypeState::TimePoint> TypeState::FirstSent(std::string_view name) const {
  if (!pending_ || pending_->set->Find(name) == nullptr) return std::nullopt;
  TimePoint first = pending_->at;
  for (auto doubt = doubts_.rbegin(); doubt != doubts_.rend() && doubt->set->Find(name) != nullptr; ++doubt) {
    first = doubt->at;
  }
  return first;
}

bool TypeState::Stays(std::string_view name) const {
  if (in_force_->Find(name) == nullptr) return false;
  return !pending_ || (pending_->set->Find(name) != nullptr && InAllDoubts(name));
}

bool TypeState::InAllDoubts(std::string_view name) const {
  return std::all_of(doubts_.begin(), doubts_.end(),
                     [&](const Sent& doubt) { return doubt.set->Find(name) != nullptr; });
}

bool TypeState::RejectsBytes(const Resource& resource) const {
  const auto found = rejected_.find(resource.name);
  if (found == rejected_.end() || found->second != resource.hash) return false;
  return guess_stands_ || guessed_.count(resource.name) == 0;
}

bool TypeState::Due(const ResourceSet& plan, bool complete) const {
  if (!subscription_.active() || (rejected_set_ && Same(plan, *rejected_set_))) return false;
  const bool empty = plan.resources().empty();
  // What is left out of the first answer for everything is removed from a client that had it before.
  if (!answered_) return subscription_.wildcard() ? complete : !empty;
  if ((owed_ && (absence_removes() || !empty)) || (moved_ && !pending_)) return true;
  const ResourceSet& last = pending_ ? *pending_->set : *in_force_;
  return absence_removes() ? !Same(plan, last) : !HoldsAll(last, plan);
}

void TypeState::Send(ResourceSetPtr set, std::string nonce, TimePoint now) {
  if (pending_) doubts_.push_back(*pending_);
  Bound(doubts_);
  ForgetRejections(*set);
  rejected_set_ = nullptr;
  pending_ = Sent{std::move(set), now};
  nonce_ = std::move(nonce);
  answered_ = true;
  owed_ = false;
  moved_ = false;
}

// The bytes under every guessed name are still wanted as they were rejected.
bool TypeState::GuessStands() const {
  return std::all_of(guessed_.begin(), guessed_.end(), [this](const std::string& name) {
    const ResourcePtr* wanted = desired_->Find(name);
    return wanted != nullptr && (*wanted)->hash == rejected_.at(name);
  });
}

// Other bytes in the place of rejected ones, none any more, or another attempt end the rejection. A substitute does
// not.
void TypeState::ForgetRejections(const ResourceSet& sent) {
  const bool again = !guess_stands_;
  std::erase_if(rejected_, [&](const auto& entry) {
    if (again && guessed_.count(entry.first) != 0) return true;
    const ResourcePtr* wanted = desired_->Find(entry.first);
    return wanted == nullptr || Holds(sent, **wanted);
  });
  std::erase_if(guessed_, [this](const std::string& name) { return rejected_.count(name) == 0; });
  guess_stands_ = GuessStands();
}

// Envoy acknowledges a listener at once and lets the one before serve until the new one's routes are there.
void TypeState::KeepReplaced() {
  if (descriptor_.child != Type::kRoute || in_force_->resources().empty()) return;
  replaced_.push_back(in_force_);
  Bound(replaced_);
}

void TypeState::Accept() {
  CHANCERY_CHECK(pending_.has_value());
  KeepReplaced();
  in_force_ = absence_removes() ? pending_->set : subscription_.Filter(Overlay(in_force_, pending_->set));
  pending_.reset();
  doubts_.clear();
  accepted_ = true;
  moved_ = false;
}

std::vector<std::string_view> TypeState::ChangedIn(const ResourceSet& sent) const {
  std::vector<std::string_view> changed;
  for (const ResourcePtr& resource : sent.resources()) {
    if (!Holds(*in_force_, *resource)) changed.emplace_back(resource->name);
  }
  return changed;
}

TypeState::Rejection TypeState::Reject(std::string_view message) {
  CHANCERY_CHECK(pending_.has_value());
  const Sent sent = *pending_;
  pending_.reset();
  rejected_set_ = sent.set;
  const std::vector<std::string_view> changed = ChangedIn(*sent.set);
  Rejection rejection{sent.set, Blamed(message, changed)};
  const bool guess = rejection.names.empty();
  if (guess) {
    rejection.names.assign(changed.begin(), changed.end());
    guessed_.insert(rejection.names.begin(), rejection.names.end());
  }
  for (const std::string& name : rejection.names) rejected_[name] = (*sent.set->Find(name))->hash;
  guess_stands_ = GuessStands();
  if (absence_removes() || rejection.names.size() < changed.size()) TakeGoodOf(sent, rejection.names);
  if (guess && !changed.empty()) {
    doubts_.push_back(sent);
    Bound(doubts_);
  } else if (!doubts_.empty() && !changed.empty()) {
    // An answer without the bad ones makes it certain again what the client has.
    owed_ = true;
  }
  return rejection;
}

// Of clusters and listeners, the good ones of a rejected answer are in force (contract/envoy.md §7.3). Of the
// other types Envoy stops at the first bad one: some are, and the good rest is sent once more by itself.
void TypeState::TakeGoodOf(const Sent& sent, const std::vector<std::string>& bad) {
  std::vector<ResourcePtr> kept;
  for (const ResourcePtr& resource : sent.set->resources()) {
    const bool good = !std::binary_search(bad.begin(), bad.end(), resource->name);
    const ResourcePtr* accepted = in_force_->Find(resource->name);
    if (good) {
      kept.push_back(resource);
    } else if (absence_removes() && accepted != nullptr && InAllDoubts(resource->name)) {
      kept.push_back(*accepted);
    }
  }
  auto set = std::make_shared<const ResourceSet>(sent.set->txn(), std::move(kept));
  if (absence_removes()) {
    KeepReplaced();
    in_force_ = std::move(set);
  } else {
    doubts_.push_back({std::move(set), sent.at});
    Bound(doubts_);
  }
}

}  // namespace chancery::xds
