#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "xds/resource.h"
#include "xds/subscription.h"

namespace chancery::xds {

// One type on one stream: what the client asks for, what it has, what it rejected. Knows nothing of the
// other types, of transports or of time beyond what it is told. Confined to its session.
//
// Invariants:
// 1. At most one answer is awaited: the last one; an older nonce is stale (contract/xds.md 11).
// 2. `in_force` is never null and holds only what the client is known to have.
// 3. What the client may have besides is in `pending`, `doubts` or `replaced`.
class TypeState {
 public:
  using TimePoint = base::Clock::TimePoint;
  struct Sent {
    ResourceSetPtr set;
    TimePoint at;
  };
  // What a NACK says.
  struct Rejection {
    ResourceSetPtr sent;
    std::vector<std::string> names;
  };

  explicit TypeState(Type type);

  // --- What the client asks for ---

  // The first request of the type on this stream. `version`: of the last answer it accepted on an earlier one.
  void Begin(std::string_view version, const std::vector<std::string_view>& names);
  bool begun() const { return begun_; }
  // It came with a version: the client has something in force from an earlier stream.
  bool resumed() const { return resumed_; }
  // And that version was of an answer with resources that replaced others.
  bool resumed_replacing() const { return resumed_replacing_; }
  // A later request, whose nonce fits. What is no longer asked for is forgotten: the client drops it.
  void Resubscribe(const std::vector<std::string_view>& names);
  const Subscription& subscription() const { return subscription_; }
  // Sets the newest state; `desired` is the part of it that is asked for. Never null.
  void Aim(const ResourceSetPtr& target);
  const ResourceSetPtr& desired() const { return desired_; }
  // When the version that the client resumed with has the content of what is desired, and nothing that was sent
  // makes it wait for an answer (contract/xds.md 1, 12): that is in force, and true. Asked once.
  bool TryResume();

  // --- What it has ---

  const ResourceSetPtr& in_force() const { return in_force_; }
  // Null when no answer is awaited.
  ResourceSetPtr pending() const { return pending_ ? pending_->set : nullptr; }
  std::optional<TimePoint> pending_since() const;
  // Everything that the client may have: in force, sent, or replaced by what still warms.
  std::vector<const ResourceSet*> Held() const;
  // The client has just these bytes, whichever of the answers that are in doubt it took.
  bool SurelyHas(const Resource& resource) const;
  // What was sent last under `name`, or else is in force; null when there is none.
  ResourcePtr Current(std::string_view name) const;
  // The newest bytes under `name` that the client may have and did not reject; null when there are none.
  ResourcePtr Latest(std::string_view name) const;
  // `name` is in force, and no answer since left it out: not even a rejection of the next one takes it away.
  bool Stays(std::string_view name) const;
  // Since when every answer that is not acknowledged has `name`; absent when the last one has not.
  std::optional<TimePoint> FirstSent(std::string_view name) const;
  // The client rejected bytes under `name` and was not sent others since.
  bool Rejects(std::string_view name) const { return rejected_.find(name) != rejected_.end(); }
  // It rejected just these, and its reason may still hold.
  bool RejectsBytes(const Resource& resource) const;
  bool rejects_anything() const { return !rejected_.empty(); }
  // Nothing but in_force may be in the client.
  bool certain() const { return !pending_ && doubts_.empty() && replaced_.empty(); }

  // --- Answers ---

  // Whether `plan` has to be sent (when nothing forbids it). `complete`: nothing in it waits for a cluster.
  bool Due(const ResourceSet& plan, bool complete) const;
  // The answer is sent even if it is the same as before: its parents changed (contract/xds.md 1).
  void Owe() { owed_ = true; }
  bool owed() const { return owed_; }
  // Something was sent, or the client resumed with what is current.
  bool answered() const { return answered_; }
  // An answer was accepted on this stream, or the client resumed with what is current: until then, what a client that
  // resumed has is not known.
  bool accepted() const { return accepted_; }
  void Send(ResourceSetPtr set, std::string nonce, TimePoint now);
  // Not stale. Before the first answer of this stream a client may still carry the nonce of an earlier one.
  bool FitsNonce(std::string_view nonce) const {
    return nonce == nonce_ || nonce_.empty() || (nonce.empty() && !pending_);
  }
  bool Awaits(std::string_view nonce) const { return pending_ && nonce == nonce_; }
  // ACK of what is pending.
  void Accept();
  // NACK of what is pending. Names: those that the message blames among the changed ones, else all changed ones.
  Rejection Reject(std::string_view message);
  // Everything that is in force is warm: what it replaced is gone.
  void ForgetReplaced() { replaced_.clear(); }
  bool has_replaced() const { return !replaced_.empty(); }

  // What the observer was told last.
  bool settled = false;
  bool warming = false;

 private:
  // Absence from an answer removes: clusters and listeners. Others go with their parents.
  bool absence_removes() const { return descriptor_.wildcard; }
  std::vector<std::string_view> ChangedIn(const ResourceSet& sent) const;
  void TakeGoodOf(const Sent& sent, const std::vector<std::string>& bad);
  void ForgetRejections(const ResourceSet& sent);
  bool GuessStands() const;
  void KeepReplaced();
  bool InAllDoubts(std::string_view name) const;

  const TypeDescriptor& descriptor_;
  Subscription subscription_;
  bool begun_ = false;
  bool resumed_ = false;
  bool resumed_replacing_ = false;
  std::string claim_;  // the hash part of the version it resumed with

  ResourceSetPtr target_;
  ResourceSetPtr desired_;

  ResourceSetPtr in_force_;
  std::optional<Sent> pending_;
  std::vector<Sent> doubts_;              // superseded without an answer, oldest first
  std::vector<ResourceSetPtr> replaced_;  // listeners that serve while their successors warm
  std::map<std::string, base::Hash, std::less<>> rejected_;
  // Those of rejected_ that no message named: one of them is bad, and when one of them changes it may have been that.
  std::set<std::string, std::less<>> guessed_;
  bool guess_stands_ = true;
  ResourceSetPtr rejected_set_;  // the last answer, when it was rejected
  std::string nonce_;
  bool answered_ = false;
  bool owed_ = false;
  // An answer was accepted on this stream: what the client had from earlier ones is replaced.
  bool accepted_ = false;
  bool moved_ = false;  // what is desired changed before that
};

}  // namespace chancery::xds
