#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "xds/test_stream.h"

namespace chancery::xds {

inline constexpr std::string_view kWaits = ";waits";

// A client that does what Envoy was seen to do (contract/envoy.md §7.2, §7.3), on resources whose bodies say what
// they need: `name;clusters=a,b;children=c;revision`. A body that contains "bad" is rejected.
//
// - A cluster with children warms until its endpoints are answered; meanwhile its ACK is withheld.
// - A cluster that ends with ";waits" is found by DNS and warms until the test lets it resolve. Without, such a one
// serves
//   at once, with nothing.
// - A listener that is new or changed warms until its routes are answered; the one before serves until then. It is
//   acknowledged at once.
// - Clusters and listeners that an answer lacks are gone; the good ones of a rejected answer are applied. Of endpoints
//   and routes, the first bad one ends the answer.
// - Listeners are asked for when the first clusters are acknowledged; after a reconnect everything at once.
//
// What it sends waits in an outbox until the test delivers it. For tests only.
class ReferenceClient {
 public:
  // `names_culprits`: error messages name the resources.
  explicit ReferenceClient(bool names_culprits) : names_culprits_(names_culprits) {}

  void Connect();
  void Receive(const Response& response);
  // Says again what it said last of `type`, as Envoy does when a cluster warms.
  void Repeat(Type type);
  std::optional<WireRequest> NextRequest();
  // It says with a reconnect that it has something.
  bool has_version(Type type) const { return !versions_[static_cast<size_t>(type)].empty(); }
  bool has_requests() const { return !outbox_.empty(); }

  // Nobody answered for the endpoints of these clusters in 15 s: they go live without. True: one was warming.
  bool GiveUpOn(const std::function<bool(const std::string&)>& clusters);

  // The names of its clusters are answered now.
  void Resolve();
  // Clusters that took the place of others before they could serve, and those that were made anew for the same bytes
  // but their ";waits"; each once.
  std::vector<std::string> TakeCut() { return std::exchange(cut_, {}); }
  std::vector<std::string> TakeRebuilt() { return std::exchange(rebuilt_, {}); }

  // Clusters that something serving names and that are not there.
  std::set<std::string> Broken() const;
  // Name and body of what it has.
  const std::map<std::string, std::string>& has(Type type) const { return has_.at(static_cast<size_t>(type)); }
  bool warming() const {
    return !warming_clusters_.empty() || !resolving_clusters_.empty() || !warming_listeners_.empty();
  }

  static Names Field(const std::string& body, const std::string& key);

 private:
  struct Stream {
    bool asked = false;
    std::string nonce;
    Names names;
  };
  std::map<std::string, std::string>& mine(Type type) { return has_[static_cast<size_t>(type)]; }
  Stream& stream(Type type) { return streams_[static_cast<size_t>(type)]; }
  void ApplyClusters(const Response& response, std::string& error);
  void ApplyListeners(const Response& response, std::string& error);
  void ApplyNamed(Type type, const Response& response, std::string& error);
  void Build(const std::string& name, bool waits, bool replaces, bool changed);
  void Blame(const std::string& name, std::string& error) const;
  void Warm();
  void Ask(Type type, const std::string& error = "");
  void UpdateNames(Type type);
  Names Wanted(Type type) const;

  const bool names_culprits_;
  std::array<std::map<std::string, std::string>, kTypes> has_;
  std::array<std::string, kTypes> versions_;
  std::array<Stream, kTypes> streams_;
  std::set<std::string> warming_clusters_;
  std::set<std::string> resolving_clusters_;
  std::set<std::string> waits_;  // those it has with ";waits"
  std::vector<std::string> cut_;
  std::vector<std::string> rebuilt_;
  std::map<std::string, std::string> warming_listeners_;
  // The routes that were answered since a listener began to warm.
  std::map<std::string, std::set<std::string>> answered_;
  bool initialized_ = false;
  bool withheld_ = false;
  std::deque<WireRequest> outbox_;
};

}  // namespace chancery::xds
