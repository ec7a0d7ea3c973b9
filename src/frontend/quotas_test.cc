#include "frontend/quotas.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "frontend/account_quotas.h"
#include "frontend/api_fixture.h"
#include "frontend/field_rules.h"

namespace chancery::frontend {
namespace {

using ::testing::IsEmpty;

class QuotasTest : public ApiFixture {
 protected:
  Settings Limited() {
    Settings settings{std::string(kAccount), "us-west-2", "aws"};
    settings.quotas_of = [this](std::string_view account) -> base::Result<QuotaLimits> {
      return account == kAccount ? limits_ : QuotaLimits();
    };
    return settings;
  }
  Answer Create(std::string_view path, std::string_view body) const { return Send(limited_, path, body); }
  static Answer Send(const Api& api, std::string_view path, std::string_view body) {
    return api.Handle({"PUT", "/v20190125" + std::string(path), {}, std::string(body)});
  }
  void ExpectExceeded(const Answer& answer, std::string_view title_and_code, int limit) const {
    ExpectError(answer, 400, "LimitExceededException",
                fmt::format("the quota {} of account 123456789012 is {}", title_and_code, limit));
  }

  QuotaLimits limits_;
  Api limited_{Limited(), store_, clock_, gate_};
};

std::string Node(std::string_view name, int backends = 0) {
  std::string list;
  for (int i = 0; i < backends; ++i) {
    list += fmt::format(R"({}{{"virtualService":{{"virtualServiceName":"b{}"}}}})", i == 0 ? "" : ",", i);
  }
  return fmt::format(R"({{"virtualNodeName":"{}","spec":{{"backends":[{}]}}}})", name, list);
}
std::string Gateway(std::string_view name) {
  return fmt::format(R"({{"virtualGatewayName":"{}","spec":{{"listeners":[{{"portMapping":)"
                     R"({{"port":80,"protocol":"http"}}}}]}}}})",
                     name);
}

TEST_F(QuotasTest, EachKindIsCountedWhereItHangs) {
  MakeMesh();
  struct Case {
    std::string_view quota;
    std::string_view title_and_code;
    std::string_view path;
    std::string body;
  };
  const Case cases[] = {
      {"meshes-per-account", "Meshes per account (L-AC861A39)", "/meshes", R"({"meshName":"x"})"},
      {"virtual-services-per-mesh", "Virtual services per mesh (L-DA7495A7)", "/meshes/m/virtualServices",
       R"({"virtualServiceName":"x","spec":{}})"},
      {"virtual-nodes-per-mesh", "Virtual nodes per mesh (L-E043DFB4)", "/meshes/m/virtualNodes", Node("x")},
      {"virtual-routers-per-mesh", "Virtual routers per mesh (L-50F6C35A)", "/meshes/m/virtualRouters",
       R"({"virtualRouterName":"x","spec":{}})"},
      {"virtual-gateways-per-mesh", "Virtual gateways per mesh (L-87E74146)", "/meshes/m/virtualGateways",
       Gateway("x")},
      {"routes-per-virtual-router", "Routes per virtual router (L-BB90B7FF)", "/meshes/m/virtualRouter/r/routes",
       RouteBody("x", "n")},
      {"gateway-routes-per-virtual-gateway", "Gateway routes per virtual gateway (L-F6F26D09)",
       "/meshes/m/virtualGateway/g/gatewayRoutes", GatewayRouteBody("x", "s.m")},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.quota);
    limits_ = {{std::string(test.quota), 1}};
    ExpectExceeded(Create(test.path, test.body), test.title_and_code, 1);
    limits_ = {{std::string(test.quota), 2}};
    Json(Create(test.path, test.body));
  }
}

TEST_F(QuotasTest, OthersOfTheKindElsewhereDoNotCount) {
  MakeMesh();
  MustPut("/meshes/m/virtualRouters", R"({"virtualRouterName":"q","spec":{}})");
  limits_ = {{"routes-per-virtual-router", 1}};
  Json(Create("/meshes/m/virtualRouter/q/routes", RouteBody("x", "n")));
  MustPut("/meshes", R"({"meshName":"other"})");
  limits_ = {{"virtual-nodes-per-mesh", 1}};
  Json(Create("/meshes/other/virtualNodes", Node("x")));
}

TEST_F(QuotasTest, ADeleteMakesRoom) {
  MakeMesh();
  limits_ = {{"virtual-nodes-per-mesh", 2}, {"meshes-per-account", 1}};
  Json(Create("/meshes/m/virtualNodes", Node("x")));
  ExpectExceeded(Create("/meshes/m/virtualNodes", Node("y")), "Virtual nodes per mesh (L-E043DFB4)", 2);
  Json(Delete("/meshes/m/virtualNodes/x"));
  Json(Create("/meshes/m/virtualNodes", Node("y")));
}

TEST_F(QuotasTest, UpdatesAreNotCounted) {
  MakeMesh();
  limits_ = {{"virtual-nodes-per-mesh", 0}};
  Json(Create("/meshes/m/virtualNodes/n", R"({"spec":{}})"));
}

// Rule 42 of contract/api.md §4.6.
TEST_F(QuotasTest, BackendsAreCountedInCreateAndUpdate) {
  MakeMesh();
  limits_ = {{"backends-per-virtual-node", 2}};
  ExpectExceeded(Create("/meshes/m/virtualNodes", Node("x", 3)), "Backends per virtual node (L-8775AB18)", 2);
  Json(Create("/meshes/m/virtualNodes", Node("x", 2)));
  ExpectExceeded(Create("/meshes/m/virtualNodes/x", Node("x", 3)), "Backends per virtual node (L-8775AB18)", 2);
  limits_.clear();
  Json(Create("/meshes/m/virtualNodes/x", Node("x", 300)));
}

TEST_F(QuotasTest, WeightedTargetsAreCounted) {
  MakeMesh();
  limits_ = {{"weighted-targets-per-route", 0}};
  for (std::string_view kind : {"http", "http2", "grpc", "tcp"}) {
    const std::string body = fmt::format(R"({{"routeName":"x","spec":{{"{}Route":{{"match":{{}},"action":)"
                                         R"({{"weightedTargets":[{{"virtualNode":"n","weight":1}}]}}}}}}}})",
                                         kind);
    ExpectExceeded(Create("/meshes/m/virtualRouter/r/routes", body), "Weighted targets per route (L-AE1D9567)", 0);
  }
  limits_ = {{"weighted-targets-per-route", 1}};
  Json(Create("/meshes/m/virtualRouter/r/routes", RouteBody("x", "n")));
}

TEST_F(QuotasTest, LimitsAreOfAccountsAndInASharedMeshOfItsOwner) {
  const OpenGate other_account("222222222222");
  const Api other{Limited(), store_, clock_, other_account};
  limits_ = {{"meshes-per-account", 1}, {"virtual-nodes-per-mesh", 1}};
  Json(Create("/meshes", R"({"meshName":"m"})"));
  ExpectExceeded(Create("/meshes", R"({"meshName":"x"})"), "Meshes per account (L-AC861A39)", 1);
  for (std::string_view name : {"a", "b"}) {
    Json(Send(other, "/meshes", fmt::format(R"({{"meshName":"{}"}})", name)));
  }
  store::Batch share;
  share.writes.push_back({"share/123456789012/m/222222222222", ""});
  ASSERT_TRUE(store_.Commit(share));
  Json(Send(other, "/meshes/m/virtualNodes?meshOwner=123456789012", Node("x")));
  ExpectExceeded(Send(other, "/meshes/m/virtualNodes?meshOwner=123456789012", Node("y")),
                 "Virtual nodes per mesh (L-E043DFB4)", 1);
  ExpectExceeded(Create("/meshes/m/virtualNodes", Node("y")), "Virtual nodes per mesh (L-E043DFB4)", 1);
}

TEST_F(QuotasTest, AnErrorOfTheirSourceRefuses) {
  Settings settings = Limited();
  settings.quotas_of = [](std::string_view) -> base::Result<QuotaLimits> {
    return base::Error{base::Code::kUnavailable, "no limits", {}};
  };
  const Api broken{settings, store_, clock_, gate_};
  ExpectError(Send(broken, "/meshes", R"({"meshName":"m"})"), 503, "ServiceUnavailableException", "no limits");
}

TEST_F(QuotasTest, RacingCreatesDoNotExceedThem) {
  MustPut("/meshes", R"({"meshName":"m"})");
  limits_ = {{"virtual-nodes-per-mesh", 5}, {"meshes-per-account", 3}};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      for (int k = 0; k < 10; ++k) {
        Create("/meshes/m/virtualNodes", Node(fmt::format("n{}-{}", i, k)));
        Create("/meshes", fmt::format(R"({{"meshName":"m{}-{}"}})", i, k));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Json(Get("/meshes/m/virtualNodes")).at("virtualNodes").as_array().size(), 5u);
  EXPECT_EQ(Json(Get("/meshes")).at("meshes").as_array().size(), 3u);
}

// Who read the old limit does not commit behind who reads the new one.
TEST_F(QuotasTest, ALimitThatIsSetMeanwhileCounts) {
  MustPut("/meshes", R"({"meshName":"m"})");
  const QuotasOf real = QuotasIn(store_, {});
  bool set = false;
  Settings settings = Limited();
  settings.quotas_of = [&](std::string_view account) {
    auto limits = real(account);
    if (std::exchange(set, true)) return limits;
    for (const char* quota : {"virtual-nodes-per-mesh", "meshes-per-account", "backends-per-virtual-node"}) {
      EXPECT_TRUE(SetQuota(store_, {}, std::string(kAccount), quota, 0));
    }
    return limits;
  };
  const Api api{settings, store_, clock_, gate_};
  ExpectExceeded(Send(api, "/meshes/m/virtualNodes", Node("x")), "Virtual nodes per mesh (L-E043DFB4)", 0);
  set = false;
  ExpectExceeded(Send(api, "/meshes", R"({"meshName":"x"})"), "Meshes per account (L-AC861A39)", 0);
  MustPut("/meshes/m/virtualNodes", Node("n"));
  set = false;
  ExpectExceeded(Send(api, "/meshes/m/virtualNodes/n", Node("n", 1)), "Backends per virtual node (L-8775AB18)", 0);
}

TEST(Quotas, EnvoysHaveALimitByKindAndOwner) {
  const QuotasOf quotas = [](std::string_view account) -> base::Result<QuotaLimits> {
    if (account == "000000000000") return base::Error{base::Code::kUnavailable, "no limits", {}};
    return account == "111111111111" ? QuotaLimits{{"envoys-per-virtual-node", 2}} : QuotaLimits();
  };
  EXPECT_EQ(EnvoyLimit(quotas, "111111111111", model::Kind::kVirtualNode), 2u);
  EXPECT_EQ(EnvoyLimit(quotas, "111111111111", model::Kind::kVirtualGateway), std::nullopt);
  EXPECT_EQ(EnvoyLimit(quotas, "222222222222", model::Kind::kVirtualNode), std::nullopt);
  EXPECT_EQ(EnvoyLimit(quotas, "000000000000", model::Kind::kVirtualNode), std::nullopt);
}

TEST(Quotas, TheTableIsThatOfTheContract) {
  std::set<std::string_view> codes;
  for (const QuotaInfo& quota : AllQuotas()) codes.insert(quota.code);
  EXPECT_EQ(AllQuotas().size(), 11u);
  EXPECT_EQ(codes.size(), 11u);
  const auto aws = QuotaProfile("aws");
  ASSERT_TRUE(aws);
  EXPECT_EQ(*aws, (QuotaLimits{{"meshes-per-account", 15},
                               {"virtual-services-per-mesh", 200},
                               {"virtual-nodes-per-mesh", 200},
                               {"virtual-routers-per-mesh", 200},
                               {"virtual-gateways-per-mesh", 3},
                               {"routes-per-virtual-router", 50},
                               {"gateway-routes-per-virtual-gateway", 10},
                               {"backends-per-virtual-node", 50},
                               {"weighted-targets-per-route", 10},
                               {"envoys-per-virtual-node", 50},
                               {"envoys-per-virtual-gateway", 50}}));
  EXPECT_THAT(*QuotaProfile("unlimited"), IsEmpty());
  EXPECT_FALSE(QuotaProfile("gcp"));
}

TEST(Quotas, LimitsAreChecked) {
  EXPECT_TRUE(CheckLimits({{"meshes-per-account", 0}}));
  const auto refused = CheckLimits({{"meshes-per-account", -1}, {"stars-per-sky", 1}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().violations, (std::vector<base::Violation>{{"meshes-per-account", "must not be negative"},
                                                                      {"stars-per-sky", "is no quota"}}));
}

}  // namespace
}  // namespace chancery::frontend
