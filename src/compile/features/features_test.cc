// The small translations: matches, retries, timeouts, order of routes, names, domains.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compile/emit/proto.h"
#include "compile/features/matches.h"
#include "compile/features/retry.h"
#include "compile/features/timeouts.h"
#include "compile/names.h"
#include "compile/route_order.h"
#include "compile/virtual_hosts.h"
#include "model/codec.h"

namespace chancery::compile {
namespace {

namespace api = chancery::model;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <typename Message>
Message FromJson(std::string_view text) {
  Message message;
  std::vector<base::Violation> violations;
  EXPECT_TRUE(model::ParseJson(text, message, violations)) << text;
  EXPECT_THAT(violations, IsEmpty());
  return message;
}

struct RetryCase {
  const char* events;
  const char* retry_on;
  std::vector<uint32_t> codes;
};

class RetryTest : public ::testing::TestWithParam<RetryCase> {};

TEST_P(RetryTest, MapsEvents) {
  const auto policy = FromJson<api::HttpRetryPolicy>(
      std::string(R"({"maxRetries":3,"perRetryTimeout":{"unit":"s","value":2},)") + GetParam().events + "}");
  const ir::Retry retry = ToRetry(policy);
  EXPECT_EQ(retry.retry_on, GetParam().retry_on);
  EXPECT_EQ(retry.status_codes, GetParam().codes);
  EXPECT_EQ(retry.num_retries, 3u);
  EXPECT_EQ(retry.per_try_timeout, ir::Millis(2000));
}

INSTANTIATE_TEST_SUITE_P(
    All, RetryTest,
    ::testing::Values(RetryCase{R"("httpRetryEvents":["server-error"])",
                                "reset,retriable-status-codes",
                                {500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511}},
                      RetryCase{
                          R"("httpRetryEvents":["gateway-error"])", "reset,retriable-status-codes", {502, 503, 504}},
                      RetryCase{R"("httpRetryEvents":["client-error"])", "retriable-status-codes", {409}},
                      RetryCase{R"("httpRetryEvents":["stream-error"])", "refused-stream", {}},
                      RetryCase{R"("tcpRetryEvents":["connection-error"])", "connect-failure", {}},
                      // As observed, contract/envoy.md §2.5.
                      RetryCase{R"("httpRetryEvents":["gateway-error","client-error","stream-error"])",
                                "reset,refused-stream,retriable-status-codes",
                                {502, 503, 504, 409}},
                      RetryCase{R"("httpRetryEvents":["client-error","gateway-error","gateway-error"])",
                                "reset,retriable-status-codes",
                                {409, 502, 503, 504}},
                      // An event of the API that Envoy does not know never reaches it.
                      RetryCase{R"("httpRetryEvents":["5xx"])", "", {}}));

TEST(RetryTest, GrpcEvents) {
  const ir::Retry retry = ToRetry(FromJson<api::GrpcRetryPolicy>(
      R"({"maxRetries":0,"grpcRetryEvents":["unavailable","internal"],"tcpRetryEvents":["connection-error"]})"));
  EXPECT_EQ(retry.retry_on, "internal,unavailable,connect-failure");
  EXPECT_EQ(retry.num_retries, 0u);
  EXPECT_EQ(retry.per_try_timeout, std::nullopt);
}

TEST(RetryTest, Default) {
  EXPECT_EQ(DefaultRetry().retry_on, "unavailable,reset,connect-failure,refused-stream,retriable-status-codes");
  EXPECT_EQ(DefaultRetry().num_retries, 2u);
  EXPECT_THAT(DefaultRetry().status_codes, ElementsAre(503));
}

TEST(TimeoutsTest, ZeroDisablesAndAbsentIsLeftOut) {
  const ir::Timeouts timeouts = ToTimeouts(FromJson<api::HttpTimeout>(R"({"perRequest":{"unit":"ms","value":0}})"));
  EXPECT_EQ(timeouts.request, ir::Millis(0));
  EXPECT_EQ(timeouts.idle, std::nullopt);
  EXPECT_EQ(ToMillis(FromJson<api::Duration>(R"({"unit":"s","value":3})")), ir::Millis(3000));
}

std::optional<ir::RouteMatch> MatchOf(const char* json, std::string* why = nullptr) {
  std::string reason;
  auto match = ToMatch(FromJson<api::HttpRouteMatch>(json), reason);
  EXPECT_EQ(match.has_value(), reason.empty());
  if (why != nullptr) *why = reason;
  return match;
}

TEST(MatchesTest, Paths) {
  EXPECT_EQ(MatchOf(R"({"prefix":"/a"})")->path, "/a");
  EXPECT_EQ(MatchOf(R"({"port":80})")->path, "/");
  EXPECT_EQ(MatchOf(R"({"path":{"exact":"/a"}})")->kind, ir::RouteMatch::Path::kExact);
  EXPECT_EQ(MatchOf(R"({"path":{"regex":"/a.*"}})")->kind, ir::RouteMatch::Path::kRegex);
}

TEST(MatchesTest, Headers) {
  using Text = ir::StringMatch;
  const auto match =
      MatchOf(R"({"prefix":"/","headers":[{"name":"e","match":{"exact":"1"}},{"name":"s","match":{"suffix":"2"}},
      {"name":"r","match":{"range":{"start":-1,"end":4}},"invert":true},{"name":"p"},{"name":"a","invert":true}]})");
  ASSERT_EQ(match->headers.size(), 5u);
  EXPECT_EQ(match->headers[0], (ir::HeaderMatch{"e", Text{Text::Kind::kExact, "1"}, false}));
  EXPECT_EQ(match->headers[1], (ir::HeaderMatch{"s", Text{Text::Kind::kSuffix, "2"}, false}));
  EXPECT_EQ(match->headers[2], (ir::HeaderMatch{"r", ir::RangeMatch{-1, 4}, true}));
  EXPECT_EQ(match->headers[3], (ir::HeaderMatch{"p", std::monostate{}, false}));
  EXPECT_EQ(match->headers[4], (ir::HeaderMatch{"a", std::monostate{}, true}));
}

