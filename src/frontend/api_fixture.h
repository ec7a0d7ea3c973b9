#pragma once

// For tests: the API on the in-memory store and a clock that stands still.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "frontend/api.h"
#include "store/memory_store.h"

namespace chancery::frontend {

class ApiFixture : public ::testing::Test {
 protected:
  static constexpr std::string_view kAccount = "123456789012";

  // `path` without /v20190125.
  Answer Call(std::string method, std::string_view path, std::string_view body = "") const {
    return api_.Handle({std::move(method), "/v20190125" + std::string(path), {}, std::string(body)});
  }
  Answer Put(std::string_view path, std::string_view body) const { return Call("PUT", path, body); }
  Answer Get(std::string_view path) const { return Call("GET", path); }
  Answer Delete(std::string_view path) const { return Call("DELETE", path); }

  // The answer's body, when it is a success.
  static boost::json::value Json(const Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(HeaderOf(answer.headers, "content-type"), "application/json");
    EXPECT_FALSE(HeaderOf(answer.headers, "x-amzn-requestid").empty());
    return boost::json::parse(answer.body);
  }
  static boost::json::value Json(std::string_view text) { return boost::json::parse(text); }

  static std::string Text(const boost::json::value& value) { return std::string(value.as_string()); }

  static void ExpectError(const Answer& answer, int status, std::string_view name, std::string_view part) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(HeaderOf(answer.headers, "x-amzn-ErrorType"), name);
    EXPECT_FALSE(HeaderOf(answer.headers, "x-amzn-RequestId").empty());
    EXPECT_EQ(HeaderOf(answer.headers, "x-chancery-txn"), "");
    const boost::json::value body = boost::json::parse(answer.body);
    EXPECT_EQ(Text(body.at("__type")), name);
    EXPECT_NE(Text(body.at("message")).find(part), std::string::npos) << answer.body;
  }

  static uint64_t TxnOf(const Answer& answer) {
    const std::string text(HeaderOf(answer.headers, "x-chancery-txn"));
    return text.empty() ? 0 : std::stoull(text);
  }

  void MustPut(std::string_view path, std::string_view body) const {
    const Answer answer = Put(path, body);
    ASSERT_EQ(answer.status, 200) << answer.body;
  }

  // The mesh "m" with one of each: node n, router r with route t to n, service s.m by r, gateway g
  // with gateway route w to s.m.
  void MakeMesh() const {
    MustPut("/meshes", R"({"meshName":"m"})");
    MustPut("/meshes/m/virtualNodes", R"({"virtualNodeName":"n","spec":{}})");
    MustPut("/meshes/m/virtualRouters", R"({"virtualRouterName":"r","spec":{}})");
    MustPut("/meshes/m/virtualRouter/r/routes", RouteBody("t", "n"));
    MustPut("/meshes/m/virtualServices",
            R"({"virtualServiceName":"s.m","spec":{"provider":{"virtualRouter":{"virtualRouterName":"r"}}}})");
    MustPut("/meshes/m/virtualGateways",
            R"({"virtualGatewayName":"g","spec":{"listeners":[{"portMapping":{"port":80,"protocol":"http"}}]}})");
    MustPut("/meshes/m/virtualGateway/g/gatewayRoutes", GatewayRouteBody("w", "s.m"));
  }

  static std::string RouteSpec(std::string_view node) {
    return R"({"httpRoute":{"match":{"prefix":"/"},"action":{"weightedTargets":[{"virtualNode":")" + std::string(node) +
           R"(","weight":1}]}}})";
  }
  static std::string RouteBody(std::string_view name, std::string_view node) {
    return R"({"routeName":")" + std::string(name) + R"(","spec":)" + RouteSpec(node) + "}";
  }
  static std::string GatewayRouteBody(std::string_view name, std::string_view service) {
    return R"({"gatewayRouteName":")" + std::string(name) + R"(","spec":{"httpRoute":{"match":{"prefix":"/"},)" +
           R"("action":{"target":{"virtualService":{"virtualServiceName":")" + std::string(service) + R"("}}}}}})";
  }

  base::FakeClock clock_;
  store::MemoryStore store_;
  OpenGate gate_{std::string(kAccount)};
  Api api_{{std::string(kAccount), "us-west-2", "aws"}, store_, clock_, gate_};
};

}  // namespace chancery::frontend
