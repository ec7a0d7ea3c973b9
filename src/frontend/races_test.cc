// Rules between resources hold while requests race: each round runs two contradicting requests at
// once, and at most one of them may win.

#include <barrier>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "frontend/api_fixture.h"
#include "frontend/sharing.h"

namespace chancery::frontend {
namespace {

constexpr int kRounds = 200;

class RacesTest : public ApiFixture {
 protected:
  // Runs all at once and gives their answers.
  static std::vector<Answer> Race(const std::vector<std::function<Answer()>>& calls) {
    std::vector<Answer> answers(calls.size());
    std::vector<std::thread> threads;
    std::barrier start(static_cast<std::ptrdiff_t>(calls.size()));
    for (size_t i = 0; i < calls.size(); ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        answers[i] = calls[i]();
      });
    }
    for (std::thread& thread : threads) thread.join();
    return answers;
  }
};

// Runs something else, once: between the reads of the next commit and the commit itself, or between
// two of its reads. Confined to one thread.
class InterruptedStore : public store::Store {
 public:
  explicit InterruptedStore(store::Store& inner) : inner_(inner) {}

  void BeforeNextCommit(std::function<void()> run) { run_ = std::move(run); }
  void BeforeReading(std::string key, std::function<void()> run) {
    read_key_ = std::move(key);
    read_run_ = std::move(run);
  }

  base::Result<store::Txn> Commit(store::Batch batch) override {
    if (const auto run = std::exchange(run_, nullptr)) run();
    return inner_.Commit(std::move(batch));
  }
  base::Result<std::optional<store::Entry>> Read(std::string_view key) const override {
    if (key == read_key_) {
      if (const auto run = std::exchange(read_run_, nullptr)) run();
    }
    return inner_.Read(key);
  }
  base::Result<store::Page> Scan(std::string_view prefix, std::string_view after, size_t limit) const override {
    return inner_.Scan(prefix, after, limit);
  }
  store::Txn Newest() const override { return inner_.Newest(); }
  base::Result<store::TransactionPtr> ReadTransaction(store::Txn txn) const override {
    return inner_.ReadTransaction(txn);
  }
  base::Result<std::unique_ptr<store::Watcher>> Watch(
      store::Txn from, std::function<void(const store::TransactionPtr&)> callback) override {
    return inner_.Watch(from, std::move(callback));
  }
  base::Status Compact(store::Txn through) override { return inner_.Compact(through); }
  uint64_t Epoch() const override { return inner_.Epoch(); }

 private:
  store::Store& inner_;
  std::function<void()> run_;
  std::string read_key_;
  mutable std::function<void()> read_run_;
};

// `second` comes in when `first` has read all and written nothing.
struct Interruption {
  std::string_view what;
  Request first;
  Request second;
  int first_status;
};

class InterruptedTest : public RacesTest {
 protected:
  InterruptedStore interrupted_{store_};
  Api slow_{{std::string(kAccount), "us-west-2", "aws"}, interrupted_, clock_, gate_};
};

