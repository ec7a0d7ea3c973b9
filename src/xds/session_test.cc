#include "xds/session.h"

#include <gtest/gtest.h>

#include "xds/test_stream.h"

// The protocol cases of contract/xds.md on one state-of-the-world stream: RowNN_ is the table's row NN.
namespace chancery::xds {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kCds = Type::kCluster;
constexpr auto kEds = Type::kEndpoint;
constexpr auto kLds = Type::kListener;
constexpr auto kRds = Type::kRoute;
constexpr auto kSds = Type::kSecret;

ResourcePtr Cluster(const std::string& name, const std::string& revision = "1") {
  return MakeResource(name, name + "=" + revision, {.settles = true});
}
ResourcePtr EdsCluster(const std::string& name, const std::string& revision = "1") {
  return MakeResource(name, name + "=" + revision, {.children = {name}});
}
ResourcePtr Endpoints(const std::string& name, const std::string& revision = "1") {
  return MakeResource(name, name + "=" + revision);
}
ResourcePtr Listener(const std::string& name, const Names& routes = {}, const std::string& revision = "1") {
  return MakeResource(name, name + "=" + revision, {.children = routes});
}
ResourcePtr Route(const std::string& name, const Names& clusters, const std::string& revision = "1") {
  return MakeResource(name, name + "=" + revision, {.clusters = clusters});
}

class Sotw : public testing::Test {
 protected:
  // A proxy with cluster a, listener l and route configuration r to a, all in force.
  void Start() {
    stream_.Ask(kCds);
    stream_.session().SetTarget(
        MakeConfig(1, {{kCds, {Cluster("a")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"a"})}}}));
    stream_.Take(kCds);
    stream_.Ask(kLds);
    stream_.Take(kLds);
    stream_.Ask(kRds, {"r"});
    stream_.Take(kRds, {"r"});
    EXPECT_TRUE(stream_.observer().all_settled());
    stream_.observer().Take();
  }

  base::FakeClock clock_;
  TestStream stream_{clock_};
};

TEST_F(Sotw, Row02_TypesGoOutInTheirOrderWhateverOrderTheyAreAskedIn) {
  stream_.Ask(kRds, {"r"});
  stream_.Ask(kLds);
  stream_.Ask(kEds, {"e"});
  stream_.Ask(kCds);
  stream_.session().SetTarget(MakeConfig(7, {{kCds, {Cluster("a"), EdsCluster("e")}},
                                             {kEds, {Endpoints("e")}},
                                             {kLds, {Listener("l", {"r"})}},
                                             {kRds, {Route("r", {"a", "e"})}}}));
  const Response cds = stream_.Expect(kCds);
  EXPECT_EQ(Content(cds), "a=1 e=1");
  EXPECT_EQ(cds.version_info().substr(0, 2), "7-");
  stream_.Take(kEds, {"e"});
  stream_.Take(kLds);
  // The route names clusters that are not acknowledged yet.
  stream_.ExpectNothing();
  stream_.Ack(kCds, cds);
  EXPECT_EQ(Content(stream_.Take(kRds, {"r"})), "r=1");
  EXPECT_TRUE(stream_.observer().all_settled());
}

TEST_F(Sotw, Row02_AClusterGoesOnlyAfterWhatNamedItIsAcknowledgedGone) {
  Start();
  stream_.session().SetTarget(
      MakeConfig(2, {{kCds, {Cluster("b")}}, {kLds, {Listener("l", {"r"})}}, {kRds, {Route("r", {"b"}, "2")}}}));
  EXPECT_EQ(Content(stream_.Take(kCds)), "a=1 b=1");
  stream_.ExpectNothing();
  stream_.transport().Advance(milliseconds(999));
  stream_.ExpectNothing();
  stream_.transport().Advance(milliseconds(1));
  const Response rds = stream_.Expect(kRds);
  EXPECT_EQ(Content(rds), "r=2");
  stream_.ExpectNothing();
  EXPECT_FALSE(stream_.observer().settled(kCds));
  stream_.Ack(kRds, rds, {"r"});
  EXPECT_EQ(Content(stream_.Take(kCds)), "b=1");
  EXPECT_TRUE(stream_.observer().all_settled());
}

}  // namespace
}  // namespace chancery::xds