TEST(MatchesTest, MethodAndSchemeAreHeaders) {
  const auto match = MatchOf(R"({"prefix":"/","method":"PATCH","scheme":"https"})");
  ASSERT_EQ(match->headers.size(), 2u);
  EXPECT_EQ(match->headers[0].name, ":method");
  EXPECT_EQ(match->headers[1].name, ":scheme");
}

TEST(MatchesTest, WhatEnvoyWouldRefuseIsNotServed) {
  std::string why;
  EXPECT_FALSE(MatchOf(R"j({"path":{"regex":"(?!a)"}})j", &why));
  EXPECT_THAT(why, HasSubstr("RE2"));
  EXPECT_FALSE(MatchOf(R"j({"path":{"regex":"((a{100}){10})"}})j", &why));
  EXPECT_THAT(why, HasSubstr("Envoys take at most 1000"));
  EXPECT_FALSE(MatchOf(R"({"prefix":"/","headers":[{"name":"a\nb"}]})", &why));
  EXPECT_FALSE(MatchOf(R"({"prefix":"/","queryParameters":[{"name":""}]})", &why));
}

TEST(RouteOrderTest, PriorityThenPathThenName) {
  const auto order = [](const char* path, int32_t priority, const char* name, ir::RouteMatch::Path kind) {
    ir::RouteMatch match;
    match.path = path;
    match.kind = kind;
    return OrderOf(match, priority, name);
  };
  using Path = ir::RouteMatch::Path;
  const int32_t none = RouteOrder::kWithoutPriority;
  std::vector<RouteOrder> routes{order("/", none, "last", Path::kPrefix),   order("/ab", none, "b", Path::kPrefix),
                                 order("/ab", none, "a", Path::kPrefix),    order("/abc", none, "z", Path::kPrefix),
                                 order("/.*", none, "regex", Path::kRegex), order("/", none, "exact", Path::kExact),
                                 order("/", 1000, "late", Path::kPrefix),   order("/", 0, "first", Path::kPrefix)};
  std::sort(routes.begin(), routes.end());
  std::vector<std::string> names;
  for (const RouteOrder& route : routes) names.push_back(route.name);
  EXPECT_THAT(names, ElementsAre("first", "late", "exact", "regex", "z", "a", "b", "last"));
}

TEST(DomainsTest, AreTakenOnceWhateverTheirCase) {
  Domains domains;
  EXPECT_THAT(domains.Take(DomainsOf("A.local", 80)), ElementsAre("A.local", "A.local:80"));
  EXPECT_THAT(domains.Take(DomainsOf("a.LOCAL", 80)), IsEmpty());
  EXPECT_THAT(domains.Take({"b\n.local", "", "b.local"}), ElementsAre("b.local"));
}

TEST(NamesTest, AreThoseOfTheContract) {
  using ir::Protocol;
  EXPECT_EQ(names::IngressListener(false, 15000), "lds_ingress_0.0.0.0_15000");
  EXPECT_EQ(names::EgressListener(false), "lds_egress_0.0.0.0_15001");
  EXPECT_EQ(names::IngressCluster("m", "n_x", Protocol::kHttp, 80), "cds_ingress_m_n_x_http_80");
  EXPECT_EQ(names::EgressCluster("m", "n", Protocol::kGrpc, 80), "cds_egress_m_n_grpc_80");
  EXPECT_EQ(names::SelfRedirectCluster("m", "g", std::nullopt, Protocol::kHttp),
            "cds_ingress_m_g_self_redirect_http_15001");
  EXPECT_EQ(names::SelfRedirectCluster("m", "g", 1111, Protocol::kHttp),
            "cds_ingress_m_g_self_redirect_1111_http_15001");
  EXPECT_EQ(names::AmazonAwsCluster("m"), "cds_egress_m_amazonaws");
  EXPECT_EQ(names::AllowAllCluster("m"), "cds_egress_m_mesh-allow-all");
  EXPECT_EQ(names::IngressStatPrefix(true, Protocol::kHttp, 5555), "ingress.http.5555");
}

TEST(EmitTest, NamesAreEscapedInTheStatisticsTags) {
  EXPECT_EQ(emit::StatsTags("", ""), R"({"tags":[]})");
  EXPECT_EQ(emit::StatsTags("K", "a\"b\\c\n"), R"({"tags":[{"key":"K","value":"a\"b\\c\u000a"}]})");
}

TEST(FragmentTest, HashTellsTypeNameAndBytesApart) {
  const auto base = MakeFragment(FragmentType::kCluster, "ab", "c");
  EXPECT_EQ(base->hash, MakeFragment(FragmentType::kCluster, "ab", "c")->hash);
  EXPECT_NE(base->hash, MakeFragment(FragmentType::kCluster, "a", "bc")->hash);
  EXPECT_NE(base->hash, MakeFragment(FragmentType::kRoute, "ab", "c")->hash);
  const auto sorted = MakeFragment(FragmentType::kRoute, "r", "", {.clusters = {"b", "a", "b"}});
  EXPECT_THAT(sorted->clusters, ElementsAre("a", "b"));
}

}  // namespace
}  // namespace chancery::compile
