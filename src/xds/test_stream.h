#pragma once

#include <envoy/service/discovery/v3/discovery.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "xds/fake_transport.h"
#include "xds/resource.h"
#include "xds/response_cache.h"
#include "xds/session.h"

// What tests of sessions share: invented resources, requests, an observer that remembers, and a session on a fake
// transport and clock. For tests only.
namespace chancery::xds {

using WireRequest = envoy::service::discovery::v3::DiscoveryRequest;
using Response = FakeTransport::Response;
using Names = std::vector<std::string>;

struct Traits {
  Names clusters = {};
  Names children = {};
  bool settles = false;
  std::string_view when_replacing = {};  // lives for ever
  uint8_t strictness = 0;
};

inline ResourcePtr MakeResource(const std::string& name, const std::string& body, Traits traits = {}) {
  std::sort(traits.clusters.begin(), traits.clusters.end());
  std::sort(traits.children.begin(), traits.children.end());
  Resource made{name,
                std::make_shared<const std::string>(body),
                base::HashOf(name + "\n" + body),
                traits.clusters,
                traits.children,
                traits.settles};
  made.when_replacing = traits.when_replacing;
  made.strictness = traits.strictness;
  return std::make_shared<const Resource>(std::move(made));
}

inline ResourceSetPtr MakeSet(uint64_t txn, std::vector<ResourcePtr> resources) {
  std::sort(resources.begin(), resources.end(), [](const auto& a, const auto& b) { return a->name < b->name; });
  return std::make_shared<const ResourceSet>(txn, std::move(resources));
}

// A target from the resources of each type.
inline ConfigPtr MakeConfig(uint64_t txn, const std::map<Type, std::vector<ResourcePtr>>& resources) {
  auto config = std::make_shared<Config>();
  for (const auto& [type, list] : resources) config->sets[static_cast<size_t>(type)] = MakeSet(txn, list);
  return config;
}

// The names of a response, in its order; and "name=body".
inline std::string Content(const Response& response) {
  std::string text;
  for (const auto& resource : response.resources()) text += (text.empty() ? "" : " ") + resource.value();
  return text;
}

// Writes down each call as one line.
class RecordingObserver : public SessionObserver {
 public:
  Admission OnNode(const Node& node) override {
    node_ = node;
    ++nodes_;
    return admission_;
  }
  void OnSubscribed(Type type) override { Note(type, "subscribed"); }
  void OnUnknownType(std::string_view type_url) override { lines_.push_back("unknown " + std::string(type_url)); }
  void OnSent(Type type, const ResourceSetPtr& sent, size_t bytes) override {
    Note(type, "sent " + NamesOf(*sent));
    bytes_ += bytes;
  }
  void OnAcknowledged(Type type, const ResourceSetPtr& acknowledged) override {
    Note(type, "acknowledged " + NamesOf(*acknowledged));
  }
  void OnRejected(Type type, const ResourceSetPtr& sent, const std::vector<std::string>& rejected,
                  std::string_view message) override {
    std::string names;
    for (const std::string& name : rejected) names += (names.empty() ? "" : ",") + name;
    Note(type, "rejected " + names + " of " + NamesOf(*sent) + ": " + std::string(message));
  }
  void OnSettled(Type type, bool in_force) override {
    EXPECT_NE(settled_[type], in_force) << "told twice";
    settled_[type] = in_force;
  }
  void OnWarming(Type type, bool warming) override {
    EXPECT_NE(warming_[type], warming) << "told twice";
    warming_[type] = warming;
  }

  // The lines since the last call.
  std::vector<std::string> Take() { return std::exchange(lines_, {}); }
  bool settled(Type type) { return settled_[type]; }
  bool warming(Type type) { return warming_[type]; }
  bool all_settled() {
    return std::all_of(kAllTypes.begin(), kAllTypes.end(), [this](Type type) { return settled_[type]; });
  }
  const Node& node() const { return node_; }
  int nodes() const { return nodes_; }
  size_t bytes() const { return bytes_; }
  void Refuse(Admission admission) { admission_ = std::move(admission); }

 private:
  static std::string NamesOf(const ResourceSet& set) {
    std::string names;
    for (const ResourcePtr& resource : set.resources()) names += (names.empty() ? "" : ",") + resource->name;
    return "[" + names + "]";
  }
  void Note(Type type, const std::string& what) {
    lines_.push_back(std::string(DescriptorOf(type).label) + " " + what);
  }

  Admission admission_;
  Node node_;
  int nodes_ = 0;
  size_t bytes_ = 0;
  std::vector<std::string> lines_;
  std::map<Type, bool> settled_;
  std::map<Type, bool> warming_;
};

// One session, its transport and its observer.
class TestStream {
 public:
  explicit TestStream(base::FakeClock& clock, SessionOptions options = {})
      : transport_(clock), session_(transport_, observer_, cache_, clock, options) {
    transport_.Attach(session_);
  }

  static WireRequest MakeRequest(Type type, const Names& names) {
    WireRequest request;
    request.set_type_url(std::string(DescriptorOf(type).url));
    for (const std::string& name : names) request.add_resource_names(name);
    return request;
  }

  void Send(const WireRequest& request) { session_.OnMessage(request.SerializeAsString()); }
  // The first request of a type; carries a node, as Envoy's do.
  void Ask(Type type, const Names& names = {}, const std::string& version = "", const std::string& nonce = "") {
    WireRequest request = MakeRequest(type, names);
    request.mutable_node()->set_id("mesh/watches/virtualNode/front");
    request.set_version_info(version);
    request.set_response_nonce(nonce);
    Send(request);
  }
  void Ack(Type type, const Response& response, const Names& names = {}) {
    WireRequest request = MakeRequest(type, names);
    request.set_version_info(response.version_info());
    request.set_response_nonce(response.nonce());
    Send(request);
  }
  void Nack(Type type, const Response& response, const std::string& message, const Names& names = {}) {
    WireRequest request = MakeRequest(type, names);
    request.set_response_nonce(response.nonce());
    request.mutable_error_detail()->set_code(13);
    request.mutable_error_detail()->set_message(message);
    Send(request);
  }
  // The next response, which must be of `type`. It is off the wire when this returns.
  Response Expect(Type type) {
    std::optional<Response> response = transport_.Read();
    if (!response) {
      ADD_FAILURE() << "nothing was sent, expected " << DescriptorOf(type).label;
      return {};
    }
    EXPECT_EQ(response->type_url(), DescriptorOf(type).url);
    if (transport_.writing()) transport_.FinishWrite();
    return *response;
  }
  // Expect, then acknowledge.
  Response Take(Type type, const Names& names = {}) {
    Response response = Expect(type);
    Ack(type, response, names);
    return response;
  }
  void ExpectNothing() {
    if (const std::optional<Response> response = transport_.Read()) {
      ADD_FAILURE() << "was sent: " << response->ShortDebugString();
    }
  }

  FakeTransport& transport() { return transport_; }
  RecordingObserver& observer() { return observer_; }
  ResponseCache& cache() { return cache_; }
  SotwSession& session() { return session_; }

 private:
  ResponseCache cache_{1U << 20U};
  RecordingObserver observer_;
  FakeTransport transport_;
  SotwSession session_;
};

}  // namespace chancery::xds