TEST_F(InterruptedTest, WhatComesInBetweenIsSeen) {
  const std::string base = "/v20190125/meshes/";
  const std::string node = R"({"virtualNodeName":"x","spec":{}})";
  const std::string service = R"({"spec":{"provider":{"virtualNode":{"virtualNodeName":"x"}}}})";
  const Interruption cases[] = {
      {"a node gains a route",
       {"DELETE", base + "m/virtualNodes/x", {}, ""},
       {"PUT", base + "m/virtualRouter/r/routes", {}, RouteBody("u", "x")},
       409},
      {"a node becomes a provider",
       {"DELETE", base + "m/virtualNodes/x", {}, ""},
       {"PUT", base + "m/virtualServices/s.m", {}, service},
       409},
      {"a router gains a route",
       {"DELETE", base + "m/virtualRouters/q", {}, ""},
       {"PUT", base + "m/virtualRouter/q/routes", {}, RouteBody("u", "n")},
       409},
      {"a mesh gains a node", {"DELETE", base + "empty", {}, ""}, {"PUT", base + "empty/virtualNodes", {}, node}, 409},
      {"a route's target goes",
       {"PUT", base + "m/virtualRouter/r/routes", {}, RouteBody("u", "x")},
       {"DELETE", base + "m/virtualNodes/x", {}, ""},
       404},
      {"a provider goes",
       {"PUT", base + "m/virtualServices/s.m", {}, service},
       {"DELETE", base + "m/virtualNodes/x", {}, ""},
       404},
      {"a router goes under its new route",
       {"PUT", base + "m/virtualRouter/q/routes", {}, RouteBody("u", "n")},
       {"DELETE", base + "m/virtualRouters/q", {}, ""},
       404},
      {"a mesh goes under its new node",
       {"PUT", base + "empty/virtualNodes", {}, node},
       {"DELETE", base + "empty", {}, ""},
       404},
      {"the same name is taken",
       {"PUT", base + "m/virtualNodes", {}, R"({"virtualNodeName":"y","spec":{}})"},
       {"PUT", base + "m/virtualNodes", {}, R"({"virtualNodeName":"y","spec":{}})"},
       409},
  };
  for (const Interruption& test : cases) {
    SCOPED_TRACE(test.what);
    Put("/meshes", R"({"meshName":"m"})");
    Put("/meshes", R"({"meshName":"empty"})");
    for (std::string_view name : {"n", "x"}) {
      Put("/meshes/m/virtualNodes", R"({"virtualNodeName":")" + std::string(name) + R"(","spec":{}})");
    }
    for (std::string_view name : {"r", "q"}) {
      Put("/meshes/m/virtualRouters", R"({"virtualRouterName":")" + std::string(name) + R"(","spec":{}})");
    }
    Put("/meshes/m/virtualServices", R"({"virtualServiceName":"s.m","spec":{}})");
    int second = 0;
    interrupted_.BeforeNextCommit([&] { second = api_.Handle(test.second).status; });
    EXPECT_EQ(slow_.Handle(test.first).status, test.first_status);
    EXPECT_EQ(second, 200);
    // Makes the next case independent.
    Put("/meshes/m/virtualServices/s.m", R"({"spec":{}})");
    Delete("/meshes/m/virtualRouter/r/routes/u");
    Delete("/meshes/m/virtualRouter/q/routes/u");
    Delete("/meshes/empty/virtualNodes/x");
  }
}

