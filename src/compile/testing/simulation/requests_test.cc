// The parts of a request that virtual hosts and routes look at, one by one.

#include <envoy/config/route/v3/route.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <array>

#include "compile/testing/simulation/headers.h"
#include "compile/testing/simulation/hosts.h"
#include "compile/testing/simulation/routes.h"
#include "compile/testing/simulation/text.h"

namespace chancery::compile::testing {
namespace {

namespace v3 = envoy::config::route::v3;

template <typename Message>
Message FromJson(const std::string& text) {
  Message message;
  const auto status = google::protobuf::util::JsonStringToMessage(text, &message);
  EXPECT_TRUE(status.ok()) << status.ToString() << " in " << text;
  return message;
}

std::string HostFor(std::string_view name) {
  const auto config = FromJson<v3::RouteConfiguration>(R"({"virtual_hosts": [
    {"name": "any", "domains": ["*"]},
    {"name": "exact", "domains": ["a.example.org", "A.example.org:8080"]},
    {"name": "suffix", "domains": ["*.example.org"]},
    {"name": "longer", "domains": ["*.b.example.org", "*b.example.org:8080"]},
    {"name": "prefix", "domains": ["c.*"]}]})");
  return ChooseVirtualHost(config, name)->name();
}

TEST(HostsTest, ExactThenLongestSuffixThenPrefixThenAny) {
  EXPECT_EQ(HostFor("a.example.org"), "exact");
  EXPECT_EQ(HostFor("A.EXAMPLE.ORG"), "exact");
  EXPECT_EQ(HostFor("x.example.org"), "suffix");
  EXPECT_EQ(HostFor("x.b.example.org"), "longer");
  EXPECT_EQ(HostFor("c.example.org"), "suffix");
  EXPECT_EQ(HostFor("c.example.com"), "prefix");
  EXPECT_EQ(HostFor("example.org"), "any");
  EXPECT_EQ(HostFor(".example.org"), "any") << "a wildcard stands for one character at least";
}

TEST(HostsTest, ThePortIsAPartOfTheName) {
  EXPECT_EQ(HostFor("a.example.org:8080"), "exact");
  EXPECT_EQ(HostFor("a.example.org:8081"), "any");
  EXPECT_EQ(HostFor("xb.example.org:8080"), "longer");
}

TEST(HostsTest, NoneWithoutAnAsterisk) {
  const auto config = FromJson<v3::RouteConfiguration>(R"({"virtual_hosts": [{"name": "a", "domains": ["a"]}]})");
  EXPECT_EQ(ChooseVirtualHost(config, "b"), nullptr);
}

struct HeaderCase {
  const char* matcher;
  const char* value;  // null: the request does not have it
  bool matches;
  bool inverted;  // what the same matcher says with invert_match
};

TEST(HeadersTest, EveryKindWithAndWithoutInvert) {
  const HeaderCase cases[] = {
      {R"("string_match": {"exact": "a"})", "a", true, false},
      {R"("string_match": {"exact": "a"})", "b", false, true},
      {R"("string_match": {"exact": "a"})", "A", false, true},
      {R"("string_match": {"exact": "a"})", nullptr, false, false},
      {R"("string_match": {"prefix": "a"})", "ab", true, false},
      {R"("string_match": {"prefix": "a"})", "ba", false, true},
      {R"("string_match": {"prefix": "a"})", nullptr, false, false},
      {R"("string_match": {"suffix": "a"})", "ba", true, false},
      {R"("string_match": {"suffix": "a"})", nullptr, false, false},
      {R"("string_match": {"safe_regex": {"regex": "re"}})", "re", true, false},
      {R"("string_match": {"safe_regex": {"regex": "re"}})", "red", false, true},
      {R"("string_match": {"safe_regex": {"regex": ".*re.*"}})", "red", true, false},
      {R"("string_match": {"safe_regex": {"regex": ".*"}})", nullptr, false, false},
      {R"("range_match": {"start": 1, "end": 5})", "1", true, false},
      {R"("range_match": {"start": 1, "end": 5})", "5", false, true},
      {R"("range_match": {"start": 1, "end": 5})", "4x", false, true},
      {R"("range_match": {"start": -5, "end": 5})", "-2", true, false},
      {R"("range_match": {"start": 1, "end": 5})", nullptr, false, false},
      {R"("present_match": true)", "", true, false},
      {R"("present_match": true)", nullptr, false, true},
  };
  for (const HeaderCase& each : cases) {
    Request request;
    if (each.value != nullptr) request.Set("x", each.value);
    auto matcher = FromJson<v3::HeaderMatcher>(std::string(R"({"name": "X", )") + each.matcher + "}");
    const auto matches = [&] {
      EXPECT_EQ(Matches(matcher, request, RepeatedHeaders::kJoined), Matches(matcher, request, RepeatedHeaders::kEach));
      return Matches(matcher, request, RepeatedHeaders::kJoined);
    };
    EXPECT_EQ(matches(), each.matches) << each.matcher << " of " << (each.value ? each.value : "none");
    matcher.set_invert_match(true);
    EXPECT_EQ(matches(), each.inverted) << "not " << each.matcher;
  }
}

