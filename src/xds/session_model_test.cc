#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <random>

#include "xds/reference_client.h"
#include "xds/test_stream.h"

// Random sequences of changes, deliveries, losses and time between a session and a client that behaves like Envoy;
// what session.h and contract/xds.md promise is asserted at every step, and where the client ends up at the end.
namespace chancery::xds {
namespace {

using std::chrono::milliseconds;
using Random = std::mt19937;

unsigned Pick(Random& random, unsigned count) { return static_cast<unsigned>(random() % count); }

std::string Join(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

// How strict a cluster of this revision or body is.
uint8_t StrictnessOf(std::string_view text) {
  if (text.ends_with(kWaits)) text.remove_suffix(kWaits.size());
  return static_cast<uint8_t>(text.back() - '0');
}

// The first two clusters have endpoints of their own, the next two come from DNS.
ResourcePtr ModelResource(const std::string& name, Traits traits, const std::string& revision) {
  traits.strictness = StrictnessOf(revision);
  const std::string body =
      name + ";clusters=" + Join(traits.clusters) + ";children=" + Join(traits.children) + ";" + revision;
  return MakeResource(name, body, traits);
}

Names Subset(Random& random, const Names& of, unsigned one_in) {
  Names chosen;
  for (const std::string& name : of) {
    if (Pick(random, one_in) == 0) chosen.push_back(name);
  }
  return chosen;
}

// A consistent state: what is named exists.
ConfigPtr RandomConfig(uint64_t txn, Random& random, bool with_bad) {
  const auto revision = [&] {
    return with_bad && Pick(random, 12) == 0 ? "bad" + std::to_string(Pick(random, 2))
                                             : std::to_string(Pick(random, 3));
  };
  std::map<Type, std::vector<ResourcePtr>> all;
  Names clusters;
  for (const std::string name : {"c0", "c1", "c2", "c3", "c4"}) {
    if (Pick(random, 3) == 0) continue;
    clusters.push_back(name);
    const bool eds = name < "c2";
    all[Type::kCluster].push_back(ModelResource(
        name,
        eds ? Traits{.children = {name}} : Traits{.settles = name < "c4", .when_replacing = name < "c4" ? kWaits : ""},
        revision()));
    if (eds) all[Type::kEndpoint].push_back(ModelResource(name, {}, std::to_string(Pick(random, 2))));
  }
  Names routes;
  for (const std::string name : {"r0", "r1", "r2"}) {
    if (Pick(random, 4) == 0) continue;
    routes.push_back(name);
    all[Type::kRoute].push_back(ModelResource(name, {.clusters = Subset(random, clusters, 2)}, revision()));
  }
  for (const std::string name : {"l0", "l1"}) {
    if (Pick(random, 4) == 0) continue;
    const Traits traits{.clusters = Subset(random, clusters, 5), .children = Subset(random, routes, 2)};
    all[Type::kListener].push_back(ModelResource(name, traits, revision()));
  }
  return MakeConfig(txn, all);
}

// Watches what a session sends and hears on one stream, and says what it may not send.
class Watch : public RecordingObserver {
 public:
  explicit Watch(const base::FakeClock& clock, const SessionOptions& options) : clock_(clock), options_(options) {}

  void SetTarget(ConfigPtr target) { target_ = std::move(target); }
  void Resumed() { traffic_ = true; }

  // What was known of the client when the answer was sent that it reads now.
  struct Known {
    bool traffic;   // it serves
    bool clusters;  // which clusters it has
  };
  Known TakeKnown() {
    const Known known = known_.front();
    known_.pop_front();
    return known;
  }

  void OnSent(Type type, const ResourceSetPtr& sent, size_t bytes) override {
    RecordingObserver::OnSent(type, sent, bytes);
    if (type == Type::kCluster && in_flight_[type]) clusters_known_ = false;
    known_.push_back({HasTraffic(), clusters_known_});
    if (!target_) ADD_FAILURE() << "sent without a target";
    ResourceSetPtr& last_rejected = rejected_set_[type];
    if (last_rejected) {
      EXPECT_NE(Bodies(*last_rejected), Bodies(*sent)) << "a rejected set again";
    }
    last_rejected = nullptr;
    for (const ResourcePtr& resource : sent->resources()) CheckResource(type, *resource);
    ForgetRejections(type, *sent);
    in_flight_[type] = sent;
  }
  void OnAcknowledged(Type type, const ResourceSetPtr& set) override {
    RecordingObserver::OnAcknowledged(type, set);
    const bool resumed = in_flight_[type] == nullptr;
    if (type == Type::kCluster) Acknowledge(*set, {}, resumed);
    if (type == Type::kCluster) clusters_known_ = !resumed;
    for (const ResourcePtr& resource : set->resources()) sent_[type][resource->name] = *resource->body;
    if (type == Type::kListener || type == Type::kRoute) in_force_[type] = set;
    in_flight_[type] = nullptr;
  }
  void OnRejected(Type type, const ResourceSetPtr& sent, const std::vector<std::string>& rejected,
                  std::string_view message) override {
    RecordingObserver::OnRejected(type, sent, rejected, message);
    rejected_set_[type] = sent;
    if (type == Type::kCluster) clusters_known_ = false;
    // Without names the innocent ones are tried again when one of them changed.
    const bool named = message.find(':') != message.size() - 1;
    for (const std::string& name : rejected) {
      if (named) rejected_[type][name] = *(*sent->Find(name))->body;
    }
    if (type == Type::kCluster) Acknowledge(*sent, {rejected.begin(), rejected.end()}, false);
    if (type == Type::kListener || type == Type::kRoute) in_force_[type] = nullptr;  // not known here
    in_flight_[type] = nullptr;
  }

 private:
  static Names Bodies(const ResourceSet& set) {
    Names bodies;
    for (const ResourcePtr& resource : set.resources()) bodies.push_back(*resource->body);
    return bodies;
  }
  // Whether a listener with all of its routes is surely in force.
  bool HasTraffic() {
    if (traffic_) return true;
    if (!in_force_[Type::kListener]) return false;
    for (const ResourcePtr& listener : in_force_[Type::kListener]->resources()) {
      const bool warm = std::all_of(listener->children.begin(), listener->children.end(), [&](const auto& name) {
        return in_force_[Type::kRoute] && in_force_[Type::kRoute]->Find(name) != nullptr;
      });
      if (warm) return true;
    }
    return false;
  }
  void Acknowledge(const ResourceSet& set, const std::set<std::string>& bad, bool resumed) {
    std::map<std::string, base::Clock::TimePoint> next;
    const bool settle = !resumed && HasTraffic();
    for (const ResourcePtr& cluster : set.resources()) {
      const auto before = usable_.find(cluster->name);
      if (before != usable_.end()) {
        next.insert(*before);
      } else if (bad.count(cluster->name) == 0) {
        next[cluster->name] = clock_.Now() + (settle && cluster->settles ? options_.settle : milliseconds(0));
      }
    }
    usable_ = next;
  }
  void CheckResource(Type type, const Resource& resource) {
    const auto rejected = rejected_[type].find(resource.name);
    if (rejected != rejected_[type].end()) {
      EXPECT_NE(rejected->second, *resource.body) << "rejected bytes again";
    }
    std::string& before = sent_[type][resource.name];
    if (before == *resource.body) return;
    for (const std::string& cluster : resource.clusters) {
      const auto usable = usable_.find(cluster);
      if (usable == usable_.end()) {
        ADD_FAILURE() << *resource.body << " names " << cluster << ", which is not acknowledged";
      } else {
        EXPECT_LE(usable->second, clock_.Now()) << *resource.body << " names " << cluster << ", which has to settle";
      }
    }
    before = *resource.body;
  }
  void ForgetRejections(Type type, const ResourceSet& sent) {
    const ResourceSetPtr& target = target_->set(type);
    std::erase_if(rejected_[type], [&](const auto& entry) {
      const ResourcePtr* wanted = target ? target->Find(entry.first) : nullptr;
      const ResourcePtr* given = sent.Find(entry.first);
      return wanted == nullptr ||
             (given != nullptr && *(*given)->body == *(*wanted)->body && *(*given)->body != entry.second);
    });
  }

  const base::FakeClock& clock_;
  const SessionOptions& options_;
  ConfigPtr target_;
  bool traffic_ = false;
  bool clusters_known_ = false;
  std::deque<Known> known_;
  std::map<Type, ResourceSetPtr> in_flight_;
  std::map<Type, ResourceSetPtr> in_force_;
  std::map<Type, ResourceSetPtr> rejected_set_;
  std::map<Type, std::map<std::string, std::string>> rejected_;
  std::map<Type, std::map<std::string, std::string>> sent_;
  // Clusters that the stream acknowledged, and from when on they may be named.
  std::map<std::string, base::Clock::TimePoint> usable_;
};

struct Line {
  Line(base::FakeClock& clock, ResponseCache& cache, const SessionOptions& options)
      : watch(clock, options), transport(clock), session(transport, watch, cache, clock, options) {
    transport.Attach(session);
  }
  Watch watch;
  FakeTransport transport;
  SotwSession session;
  bool admitted = false;
};

class World {
 public:
  explicit World(bool names_culprits) : names_culprits_(names_culprits), client_(names_culprits) { Reconnect(); }
  ~World() { line_->transport.Break(); }

  void Step(unsigned what, uint32_t seed) {
    Random random(seed);
    switch (what % 16) {
      case 0:
      case 1:
        SetTarget(RandomConfig(++txn_, random, true));
        break;
      case 2:
        if (Pick(random, 4) == 0) SetTarget(nullptr);
        break;
      case 3:
        if (Pick(random, 4) == 0) Reconnect();
        break;
      case 4:
        client_.Repeat(kAllTypes[Pick(random, 4)]);
        break;
      case 5:
        client_.Resolve();
        [[fallthrough]];
      case 6:
        line_->transport.Advance(milliseconds(std::array{10, 400, 1000, 5000}[Pick(random, 4)]));
        break;
      case 7:
      case 8:
        if (line_->transport.writing()) line_->transport.FinishWrite();
        break;
      default:
        if (what % 2 == 0) {
          ToClient();
        } else {
          ToServer();
        }
    }
    Check();
  }

  // Nothing is lost any more and nothing bad is wanted: the client gets all of it, then silence.
  void Finish() {
    Drain();
    CheckUnrelated();
    Random random(static_cast<uint32_t>(txn_));
    SetTarget(RandomConfig(++txn_, random, false));
    Drain();
    for (const Type type : {Type::kCluster, Type::kListener, Type::kRoute, Type::kEndpoint}) CheckHas(type);
    EXPECT_FALSE(client_.warming());
    EXPECT_TRUE(line_->watch.all_settled());
    const size_t bytes = line_->transport.bytes();
    line_->transport.Advance(std::chrono::hours(1));
    EXPECT_EQ(line_->transport.bytes(), bytes) << "not quiet";
    EXPECT_FALSE(line_->transport.has_timer());
    // A proxy that is up to date is sent nothing when it comes back. The first time it may name a version of names that
    // it no longer asks for.
    Reconnect();
    Drain();
    Reconnect();
    Drain();
    EXPECT_EQ(line_->transport.bytes(), 0U);
    EXPECT_TRUE(line_->watch.all_settled());
  }

 private:
  void SetTarget(ConfigPtr target) {
    target_ = std::move(target);
    if (target_) NoteStrictness();
    line_->watch.SetTarget(target_);
    if (line_->admitted) line_->session.SetTarget(target_);
  }
  // What traffic of these bytes may go to at the least: the weakest that any target gave it.
  void NoteStrictness() {
    for (const Type type : {Type::kListener, Type::kRoute}) {
      if (!target_->set(type)) continue;
      for (const ResourcePtr& resource : target_->set(type)->resources()) {
        for (const std::string& cluster : resource->clusters) {
          const uint8_t given = (*target_->set(Type::kCluster)->Find(cluster))->strictness;
          const auto [asked, first] = strictness_.try_emplace({*resource->body, cluster}, given);
          if (!first) asked->second = std::min(asked->second, given);
        }
      }
    }
  }
  // No traffic goes to a cluster that is less strict than its route or listener was ever to have.
  void CheckStrictness() {
    const auto& clusters = client_.has(Type::kCluster);
    for (const Type type : {Type::kListener, Type::kRoute}) {
      for (const auto& [name, body] : client_.has(type)) {
        for (const std::string& cluster : ReferenceClient::Field(body, "clusters")) {
          const auto found = clusters.find(cluster);
          if (found == clusters.end() || StrictnessOf(found->second) >= strictness_.at({body, cluster})) continue;
          ADD_FAILURE() << body << " goes to " << found->second << Story();
        }
      }
    }
  }
  void Reconnect() {
    if (line_) line_->transport.Break();
    clock_.Advance(milliseconds(1));
    line_ = std::make_unique<Line>(clock_, cache_, options_);
    line_->watch.SetTarget(target_);
    if (client_.has_version(Type::kCluster) || client_.has_version(Type::kListener)) line_->watch.Resumed();
    client_.Connect();
    // What it has and what changed meanwhile are not known to the new stream: until all is in force, an answer may
    // take a cluster that an old route names.
    lenient_ = true;
  }
  void ToClient() {
    const std::optional<Response> response = line_->transport.Read();
    if (!response) return;
    const Watch::Known known = line_->watch.TakeKnown();
    const bool traffic = known.traffic && !client_.has(Type::kListener).empty();
    client_.Receive(*response);
    for (const std::string& cluster : client_.TakeCut()) {
      if (traffic) ADD_FAILURE() << cluster << " is replaced before it can serve" << Story();
    }
    for (const std::string& cluster : client_.TakeRebuilt()) {
      if (known.clusters) ADD_FAILURE() << cluster << " is made anew though it is the same" << Story();
    }
  }
  void ToServer() {
    const std::optional<WireRequest> request = client_.NextRequest();
    if (!request) return;
    line_->session.OnMessage(request->SerializeAsString());
    ASSERT_FALSE(line_->transport.closed()) << line_->transport.closed()->second;
    if (std::exchange(line_->admitted, true)) return;
    line_->session.SetTarget(target_);
  }
  void Check() {
    if (line_->watch.all_settled()) lenient_ = false;
    if (lenient_) return;
    CheckStrictness();
    for (const std::string& broken : client_.Broken()) ADD_FAILURE() << "no cluster " << broken << Story();
  }
  std::string Story() {
    std::string story;
    for (const std::string& line : line_->watch.Take()) story += "\n  " + line;
    return story;
  }
  void Drain() {
    for (int quiet = 0, rounds = 0; quiet < 3; ++rounds) {
      ASSERT_LT(rounds, 1000) << "never quiet: " << testing::PrintToString(line_->watch.Take());
      const size_t bytes = line_->transport.bytes();
      const bool busy = client_.has_requests() || line_->transport.writing() || line_->transport.has_unread();
      if (line_->transport.writing()) line_->transport.FinishWrite();
      ToClient();
      ToServer();
      Check();
      if (busy || client_.has_requests() || line_->transport.bytes() != bytes) {
        quiet = 0;
        continue;
      }
      client_.Resolve();
      line_->transport.Advance(std::chrono::seconds(2));
      // A cluster that is kept for a route in force when it and its endpoints are gone from the target: if the client
      // had dropped the endpoints meanwhile, only its own time limit ends the warming.
      const bool gave_up = client_.GiveUpOn([this](const std::string& name) {
        return !target_ || !target_->set(Type::kEndpoint) || target_->set(Type::kEndpoint)->Find(name) == nullptr;
      });
      quiet = gave_up ? 0 : quiet + 1;
    }
  }
  // Invariant 3 of contract/xds.md: what was not rejected is there although something else was.
  void CheckUnrelated() {
    if (!target_ || !names_culprits_ || !target_->set(Type::kCluster)) return;
    for (const ResourcePtr& cluster : target_->set(Type::kCluster)->resources()) {
      if (cluster->body->find("bad") != std::string::npos) continue;
      const auto found = client_.has(Type::kCluster).find(cluster->name);
      ASSERT_NE(found, client_.has(Type::kCluster).end()) << *cluster->body;
      // A stricter one stays for the sake of a route that could not be replaced.
      if (StrictnessOf(found->second) > cluster->strictness) continue;
      EXPECT_EQ(found->second, *cluster->body);
    }
  }
  void CheckHas(Type type) {
    const auto& has = client_.has(type);
    const ResourceSetPtr& wanted = target_->set(type);
    size_t found = 0;
    for (const auto& [name, body] : has) {
      const ResourcePtr* resource = wanted ? wanted->Find(name) : nullptr;
      ASSERT_NE(resource, nullptr) << DescriptorOf(type).label << " " << body << " should be gone" << Story();
      EXPECT_EQ(body, *(*resource)->body);
      ++found;
    }
    if (DescriptorOf(type).wildcard) {
      EXPECT_EQ(found, wanted ? wanted->resources().size() : 0);
    }
  }

  const bool names_culprits_;
  // The deadline has tests of its own; here no hold ends by it.
  const SessionOptions options_{.hold_deadline = std::chrono::hours(10'000)};
  base::FakeClock clock_;
  ResponseCache cache_{1U << 16U};
  ReferenceClient client_;
  std::unique_ptr<Line> line_;
  ConfigPtr target_;
  uint64_t txn_ = 0;
  std::map<std::pair<std::string, std::string>, uint8_t> strictness_;  // by body and cluster
  bool lenient_ = true;
};

void RunWorld(const std::vector<std::pair<unsigned, uint32_t>>& steps, bool names_culprits) {
  World world(names_culprits);
  for (const auto& [what, seed] : steps) world.Step(what, seed);
  world.Finish();
}

TEST(SessionModel, HoldsItsPromisesInRandomRuns) {
  for (uint32_t seed = 1; seed <= 1500; ++seed) {
    Random random(seed);
    std::vector<std::pair<unsigned, uint32_t>> steps(50 + Pick(random, 300));
    for (auto& step : steps) step = {Pick(random, 16), static_cast<uint32_t>(random())};
    RunWorld(steps, seed % 3 != 0);
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

// The same, with sequences that shrink.
TEST(SessionModel, HoldsItsPromisesInGeneratedRuns) {
  const bool holds = rc::check([](const std::vector<std::pair<uint8_t, uint16_t>>& generated, bool names_culprits) {
    std::vector<std::pair<unsigned, uint32_t>> steps(generated.begin(), generated.end());
    testing::TestPartResultArray failures;
    {
      const testing::ScopedFakeTestPartResultReporter reporter(
          testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
      RunWorld(steps, names_culprits);
    }
    for (int i = 0; i < failures.size(); ++i) RC_LOG() << failures.GetTestPartResult(i) << '\n';
    RC_ASSERT(failures.size() == 0);
  });
  EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace chancery::xds