// Rules 12 to 16 (mesh_rules.h): what the other side of a rule writes in between is seen.
TEST_F(InterruptedTest, RulesOfPortsHold) {
  const std::string base = "/v20190125/meshes/m/";
  const auto listeners = [](std::string_view more) {
    return R"({"spec":{"listeners":[{"portMapping":{"port":80,"protocol":"http"}})" + std::string(more) +
           R"(],"serviceDiscovery":{"dns":{"hostname":"n"}}}})";
  };
  const std::string two = listeners(R"(,{"portMapping":{"port":81,"protocol":"http"}})");
  const std::string tcp = R"({"spec":{"listeners":[{"portMapping":{"port":80,"protocol":"tcp"}}]}})";
  const std::string gateway_route = GatewayRouteBody("u", "s.m");
  const std::string provider = R"({"spec":{"provider":{"virtualNode":{"virtualNodeName":"two"}}}})";
  const Request route{"PUT", base + "virtualRouter/r/routes", {}, RouteBody("u", "n")};
  const Request gateway_routed{"PUT", base + "virtualGateway/g/gatewayRoutes", {}, gateway_route};
  const auto route_t = [](std::string_view match) {
    return R"({"routeName":"t","spec":{"httpRoute":{"match":)" + std::string(match) +
           R"(,"action":{"weightedTargets":[{"virtualNode":"n","weight":1,"port":80}]}}}})";
  };
  const auto gateway_route_w = [](std::string_view match) {
    return R"({"gatewayRouteName":"w","spec":{"httpRoute":{"match":)" + std::string(match) +
           R"(,"action":{"target":{"port":80,"virtualService":{"virtualServiceName":"s.m"}}}}}})";
  };
  const Request route_without{"PUT", base + "virtualRouter/r/routes/t", {}, route_t("{}")};
  const Request gateway_route_without{"PUT", base + "virtualGateway/g/gatewayRoutes/w", {}, gateway_route_w("{}")};
  const Request router_with_two{"PUT", base + "virtualRouters/r", {}, two};
  const Request router_with_tcp{"PUT", base + "virtualRouters/q", {}, tcp};
  const Request route_of_q{"PUT", base + "virtualRouter/q/routes", {}, RouteBody("u", "n")};
  const Request node_with_two{"PUT", base + "virtualNodes/n", {}, two};
  const Request gateway_with_two{"PUT", base + "virtualGateways/g", {}, two};
  const Request service_by_two{"PUT", base + "virtualServices/s.m", {}, provider};
  const Interruption cases[] = {
      {"a router gains a listener under a route", route, router_with_two, 400},
      {"a route comes under a router's listener", router_with_two, route, 400},
      {"a router changes protocol under a route", route_of_q, router_with_tcp, 400},
      {"a route comes under a router's protocol", router_with_tcp, route_of_q, 400},
      {"a node gains a listener under a route", route, node_with_two, 400},
      {"a route comes under a node's listener", node_with_two, route, 400},
      {"a gateway gains a listener under a gateway route", gateway_routed, gateway_with_two, 400},
      {"a gateway route comes under a gateway's listener", gateway_with_two, gateway_routed, 400},
      {"a service gains a provider under a gateway route", gateway_routed, service_by_two, 400},
      {"a gateway route comes under a service's provider", service_by_two, gateway_routed, 400},
      // Updates that touch no guard.
      {"a router gains a listener under a route's update", route_without, router_with_two, 400},
      {"a route loses its port under a router's listener", router_with_two, route_without, 400},
      {"a gateway gains a listener under an update", gateway_route_without, gateway_with_two, 400},
      {"a gateway route loses its port under a listener", gateway_with_two, gateway_route_without, 400},
      {"a provider gains a listener under a gateway route", gateway_routed, router_with_two, 400},
      {"a gateway route comes under a provider's listener", router_with_two, gateway_routed, 400},
  };
  for (const Interruption& test : cases) {
    SCOPED_TRACE(test.what);
    for (std::string_view child :
         {"virtualGateway/g/gatewayRoutes/u", "virtualGateway/g/gatewayRoutes/w", "virtualServices/s.m",
          "virtualGateways/g", "virtualRouter/r/routes/u", "virtualRouter/r/routes/t", "virtualRouter/q/routes/u",
          "virtualRouters/q", "virtualRouters/r", "virtualNodes/n"}) {
      Delete("/meshes/m/" + std::string(child));
    }
    Put("/meshes", R"({"meshName":"m"})");
    Put("/meshes/m/virtualNodes", R"({"virtualNodeName":"two",)" + two.substr(1));
    MustPut("/meshes/m/virtualNodes", R"({"virtualNodeName":"n",)" + listeners("").substr(1));
    for (std::string_view router : {"r", "q"}) {
      MustPut("/meshes/m/virtualRouters",
              R"({"virtualRouterName":")" + std::string(router) + "\"," + listeners("").substr(1));
    }
    MustPut("/meshes/m/virtualServices",
            R"({"virtualServiceName":"s.m","spec":{"provider":{"virtualRouter":{"virtualRouterName":"r"}}}})");
    MustPut("/meshes/m/virtualGateways", R"({"virtualGatewayName":"g",)" + listeners("").substr(1));
    MustPut("/meshes/m/virtualRouter/r/routes", route_t(R"({"port":80})"));
    MustPut("/meshes/m/virtualGateway/g/gatewayRoutes", gateway_route_w(R"({"port":80})"));
    int second = 0;
    interrupted_.BeforeNextCommit([&] { second = api_.Handle(test.second).status; });
    EXPECT_EQ(slow_.Handle(test.first).status, test.first_status);
    EXPECT_EQ(second, 200);
  }
}

TEST_F(InterruptedTest, AnUnshareLetsNoCreateThrough) {
  const std::string consumer = "222222222222";
  const model::MeshId mesh{std::string(kAccount), "m"};
  const OpenGate gate(consumer);
  const Api slow_consumer{{std::string(kAccount), "us-west-2", "aws"}, interrupted_, clock_, gate};
  MustPut("/meshes", R"({"meshName":"m"})");
  ASSERT_TRUE(ShareMesh(store_, 1, "admin", mesh, consumer));
  interrupted_.BeforeNextCommit([&] { EXPECT_TRUE(UnshareMesh(store_, 1, "admin", mesh, consumer)); });
  const Answer create = slow_consumer.Handle({"PUT",
                                              "/v20190125/meshes/m/virtualNodes?meshOwner=" + std::string(kAccount),
                                              {},
                                              R"({"virtualNodeName":"x","spec":{}})"});
  ExpectError(create, 404, "NotFoundException", "Mesh with name m");
}

