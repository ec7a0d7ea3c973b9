// Connection pools, health checks and outlier detection, one by one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/features/connection_pool.h"
#include "compile/features/health_check.h"
#include "compile/features/outlier_detection.h"

namespace chancery::compile {
namespace {

namespace api = chancery::model;
using ir::Protocol;
using ::testing::HasSubstr;

constexpr uint32_t kUnlimited = ir::Limits::kUnlimited;

TEST(ConnectionPoolTest, LimitsWhatItNamesAndNothingElse) {
  api::VirtualNodeConnectionPool pool;
  pool.mutable_http()->set_max_connections(5);
  EXPECT_EQ(ToLimits(pool, Protocol::kHttp), (ir::Limits{5, kUnlimited, kUnlimited, kUnlimited}));
  pool.mutable_http()->set_max_pending_requests(6);
  EXPECT_EQ(ToLimits(pool, Protocol::kHttp), (ir::Limits{5, 6, kUnlimited, kUnlimited}));
  pool.mutable_http2()->set_max_requests(7);
  EXPECT_EQ(ToLimits(pool, Protocol::kHttp2), (ir::Limits{kUnlimited, kUnlimited, 7, kUnlimited}));
  pool.mutable_grpc()->set_max_requests(8);
  EXPECT_EQ(ToLimits(pool, Protocol::kGrpc), (ir::Limits{kUnlimited, kUnlimited, 8, kUnlimited}));
  pool.mutable_tcp()->set_max_connections(9);
  EXPECT_EQ(ToLimits(pool, Protocol::kTcp), (ir::Limits{9, kUnlimited, kUnlimited, kUnlimited}));
}

TEST(ConnectionPoolTest, OfAnotherProtocolIsNone) {
  api::VirtualNodeConnectionPool pool;
  pool.mutable_http2()->set_max_requests(7);
  for (const Protocol protocol : {Protocol::kHttp, Protocol::kGrpc, Protocol::kTcp}) {
    EXPECT_EQ(ToLimits(pool, protocol), std::nullopt);
  }
  EXPECT_EQ(ToLimits(api::VirtualGatewayConnectionPool(), Protocol::kHttp), std::nullopt);
}

api::HealthCheckPolicy Check(api::PortProtocol protocol) {
  api::HealthCheckPolicy policy;
  policy.set_protocol(protocol);
  policy.set_interval_millis(5000);
  policy.set_timeout_millis(2000);
  policy.set_healthy_threshold(2);
  policy.set_unhealthy_threshold(3);
  return policy;
}

TEST(HealthCheckTest, OfEachKind) {
  std::string why;
  api::HealthCheckPolicy http = Check(api::PORT_PROTOCOL_HTTP);
  http.set_path("/ping");
  const auto check = ToHealthCheck(http, Protocol::kHttp, 80, why);
  ASSERT_TRUE(check) << why;
  EXPECT_EQ(std::get<ir::HttpCheck>(check->kind), (ir::HttpCheck{"/ping", false}));
  EXPECT_EQ(check->interval, ir::Millis(5000));
  EXPECT_EQ(check->timeout, ir::Millis(2000));
  EXPECT_EQ(check->healthy_threshold, 2u);
  EXPECT_EQ(check->unhealthy_threshold, 3u);

  http.set_protocol(api::PORT_PROTOCOL_HTTP2);
  EXPECT_TRUE(std::get<ir::HttpCheck>(ToHealthCheck(http, Protocol::kHttp2, 80, why)->kind).http2);
  const auto tcp = ToHealthCheck(Check(api::PORT_PROTOCOL_TCP), Protocol::kHttp, 80, why);
  EXPECT_TRUE(std::holds_alternative<ir::TcpCheck>(tcp->kind));
  const auto grpc = ToHealthCheck(Check(api::PORT_PROTOCOL_GRPC), Protocol::kHttp2, 80, why);
  EXPECT_TRUE(std::holds_alternative<ir::GrpcCheck>(grpc->kind));
}

TEST(HealthCheckTest, WhatCannotBeAskedIsNotAsked) {
  const auto refusal = [](const api::HealthCheckPolicy& policy, Protocol protocol) {
    std::string why;
    EXPECT_FALSE(ToHealthCheck(policy, protocol, 80, why));
    return why;
  };
  EXPECT_THAT(refusal(Check(api::PORT_PROTOCOL_GRPC), Protocol::kHttp), HasSubstr("http2 or grpc"));
  EXPECT_THAT(refusal(Check(api::PORT_PROTOCOL_GRPC), Protocol::kTcp), HasSubstr("http2 or grpc"));
  EXPECT_THAT(refusal(Check(api::PORT_PROTOCOL_HTTP), Protocol::kHttp), HasSubstr("path"));
  EXPECT_THAT(refusal(Check(api::PORT_PROTOCOL_UNSPECIFIED), Protocol::kHttp), HasSubstr("protocol"));
  api::HealthCheckPolicy elsewhere = Check(api::PORT_PROTOCOL_TCP);
  elsewhere.set_port(81);
  EXPECT_THAT(refusal(elsewhere, Protocol::kTcp), HasSubstr("port"));
}

TEST(HealthCheckTest, StaysWithinTheRangesOfTheApi) {
  std::string why;
  api::HealthCheckPolicy policy = Check(api::PORT_PROTOCOL_TCP);
  policy.set_interval_millis(0);
  policy.set_timeout_millis(INT64_MAX);
  policy.set_healthy_threshold(0);
  policy.set_unhealthy_threshold(INT32_MAX);
  const auto check = ToHealthCheck(policy, Protocol::kTcp, 80, why);
  ASSERT_TRUE(check);
  EXPECT_EQ(check->interval, ir::Millis(5000));
  EXPECT_EQ(check->timeout, ir::Millis(60000));
  EXPECT_EQ(check->healthy_threshold, 2u);
  EXPECT_EQ(check->unhealthy_threshold, 10u);
}

TEST(OutlierDetectionTest, StaysWithinWhatEnvoyTakes) {
  api::OutlierDetection detection;
  detection.set_max_server_errors(INT64_MAX);
  detection.set_max_ejection_percent(200);
  detection.mutable_interval()->set_value(0);
  detection.mutable_base_ejection_duration()->set_unit(api::DURATION_UNIT_S);
  detection.mutable_base_ejection_duration()->set_value(30);
  EXPECT_EQ(ToOutlierDetection(detection), (ir::OutlierDetection{UINT32_MAX, ir::Millis(1), ir::Millis(30000), 100}));
}

}  // namespace
}  // namespace chancery::compile
