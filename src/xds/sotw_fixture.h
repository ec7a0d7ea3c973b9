#pragma once

#include <gtest/gtest.h>

#include <string>

#include "xds/test_stream.h"

// What the protocol cases share: one state-of-the-world stream, and short names for its types and resources. For
// tests only.
namespace chancery::xds {

inline constexpr auto kCds = Type::kCluster;
inline constexpr auto kEds = Type::kEndpoint;
inline constexpr auto kLds = Type::kListener;
inline constexpr auto kRds = Type::kRoute;
inline constexpr auto kSds = Type::kSecret;

inline ResourcePtr Cluster(const std::string& name, const std::string& revision = "1") {
  return MakeResource(name, name + "=" + revision, {.settles = true});
}
inline ResourcePtr EdsCluster(const std::string& name, const std::string& revision = "1") {
  return MakeResource(name, name + "=" + revision, {.children = {name}});
}
inline ResourcePtr Endpoints(const std::string& name, const std::string& revision = "1") {
  return MakeResource(name, name + "=" + revision);
}
inline ResourcePtr Listener(const std::string& name, const Names& routes = {}, const std::string& revision = "1") {
  return MakeResource(name, name + "=" + revision, {.children = routes});
}
inline ResourcePtr Route(const std::string& name, const Names& clusters, const std::string& revision = "1") {
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

}  // namespace chancery::xds