TEST_F(InterruptedTest, AShareIsNotLeftBehindByTheDeleteOfItsMesh) {
  const std::string consumer = "222222222222";
  const model::MeshId mesh{std::string(kAccount), "m"};
  MustPut("/meshes", R"({"meshName":"m"})");
  interrupted_.BeforeNextCommit([&] { EXPECT_TRUE(ShareMesh(store_, 1, "admin", mesh, consumer)); });
  EXPECT_EQ(slow_.Handle({"DELETE", "/v20190125/meshes/m", {}, ""}).status, 200);
  EXPECT_TRUE(store_.Scan("", "", 10)->entries.empty());
  MustPut("/meshes", R"({"meshName":"m"})");
  interrupted_.BeforeNextCommit([&] { Json(Delete("/meshes/m")); });
  const auto share = ShareMesh(interrupted_, 1, "admin", mesh, consumer);
  ASSERT_FALSE(share);
  EXPECT_EQ(share.error().code, base::Code::kNotFound);
  EXPECT_TRUE(store_.Scan("", "", 10)->entries.empty());
}

TEST_F(InterruptedTest, AQuotaIsNotExceededByWhatComesInBetween) {
  Settings settings{std::string(kAccount), "us-west-2", "aws"};
  settings.quotas_of = [](std::string_view) -> base::Result<QuotaLimits> {
    return QuotaLimits{{"meshes-per-account", 2}, {"virtual-nodes-per-mesh", 1}, {"routes-per-virtual-router", 1}};
  };
  const Api fast{settings, store_, clock_, gate_};
  const Api slow{settings, interrupted_, clock_, gate_};
  MustPut("/meshes", R"({"meshName":"m"})");
  MustPut("/meshes/m/virtualRouters", R"({"virtualRouterName":"r","spec":{}})");
  const auto node = [](std::string_view name) {
    return R"({"virtualNodeName":")" + std::string(name) + R"(","spec":{}})";
  };
  struct Case {
    std::string_view what;
    std::string path;
    std::string first;
    std::string second;
  };
  const Case cases[] = {
      {"mesh", "/v20190125/meshes", R"({"meshName":"x"})", R"({"meshName":"y"})"},
      {"node", "/v20190125/meshes/m/virtualNodes", node("x"), node("n")},
      {"route", "/v20190125/meshes/m/virtualRouter/r/routes", RouteBody("x", "n"), RouteBody("y", "n")},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.what);
    int second = 0;
    interrupted_.BeforeNextCommit([&] { second = fast.Handle({"PUT", test.path, {}, test.second}).status; });
    ExpectError(slow.Handle({"PUT", test.path, {}, test.first}), 400, "LimitExceededException", "the quota");
    EXPECT_EQ(second, 200);
  }
}

TEST_F(InterruptedTest, ARefusalOnReadsOfDifferentTimesIsTakenBack) {
  // The first finds no token, then the second creates the mesh with it, then the first finds the mesh.
  const Request create{"PUT", "/v20190125/meshes", {}, R"({"meshName":"m","clientToken":"t"})"};
  Answer second;
  interrupted_.BeforeReading("res/mesh/123456789012/m", [&] { second = api_.Handle(create); });
  const Answer first = slow_.Handle(create);
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(TxnOf(first), TxnOf(second));
}

TEST_F(RacesTest, ANodeIsDeletedOrTargetedNeverBoth) {
  MustPut("/meshes", R"({"meshName":"m"})");
  MustPut("/meshes/m/virtualRouters", R"({"virtualRouterName":"r","spec":{}})");
  for (int i = 0; i < kRounds; ++i) {
    MustPut("/meshes/m/virtualNodes", R"({"virtualNodeName":"n","spec":{}})");
    const auto answers = Race({[&] { return Delete("/meshes/m/virtualNodes/n"); },
                               [&] { return Put("/meshes/m/virtualRouter/r/routes", RouteBody("t", "n")); }});
    const bool deleted = answers[0].status == 200;
    const bool routed = answers[1].status == 200;
    ASSERT_NE(deleted, routed) << answers[0].body << answers[1].body;
    if (deleted) {
      ExpectError(answers[1], 404, "NotFoundException", "VirtualNode with name n");
    }
    if (routed) {
      ExpectError(answers[0], 409, "ResourceInUseException", "target of Routes");
      Json(Delete("/meshes/m/virtualRouter/r/routes/t"));
      Json(Delete("/meshes/m/virtualNodes/n"));
    }
  }
}