TEST(HeadersTest, SeveralValuesAreOneOrSince139Each) {
  struct Case {
    const char* matcher;
    std::array<bool, 2> matches;  // joined, each
  };
  // Of "b" and "3"; as the oldest and the newest Envoy did it.
  const Case cases[] = {
      {R"("string_match": {"exact": "b"})", {false, true}},
      {R"("string_match": {"exact": "b,3"})", {true, false}},
      {R"("string_match": {"prefix": "3"})", {false, true}},
      {R"("string_match": {"suffix": "b"})", {false, true}},
      {R"("range_match": {"start": 1, "end": 5})", {false, true}},
      {R"("present_match": true)", {true, true}},
      {R"("string_match": {"safe_regex": {"regex": "[a-z]"}})", {false, true}},
  };
  Request request;
  request.headers = {{"x", "b"}, {"x", "3"}};
  EXPECT_EQ(request.Value("x"), "b,3");
  for (const Case& each : cases) {
    auto matcher = FromJson<v3::HeaderMatcher>(std::string(R"({"name": "X", )") + each.matcher + "}");
    for (const bool invert : {false, true}) {
      matcher.set_invert_match(invert);
      EXPECT_EQ(Matches(matcher, request, RepeatedHeadersOf(38)), each.matches[0] != invert) << each.matcher;
      EXPECT_EQ(Matches(matcher, request, RepeatedHeadersOf(39)), each.matches[1] != invert) << each.matcher;
    }
  }
}

TEST(HeadersTest, QueryParameters) {
  const auto exact = FromJson<v3::QueryParameterMatcher>(R"({"name": "q", "string_match": {"exact": "1"}})");
  const auto present = FromJson<v3::QueryParameterMatcher>(R"({"name": "q", "present_match": true})");
  const auto check = [&](const char* path) {
    Request request{.path = path};
    return std::pair(Matches(exact, request), Matches(present, request));
  };
  EXPECT_EQ(check("/?q=1"), std::pair(true, true));
  EXPECT_EQ(check("/?a=b&q=1&q=2"), std::pair(true, true));
  EXPECT_EQ(check("/?q=2&q=1"), std::pair(false, true));
  EXPECT_EQ(check("/?q"), std::pair(false, true));
  EXPECT_EQ(check("/?qq=1"), std::pair(false, false));
  EXPECT_EQ(check("/q=1"), std::pair(false, false));
}

TEST(HeadersTest, GrpcIsTheContentType) {
  const auto check = [](const char* type) {
    Request request;
    request.Set("content-type", type);
    return IsGrpc(request);
  };
  EXPECT_TRUE(check("application/grpc"));
  EXPECT_TRUE(check("application/grpc+proto"));
  EXPECT_FALSE(check("application/grpc-web"));
  EXPECT_FALSE(check("application/json"));
}

TEST(PathsTest, AreNormalized) {
  const std::pair<const char*, const char*> cases[] = {
      {"/", "/"},
      {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/a/..", "/"},
      {"/../a", "/a"},
      {"/a/.", "/a/"},
      {"//a///b/", "/a/b/"},
      {"/a\\b", "/a/b"},
      {"/%61", "/a"},
      {"/%2e%2e/a", "/a"},
      {"/a%2Fb", "/a%2Fb"},
      {"/a/..?x=/../y", "/?x=/../y"},
      {"/a//b?c", "/a/b?c"},
      {"/%7e%20", "/~%20"},
  };
  for (const auto& [from, to] : cases) EXPECT_EQ(Normalized(from, true), to) << from;
  EXPECT_EQ(Normalized("//a", false), "//a");
}

std::string Rewritten(const std::string& match, const std::string& action, const std::string& path) {
  const auto route =
      FromJson<v3::Route>("{\"match\": {" + match + "}, \"route\": {\"cluster\": \"c\", " + action + "}}");
  Request request{.host = "asked", .path = path};
  Rewrite(route, request);
  return request.host + request.path;
}

TEST(RewriteTest, PrefixPathAndRegex) {
  const std::string prefix = R"("prefix_rewrite": "/pre")";
  EXPECT_EQ(Rewritten(R"("prefix": "/v/")", prefix, "/v/a?q=1"), "asked/prea?q=1");
  EXPECT_EQ(Rewritten(R"("path": "/e")", prefix, "/e?q=1"), "asked/pre?q=1");
  EXPECT_EQ(Rewritten(R"("safe_regex": {"regex": "/x[0-9]+"})", prefix, "/x12?q"), "asked/pre?q");
  const std::string regex = R"("regex_rewrite": {"pattern": {"regex": "^/a/(.*)$"}, "substitution": "/b/\\1"})";
  EXPECT_EQ(Rewritten(R"("prefix": "/")", regex, "/a/x?q"), "asked/b/x?q");
  EXPECT_EQ(Rewritten(R"("prefix": "/")", R"("host_rewrite_literal": "new")", "/"), "new/");
}

TEST(RewriteTest, AHeaderIsSetOverTheClientsOwnOrBesideIt) {
  const auto route = [](const char* how) {
    return FromJson<v3::Route>(std::string(R"({"request_headers_to_add": [{"header": {"key": "X", "value": "ours"},
      "append_action": ")") + how +
                               "\"}]}");
  };
  const auto value = [](const v3::Route& added) {
    Request request{.headers = {{"x", "forged"}}};
    Rewrite(added, request);
    return request.Value("x");
  };
  EXPECT_EQ(value(route("OVERWRITE_IF_EXISTS_OR_ADD")), "ours");
  EXPECT_EQ(value(route("APPEND_IF_EXISTS_OR_ADD")), "forged,ours");
  EXPECT_EQ(value(route("ADD_IF_ABSENT")), "forged");
}

}  // namespace
}  // namespace chancery::compile::testing
