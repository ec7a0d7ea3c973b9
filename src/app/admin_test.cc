#include "app/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

namespace chancery::app {
namespace {

using testing::HasSubstr;

constexpr char kAccount[] = "000000000000";

class AdminTest : public testing::Test {
 protected:
  frontend::Answer Get(const std::string& target) { return HandleAdmin(sources_, {"GET", target}); }

  void Publish(const std::string& mesh, store::Txn through, std::vector<transform::FeedUpdate::Touched> touched = {}) {
    status_.OnUpdate({{kAccount, mesh}, through, {}, {}, std::move(touched)});
  }
  void Connect(ems::StreamId stream, const compile::ProxyKey& key) {
    ems::ProxyStatus proxy;
    proxy.stream = stream;
    proxy.node_id = "mesh/m/virtualNode/n";
    proxy.key = key;
    status_.Add(std::move(proxy));
  }

  transform::Manifest manifest_;
  base::FakeClock clock_;
  ems::StatusBoard status_{clock_};
  bool ready_ = false;
  AdminSources sources_{status_,
                        [this] { return ready_; },
                        [] { return std::string("metric 1\n"); },
                        kAccount,
                        [] { return store::Txn{6000}; },
                        [](const model::MeshId& mesh) { return mesh == model::MeshId{kAccount, "new"}; }};
};

TEST_F(AdminTest, TellsHealthAndReadiness) {
  EXPECT_EQ(Get("/healthz").status, 200);
  EXPECT_EQ(Get("/readyz").status, 503);
  ready_ = true;
  EXPECT_EQ(Get("/readyz").status, 200);
  EXPECT_THAT(Get("/metrics").body, HasSubstr("metric 1"));
  EXPECT_THAT(Get("/").body, HasSubstr("/proxies"));
}

TEST_F(AdminTest, OnlyReads) {
  EXPECT_EQ(HandleAdmin(sources_, {"POST", "/proxies"}).status, 405);
  EXPECT_EQ(Get("/nowhere").status, 404);
}

TEST_F(AdminTest, TellsWhoHasATransaction) {
  const compile::ProxyKey key{{kAccount, "m"}, model::Kind::kVirtualNode, "n", compile::Profile::kStock};
  Publish("m", 1);
  Connect(7, key);
  status_.OnTarget(7, &manifest_, 1, {true, true, true, true, true});
  Publish("m", 2, {{2, {{key, 1}}}});
  status_.OnTarget(7, &manifest_, 2, {false, true, true, true, true});
  auto answer = Get("/meshes/m/txn/2");
  ASSERT_EQ(answer.status, 200);
  auto json = boost::json::parse(answer.body).as_object();
  EXPECT_EQ(json["pending"], 1);
  EXPECT_EQ(json["live"], false);
  status_.OnSettled(7, xds::Type::kCluster, true);
  json = boost::json::parse(Get("/meshes/m/txn/2").body).as_object();
  EXPECT_EQ(json["acknowledged"], 1);
  EXPECT_EQ(json["pending"], 0);
  EXPECT_EQ(json["live"], true);
  json = boost::json::parse(Get("/meshes/m/txn/3").body).as_object();
  EXPECT_EQ(json["live"], false) << "not compiled yet";
}

TEST_F(AdminTest, ARejectedTypeHoldsBackNoTransactionOfAnother) {
  const compile::ProxyKey key{{kAccount, "m"}, model::Kind::kVirtualNode, "n", compile::Profile::kStock};
  constexpr unsigned kListeners = 1U << 2U;
  constexpr unsigned kRoutes = 1U << 3U;
  Publish("m", 1);
  Connect(7, key);
  status_.OnTarget(7, &manifest_, 1, {true, true, true, true, true});
  Publish("m", 2, {{2, {{key, kListeners}}}});
  status_.OnTarget(7, &manifest_, 2, {true, true, false, true, true});
  status_.OnRejected(7, xds::Type::kListener, xds::ResourceSet(2, {}), {"l"}, "no");
  Publish("m", 3, {{3, {{key, kRoutes}}}});
  status_.OnTarget(7, &manifest_, 3, {true, true, false, true, true});
  EXPECT_EQ(status_.Transaction({kAccount, "m"}, 2)->rejected, 1U);
  EXPECT_EQ(status_.Transaction({kAccount, "m"}, 3)->acknowledged, 1U);
  EXPECT_TRUE(status_.Transaction({kAccount, "m"}, 3)->live);
}

TEST_F(AdminTest, AForgottenTransactionIsLiveOnAProxyThatLacksNothing) {
  const compile::ProxyKey idle{{kAccount, "m"}, model::Kind::kVirtualNode, "idle", compile::Profile::kStock};
  const compile::ProxyKey busy{{kAccount, "m"}, model::Kind::kVirtualNode, "busy", compile::Profile::kStock};
  Publish("m", 1);
  Connect(7, idle);
  status_.OnTarget(7, &manifest_, 1, {true, true, true, true, true});
  for (store::Txn txn = 2; txn < 6000; ++txn) Publish("m", txn, {{txn, {{busy, 1}}}});
  EXPECT_TRUE(status_.Transaction({kAccount, "m"}, 12)->live);
  EXPECT_EQ(status_.Transaction({kAccount, "m"}, 5999)->acknowledged, 0U) << "it touched another proxy";
  status_.OnSettled(7, xds::Type::kRoute, false);
  EXPECT_EQ(status_.Transaction({kAccount, "m"}, 12)->pending, 1U);
}

TEST_F(AdminTest, AMeshThatIsNotCompiledYetIsNotLive) {
  const auto answer = Get("/meshes/new/txn/1");
  ASSERT_EQ(answer.status, 200);
  const auto json = boost::json::parse(answer.body).as_object();
  EXPECT_EQ(json.at("compiled_through"), 0);
  EXPECT_EQ(json.at("live"), false);
}

TEST_F(AdminTest, RefusesWhatIsNoTransaction) {
  Publish("m", 1);
  EXPECT_EQ(Get("/meshes/m/txn/x").status, 400);
  EXPECT_EQ(Get("/meshes/m/txn/0").status, 400);
  EXPECT_EQ(Get("/meshes/m/txn/6001").status, 404);
  EXPECT_THAT(Get("/meshes/m/txn/6001").body, HasSubstr("the newest is 6000"));
  EXPECT_EQ(Get("/meshes/m/txn/99999999999999999999999").status, 400);
  EXPECT_EQ(Get("/meshes/%zz/txn/1").status, 400);
  EXPECT_EQ(Get("/meshes/other/txn/1").status, 404);
  EXPECT_EQ(Get("/meshes/m/txn/1?owner=111111111111").status, 404);
}

TEST_F(AdminTest, ListsWhatWasCompiledWithWarnings) {
  Connect(7, {{kAccount, "m"}, model::Kind::kVirtualNode, "n", compile::Profile::kStock});
  manifest_.warnings = {{model::Kind::kRoute, "router", "r", "tls is not served yet"}};
  status_.OnTarget(7, &manifest_, 1, {true, true, true, true, true});
  const auto json = boost::json::parse(Get("/proxies").body);
  const auto& warning = json.at("proxies").at(0).at("warnings").at(0).as_object();
  EXPECT_EQ(warning.at("kind"), "route");
  EXPECT_EQ(warning.at("parent"), "router");
  EXPECT_EQ(warning.at("name"), "r");
  EXPECT_EQ(warning.at("text"), "tls is not served yet");
}

TEST_F(AdminTest, ShowsTheProfileAndWhatTheVersionIsTooOldFor) {
  ems::ProxyStatus proxy;
  proxy.stream = 7;
  proxy.key = {{kAccount, "m"}, model::Kind::kVirtualNode, "n", compile::Profile::kOld};
  proxy.skew = {"too old for that"};
  status_.Add(proxy);
  const auto json = boost::json::parse(Get("/proxies").body);
  EXPECT_EQ(json.at("proxies").at(0).at("profile"), "old");
  const auto& warning = json.at("proxies").at(0).at("warnings").at(0).as_object();
  EXPECT_EQ(warning.at("kind"), "virtualNode");
  EXPECT_EQ(warning.at("name"), "n");
  EXPECT_EQ(warning.at("text"), "too old for that");
  EXPECT_EQ(status_.census().warned, 1U);
}

TEST_F(AdminTest, ListsProxies) {
  Connect(7, {{kAccount, "m"}, model::Kind::kVirtualNode, "n", compile::Profile::kStock});
  status_.OnSubscribed(7, xds::Type::kListener);
  const xds::ResourceSet set(4, {});
  status_.OnSent(7, xds::Type::kListener, set, 10);
  status_.OnRejected(7, xds::Type::kListener, set, {"lds"}, "unable to open file");
  const auto json = boost::json::parse(Get("/proxies").body);
  const auto& proxy = json.at("proxies").at(0).as_object();
  EXPECT_EQ(proxy.at("id"), "mesh/m/virtualNode/n");
  EXPECT_EQ(proxy.at("waiting"), true);
  const auto& lds = proxy.at("types").at("lds").as_object();
  EXPECT_EQ(lds.at("rejected"), true);
  EXPECT_EQ(lds.at("message"), "unable to open file");
  EXPECT_EQ(lds.at("rejected_names").at(0), "lds");
  EXPECT_FALSE(proxy.at("types").as_object().contains("cds")) << "never asked for";
}

}  // namespace
}  // namespace chancery::app