TEST_F(RacesTest, AMeshIsDeletedOrFilledNeverBoth) {
  for (int i = 0; i < kRounds; ++i) {
    MustPut("/meshes", R"({"meshName":"m"})");
    const auto answers = Race({[&] { return Delete("/meshes/m"); },
                               [&] { return Put("/meshes/m/virtualNodes", R"({"virtualNodeName":"n","spec":{}})"); }});
    ASSERT_NE(answers[0].status, answers[1].status);
    if (answers[1].status == 200) {
      Json(Delete("/meshes/m/virtualNodes/n"));
      Json(Delete("/meshes/m"));
    }
  }
  EXPECT_TRUE(store_.Scan("", "", 10)->entries.empty());
}

TEST_F(RacesTest, ARetargetingUpdateRacesTheDeleteOfItsTarget) {
  MakeMesh();
  for (int i = 0; i < kRounds; ++i) {
    MustPut("/meshes/m/virtualNodes", R"({"virtualNodeName":"n2","spec":{}})");
    const auto answers =
        Race({[&] { return Delete("/meshes/m/virtualNodes/n2"); },
              [&] { return Put("/meshes/m/virtualRouter/r/routes/t", R"({"spec":)" + RouteSpec("n2") + "}"); }});
    ASSERT_NE(answers[0].status, answers[1].status);
    Json(Put("/meshes/m/virtualRouter/r/routes/t", R"({"spec":)" + RouteSpec("n") + "}"));
    if (answers[0].status != 200) Json(Delete("/meshes/m/virtualNodes/n2"));
  }
}

TEST_F(RacesTest, OfManyCreatesOfOneNameOneWins) {
  for (int i = 0; i < kRounds / 4; ++i) {
    const auto create = [&] { return Put("/meshes", R"({"meshName":"m"})"); };
    const auto answers = Race({create, create, create, create});
    int won = 0;
    for (const Answer& answer : answers) {
      won += answer.status == 200;
      if (answer.status != 200) {
        ExpectError(answer, 409, "ConflictException", "already exists");
      }
    }
    ASSERT_EQ(won, 1);
    Json(Delete("/meshes/m"));
  }
}

TEST_F(RacesTest, OneTokenSentTwiceAtOnceIsOneCreate) {
  for (int i = 0; i < kRounds / 4; ++i) {
    const std::string body = R"({"meshName":"m","clientToken":"t)" + std::to_string(i) + "\"}";
    const auto create = [&] { return Put("/meshes", body); };
    const auto answers = Race({create, create, create});
    for (const Answer& answer : answers) {
      EXPECT_EQ(answer.body, answers[0].body);
      EXPECT_EQ(TxnOf(answer), TxnOf(answers[0]));
      Json(answer);
    }
    Json(Delete("/meshes/m"));
  }
}

TEST_F(RacesTest, NoUpdateIsLost) {
  MustPut("/meshes", R"({"meshName":"m"})");
  const auto update = [&] { return Put("/meshes/m", "{}"); };
  int done = 0;
  for (int i = 0; i < kRounds / 4; ++i) {
    for (const Answer& answer : Race({update, update, update, update})) done += answer.status == 200;
  }
  EXPECT_EQ(done, kRounds);
  EXPECT_EQ(Json(Get("/meshes/m")).at("metadata").at("version"), 1 + done);
}

TEST_F(RacesTest, CreatesInOneMeshDoNotDisturbEachOther) {
  MustPut("/meshes", R"({"meshName":"m"})");
  std::vector<std::function<Answer()>> calls;
  for (int i = 0; i < 16; ++i) {
    calls.emplace_back([this, i] {
      Answer last;
      for (int k = 0; k < 20; ++k) {
        last = Put("/meshes/m/virtualNodes",
                   R"({"virtualNodeName":"n)" + std::to_string(i) + "-" + std::to_string(k) + R"(","spec":{}})");
        if (last.status != 200) break;
      }
      return last;
    });
  }
  for (const Answer& answer : Race(calls)) EXPECT_EQ(answer.status, 200) << answer.body;
}

}  // namespace
}  // namespace chancery::frontend
