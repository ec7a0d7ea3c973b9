// Where calls go, story by story: contract/envoy.md §2 read as a user would tell it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/testing/simulation/simulate.h"
#include "compile/testing/world.h"

namespace chancery::compile::testing {
namespace {

using ::testing::HasSubstr;

std::string NodeSpec(std::string_view protocol, int port, std::string_view more = "") {
  return R"({"listeners": [{"portMapping": {"port": )" + std::to_string(port) + R"(, "protocol": ")" +
         std::string(protocol) + R"("}}], "serviceDiscovery": {"dns": {"hostname": "x.shop.local"}})" +
         std::string(more) + "}";
}

std::string Backends(std::initializer_list<const char*> names) {
  std::string list;
  for (const char* name : names) {
    list += (list.empty() ? "" : ",") + std::string(R"({"virtualService": {"virtualServiceName": ")") + name + "\"}}";
  }
  return R"({"backends": [)" + list + "]}";
}

std::string ByRouter(const std::string& name) {
  return R"({"provider": {"virtualRouter": {"virtualRouterName": ")" + name + "\"}}}";
}

std::string ByNode(const std::string& name) {
  return R"({"provider": {"virtualNode": {"virtualNodeName": ")" + name + "\"}}}";
}

std::string RouterSpec(std::string_view protocol, int port) {
  return R"({"listeners": [{"portMapping": {"port": )" + std::to_string(port) + R"(, "protocol": ")" +
         std::string(protocol) + "\"}}]}";
}

// An httpRoute to one node.
std::string To(const std::string& node, const std::string& match, const std::string& more = "") {
  return R"({"httpRoute": {"match": {)" + match + R"(}, "action": {"weightedTargets": [{"virtualNode": ")" + node +
         R"(", "weight": 1}]}})" + more + "}";
}

std::string Cluster(const std::string& node, const std::string& protocol = "http", int port = 80) {
  return "cds_egress_shop_" + node + "_" + protocol + "_" + std::to_string(port);
}

// A client of api.local, whose router listens on 80 and has nodes a, b and c behind it.
World Shop(std::string_view mesh = "{}") {
  World world;
  world.Mesh(mesh).Node("client", Backends({"api.local"}));
  for (const char* node : {"a", "b", "c"}) world.Node(node, NodeSpec("http", 80));
  return std::move(world.Router("api", RouterSpec("http", 80)).Service("api.local", ByRouter("api")));
}

constexpr char kAllowAll[] = R"({"egressFilter": {"type": "ALLOW_ALL"}})";
constexpr char kPassThrough[] = "cds_egress_shop_mesh-allow-all";
constexpr char kAmazon[] = "cds_egress_shop_amazonaws";

// §2.2: the egress filter.

TEST(EgressFilterStory, DropAllClosesWhatIsNoBackendAndAnswers404ToAnUnknownHost) {
  const ProxyConfig client = Shop().Route("api", "all", To("a", R"("prefix": "/")")).CompileNode("client");
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/")), Cluster("a"));
  EXPECT_EQ(Where(client, Out(80).Get("example.org", "/")), "404");
  EXPECT_EQ(Where(client, Out(81).Get("api.local", "/")), "closed: no chain");
  EXPECT_EQ(Where(client, Out(5432).Bytes()), "closed: no chain");
  EXPECT_EQ(Where(client, Out(443).Tls("example.org")), "closed: no chain");
}

TEST(EgressFilterStory, AmazonIsAlwaysReachedOverTls) {
  const ProxyConfig client = Shop().CompileNode("client");
  EXPECT_EQ(Where(client, Out(443).Tls("s3.us-east-1.amazonaws.com")), kAmazon);
  EXPECT_EQ(Where(client, Out(443).Tls("X.S3.AmazonAWS.com")), kAmazon);
  EXPECT_EQ(Where(client, Out(443).Tls("amazonaws.com")), "closed: no chain");
  EXPECT_EQ(Where(client, Out(443).Tls("amazonaws.com.cn")), "closed: no chain");
  EXPECT_EQ(Where(client, Out(443).Get("s3.amazonaws.com", "/")), "closed: no chain") << "plaintext has no SNI";
  EXPECT_EQ(Where(client, Out(8443).Tls("s3.amazonaws.com")), "closed: no chain") << "port 443 alone";
}

TEST(EgressFilterStory, AllowAllPassesEverythingElse) {
  const ProxyConfig client = Shop(kAllowAll).Route("api", "all", To("a", R"("prefix": "/")")).CompileNode("client");
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/")), Cluster("a"));
  EXPECT_EQ(Where(client, Out(80).Get("example.org", "/x")), kPassThrough);
  EXPECT_EQ(Simulate(client, Out(80).Get("example.org", "/")).last().virtual_host, "mesh_allow_all");
  EXPECT_EQ(Where(client, Out(8080).Get("example.org", "/")), kPassThrough);
  EXPECT_EQ(Where(client, Out(3306).Waits()), kPassThrough) << "the server speaks first";
  EXPECT_EQ(Where(client, Out(443).Tls("example.org")), kPassThrough);
  EXPECT_EQ(Where(client, Out(443).Tls("s3.amazonaws.com")), kAmazon);
  EXPECT_EQ(Where(client, Out(443).Bytes()), kPassThrough);
}

TEST(EgressFilterStory, AnHttpBackendOn443LeavesTlsToTheOthers) {
  for (const bool all : {false, true}) {
    World world;
    world.Mesh(all ? kAllowAll : "{}").Node("client", Backends({"pay.local"}));
    const ProxyConfig client =
        world.Node("pay", NodeSpec("http", 443)).Service("pay.local", ByNode("pay")).CompileNode("client");
    EXPECT_EQ(Where(client, Out(443).Get("pay.local", "/")), Cluster("pay", "http", 443));
    EXPECT_EQ(Where(client, Out(443).Tls("s3.amazonaws.com")), kAmazon);
    EXPECT_EQ(Where(client, Out(443).Tls("example.org")), all ? kPassThrough : "closed: no chain");
    EXPECT_EQ(Where(client, Out(443).Get("example.org", "/")), all ? kPassThrough : "404");
  }
}

TEST(EgressFilterStory, ATcpBackendOn443TakesAllButAmazon) {
  for (const bool all : {false, true}) {
    World world;
    world.Mesh(all ? kAllowAll : "{}").Node("client", Backends({"pay.local"}));
    const ProxyConfig client =
        world.Node("pay", NodeSpec("tcp", 443)).Service("pay.local", ByNode("pay")).CompileNode("client");
    EXPECT_EQ(Where(client, Out(443).Tls("pay.local")), Cluster("pay", "tcp", 443));
    EXPECT_EQ(Where(client, Out(443).Bytes()), Cluster("pay", "tcp", 443));
    EXPECT_EQ(Where(client, Out(443).Tls("s3.amazonaws.com")), kAmazon);
  }
}

TEST(EgressFilterStory, IPv6PassesToo) {
  World world;
  world.Mesh(R"({"egressFilter": {"type": "ALLOW_ALL"}, "serviceDiscovery": {"ipPreference": "IPv6_PREFERRED"}})");
  const ProxyConfig client = world.Node("client", "{}").CompileNode("client");
  for (const char* address : {"10.0.0.1", "2001:db8::1"}) {
    EXPECT_EQ(Where(client, Out(8080).At(address).Bytes()), kPassThrough) << address;
    EXPECT_EQ(Where(client, Out(443).At(address).Tls("s3.amazonaws.com")), kAmazon) << address;
  }
}

// §2.3: the node's own listeners.

TEST(IngressStory, EveryListenerHasItsChainAndItsApplication) {
  World world;
  const ProxyConfig node = world.Mesh()
                               .Node("n", R"({"listeners": [{"portMapping": {"port": 8080, "protocol": "http"}},
                                 {"portMapping": {"port": 9090, "protocol": "grpc"}},
                                 {"portMapping": {"port": 6379, "protocol": "tcp"}}]})")
                               .CompileNode("n");
  EXPECT_EQ(Where(node, In(8080).Get("anything:1234", "/x")), "cds_ingress_shop_n_http_8080");
  EXPECT_EQ(Where(node, In(9090).Grpc("n", "/a.B/C")), "cds_ingress_shop_n_grpc_9090");
  EXPECT_EQ(Where(node, In(6379).Waits()), "cds_ingress_shop_n_tcp_6379");
  EXPECT_EQ(Where(node, In(7000).Get("n", "/")), "closed: no chain");
  EXPECT_EQ(Simulate(node, In(8080).Get("n", "/")).last().stat_prefix, "ingress.http.8080");
  EXPECT_EQ(Simulate(node, In(6379).Bytes()).last().stat_prefix, "ingress.tcp.6379");
}

TEST(IngressStory, ANodeWithoutListenersTakesNothing) {
  EXPECT_EQ(Where(Shop().CompileNode("client"), In(80).Get("x", "/")), "closed: no listener");
}

TEST(IngressStory, WebSocketsPassHttpListenersAlone) {
  World world;
  const ProxyConfig node = world.Mesh()
                               .Node("n", R"({"listeners": [{"portMapping": {"port": 80, "protocol": "http"}},
                                 {"portMapping": {"port": 81, "protocol": "http2"}}]})")
                               .CompileNode("n");
  EXPECT_EQ(Where(node, In(80).Get("n", "/").WebSocket()), "cds_ingress_shop_n_http_80");
  EXPECT_EQ(Where(node, In(81).Get("n", "/").WebSocket()), "403 upgrade refused");
}

TEST(IngressStory, TheListenersTimeoutsAreThoseOfItsRoute) {
  World world;
  const std::string timeouts = R"("timeout": {"http": {"perRequest": {"unit": "s", "value": 30},
    "idle": {"unit": "s", "value": 0}}}}], "serviceDiscovery": {"dns": {"hostname": "x"}}})";
  const ProxyConfig node =
      world.Mesh()
          .Node("n", R"({"listeners": [{"portMapping": {"port": 80, "protocol": "http"}, )" + timeouts)
          .CompileNode("n");
  const Hop hop = Simulate(node, In(80).Get("n", "/")).last();
  EXPECT_EQ(hop.timeout_millis, 30'000);
  EXPECT_EQ(hop.idle_millis, 0);
  EXPECT_EQ(hop.retry_on, "");
}

// §2.4: virtual services and their routes.

TEST(RoutesStory, WeightsAreKeptAndAZeroStays) {
  const ProxyConfig client =
      Shop()
          .Route("api", "split", R"({"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": [
            {"virtualNode": "a", "weight": 90}, {"virtualNode": "b", "weight": 10},
            {"virtualNode": "c", "weight": 0}]}}})")
          .CompileNode("client");
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/")),
            Cluster("a") + ":90 " + Cluster("b") + ":10 " + Cluster("c") + ":0");
}

TEST(RoutesStory, AnExplicitPriorityComesBeforeNoneAndALongPrefixBeforeAShortOne) {
  const ProxyConfig client = Shop()
                                 .Route("api", "rest", To("a", R"("prefix": "/")"))
                                 .Route("api", "long", To("b", R"("prefix": "/orders")"))
                                 .Route("api", "first", To("c", R"("prefix": "/orders/big")", R"(, "priority": 0)"))
                                 .Route("api", "last", To("a", R"("prefix": "/or")", R"(, "priority": 1000)"))
                                 .CompileNode("client");
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/orders/big/1")), Cluster("c"));
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/orders/small")), Cluster("a")) << "the short one has a priority";
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/x")), Cluster("a"));
}

TEST(RoutesStory, EveryHeaderMatchAndItsInverse) {
  struct Row {
    const char* match;
    const char* value;  // null: not sent
    bool taken;
  };
  const Row rows[] = {
      {R"({"name": "x", "match": {"exact": "v"}})", "v", true},
      {R"({"name": "x", "match": {"exact": "v"}})", "w", false},
      {R"({"name": "x", "match": {"exact": "v"}})", nullptr, false},
      {R"({"name": "x", "invert": true, "match": {"exact": "v"}})", "w", true},
      {R"({"name": "x", "invert": true, "match": {"exact": "v"}})", "v", false},
      {R"({"name": "x", "invert": true, "match": {"exact": "v"}})", nullptr, false},
      {R"({"name": "x", "match": {"prefix": "v"}})", "vw", true},
      {R"({"name": "x", "invert": true, "match": {"prefix": "v"}})", "wv", true},
      {R"({"name": "x", "match": {"suffix": "v"}})", "wv", true},
      {R"({"name": "x", "invert": true, "match": {"suffix": "v"}})", "wv", false},
      {R"({"name": "x", "match": {"regex": "redor.*"}})", "redorange", true},
      {R"({"name": "x", "match": {"regex": "red"}})", "redorange", false},
      {R"({"name": "x", "invert": true, "match": {"regex": "red"}})", "redorange", true},
      {R"({"name": "x", "match": {"range": {"start": 1, "end": 5}}})", "4", true},
      {R"({"name": "x", "match": {"range": {"start": 1, "end": 5}}})", "5", false},
      {R"({"name": "x", "invert": true, "match": {"range": {"start": 1, "end": 5}}})", "5", true},
      {R"({"name": "x"})", "", true},
      {R"({"name": "x"})", nullptr, false},
      {R"({"name": "x", "invert": true})", nullptr, true},
      {R"({"name": "x", "invert": true})", "v", false},
  };
  for (const Row& row : rows) {
    const ProxyConfig client =
        Shop()
            .Route("api", "header",
                   To("b", std::string(R"("prefix": "/", "headers": [)") + row.match + "]", R"(, "priority": 1)"))
            .Route("api", "rest", To("a", R"("prefix": "/")"))
            .CompileNode("client");
    Call call = Out(80).Get("api.local", "/");
    if (row.value != nullptr) call.With("X", row.value);
    EXPECT_EQ(Where(client, call), Cluster(row.taken ? "b" : "a"))
        << row.match << " with " << (row.value != nullptr ? row.value : "none");
  }
}

TEST(RoutesStory, PathsMethodsAndQueryParameters) {
  const ProxyConfig client =
      Shop()
          .Route("api", "exact", To("b", R"("path": {"exact": "/e"})"))
          .Route("api", "regex", To("b", R"("path": {"regex": "/r[0-9]+"})"))
          .Route("api", "query", To("b", R"("prefix": "/q", "method": "POST", "queryParameters": [
            {"name": "a", "match": {"exact": "1"}}, {"name": "b"}])"))
          .CompileNode("client");
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/e?x=1")), Cluster("b"));
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/e/")), "404");
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/r12?q")), Cluster("b"));
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/r12/x")), "404") << "the whole path must match";
  EXPECT_EQ(Where(client, Out(80).Send("POST", "api.local", "/q?b&a=1")), Cluster("b"));
  EXPECT_EQ(Where(client, Out(80).Send("POST", "api.local", "/q?b&a=2")), "404");
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/q?b&a=1")), "404") << "not that method";
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/x/../e")), Cluster("b")) << "paths are normalized";
}

TEST(RoutesStory, AServiceIsFoundByItsNameWithAndWithoutThePortOfTheChain) {
  const ProxyConfig client = Shop().Route("api", "all", To("a", R"("prefix": "/")")).CompileNode("client");
  EXPECT_EQ(Where(client, Out(80).Get("API.Local", "/")), Cluster("a"));
  EXPECT_EQ(Where(client, Out(80).Get("api.local:80", "/")), Cluster("a"));
  EXPECT_EQ(Where(client, Out(80).Get("api.local:1234", "/")), "404");
  EXPECT_EQ(Where(client, Out(80).Get("api", "/")), "404") << "a short name is another name";
  EXPECT_EQ(Simulate(client, Out(80).Get("api.local:80", "/")).last().host, "api.local:80") << "no host rewrite";
}

TEST(RoutesStory, TheRoutersPortIsTheOneToCallAndTheNodesTheOneThatAnswers) {
  World world;
  world.Mesh().Node("client", Backends({"api.local"})).Node("a", NodeSpec("http", 9080));
  const ProxyConfig client = world.Router("api", RouterSpec("http", 80))
                                 .Service("api.local", ByRouter("api"))
                                 .Route("api", "all", To("a", R"("prefix": "/")"))
                                 .CompileNode("client");
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/")), Cluster("a", "http", 9080));
  EXPECT_EQ(Where(client, Out(9080).Get("api.local", "/")), "closed: no chain");
}

// The API refuses such routes; of what is stored all the same none is lost.
TEST(RoutesStory, ARouteWithoutAPortIsForEveryListener) {
  World world;
  world.Mesh()
      .Node("client", Backends({"api.local"}))
      .Node("a", NodeSpec("http", 9080))
      .Service("api.local", ByRouter("api"));
  const ProxyConfig client = world
                                 .Router("api", R"({"listeners": [{"portMapping": {"port": 80, "protocol": "http"}},
    {"portMapping": {"port": 90, "protocol": "http"}}, {"portMapping": {"port": 91, "protocol": "http2"}}]})")
                                 .Route("api", "all", To("a", R"("prefix": "/")"))
                                 .CompileNode("client");
  EXPECT_EQ(Where(client, Out(80).Get("api.local", "/")), Cluster("a", "http", 9080));
  EXPECT_EQ(Where(client, Out(90).Get("api.local", "/")), Cluster("a", "http", 9080));
  EXPECT_EQ(Where(client, Out(91).Get("api.local", "/")), "closed: no chain") << "of another protocol";
}

TEST(RoutesStory, GrpcByServiceMethodAndMetadata) {
  World world;
  world.Mesh()
      .Node("client", Backends({"color.local"}))
      .Node("a", NodeSpec("grpc", 80))
      .Node("b", NodeSpec("grpc", 80));
  const auto route = [](const std::string& node, const std::string& match) {
    return R"({"grpcRoute": {"match": {)" + match + R"(}, "action": {"weightedTargets": [{"virtualNode": ")" + node +
           R"(", "weight": 1}]}}})";
  };
  const ProxyConfig client =
      world.Router("color", RouterSpec("grpc", 80))
          .Service("color.local", ByRouter("color"))
          .Route("color", "get", route("a", R"("serviceName": "c.Color", "methodName": "Get")"))
          .Route("color", "rest", route("b", R"("serviceName": "c.Color", "metadata": [{"name": "k"}])"))
          .CompileNode("client");
  EXPECT_EQ(Where(client, Out(80).Grpc("color.local", "/c.Color/Get")), Cluster("a", "grpc"));
  EXPECT_EQ(Where(client, Out(80).Grpc("color.local", "/c.Color/Set").With("k", "1")), Cluster("b", "grpc"));
  EXPECT_EQ(Where(client, Out(80).Grpc("color.local", "/c.Color/Set")), "404, grpc-status 12");
  EXPECT_EQ(Where(client, Out(80).Grpc("color.local", "/c.Colors/Get")), "404, grpc-status 12");
  EXPECT_EQ(Where(client, Out(80).Send("POST", "color.local", "/c.Color/Get")), "404") << "no gRPC content type";
  EXPECT_EQ(
      Where(client, Out(80).Send("POST", "color.local", "/c.Color/Get").With("content-type", "application/grpc+x")),
      Cluster("a", "grpc"));
}

TEST(RoutesStory, TcpSplitsWithoutTheTargetsOfWeightZero) {
  World world;
  world.Mesh().Node("client", Backends({"db.local"}));
  for (const char* node : {"a", "b", "c"}) world.Node(node, NodeSpec("tcp", 5432));
  const ProxyConfig client =
      world.Router("db", RouterSpec("tcp", 5432))
          .Service("db.local", ByRouter("db"))
          .Route("db", "split",
                 R"({"tcpRoute": {"timeout": {"idle": {"unit": "s", "value": 60}}, "action": {"weightedTargets": [
            {"virtualNode": "a", "weight": 9}, {"virtualNode": "b", "weight": 1}, {"virtualNode": "c", "weight": 0}]}}})")
          .CompileNode("client");
  EXPECT_EQ(Where(client, Out(5432).Waits()), Cluster("a", "tcp", 5432) + ":9 " + Cluster("b", "tcp", 5432) + ":1");
  EXPECT_EQ(Simulate(client, Out(5432).Bytes()).last().idle_millis, 60'000);
}

// §2.5: timeouts and retries.

TEST(RetriesStory, TheDefaultsAndAPolicyOfOnesOwn) {
  const std::string own =
      R"("timeout": {"perRequest": {"unit": "ms", "value": 2500}, "idle": {"unit": "s", "value": 9}},
    "retryPolicy": {"httpRetryEvents": ["gateway-error"], "maxRetries": 0, "perRetryTimeout": {"unit": "s", "value": 1}},
    "action": {"weightedTargets": [{"virtualNode": "a", "weight": 1}]})";
  const ProxyConfig client = Shop()
                                 .Route("api", "own", R"({"httpRoute": {"match": {"prefix": "/own"}, )" + own + "}}")
                                 .Route("api", "rest", To("a", R"("prefix": "/")"))
                                 .CompileNode("client");
  const Hop defaults = Simulate(client, Out(80).Get("api.local", "/")).last();
  EXPECT_EQ(defaults.timeout_millis, 15'000);
  EXPECT_EQ(defaults.idle_millis, 300'000);
  EXPECT_EQ(defaults.retry_on, "unavailable,reset,connect-failure,refused-stream,retriable-status-codes");
  EXPECT_EQ(defaults.retries, 2u);
  const Hop hop = Simulate(client, Out(80).Get("api.local", "/own")).last();
  EXPECT_EQ(hop.timeout_millis, 2'500);
  EXPECT_EQ(hop.idle_millis, 9'000);
  EXPECT_EQ(hop.retry_on, "reset,retriable-status-codes");
  EXPECT_EQ(hop.retries, 0u);
  EXPECT_EQ(hop.per_try_millis, 1'000);
}

// §2.7: gateways, which a request passes twice.

// A gateway "edge" on 8088; a.local and b.local have the nodes a and b behind them.
World Edge() {
  World world;
  world.Mesh().Gateway("edge", R"({"listeners": [{"portMapping": {"port": 8088, "protocol": "http"}}]})");
  for (const std::string node : {"a", "b"}) {
    world.Node(node, NodeSpec("http", 80)).Service(node + ".local", ByNode(node));
  }
  return world;
}

std::string GatewayRouteTo(const std::string& service, const std::string& match, const std::string& rewrite = "") {
  return R"({"httpRoute": {"match": {)" + match + R"(}, "action": {)" +
         (rewrite.empty() ? "" : R"("rewrite": {)" + rewrite + "}, ") +
         R"("target": {"virtualService": {"virtualServiceName": ")" + service + "\"}}}}}";
}

constexpr char kKeepHost[] = R"("hostname": {"defaultTargetHostname": "DISABLED"})";

// What the application is sent.
std::string Sent(const ProxyConfig& config, const Call& call) {
  const Outcome outcome = Simulate(config, call);
  return outcome.end == End::kForwarded ? outcome.last().host + outcome.last().path : outcome.Short();
}

TEST(GatewayStory, ARequestPassesTwice) {
  const ProxyConfig edge =
      Edge().GatewayRoute("edge", "a", GatewayRouteTo("a.local", R"("prefix": "/")")).CompileGateway("edge");
  const Outcome outcome = Simulate(edge, testing::To(8088).Get("shop.example.org", "/x"));
  ASSERT_EQ(outcome.hops.size(), 2u);
  EXPECT_EQ(outcome.hops[0].virtual_host, "self_redirect");
  EXPECT_EQ(outcome.hops[0].choices[0].cluster, "cds_ingress_shop_edge_self_redirect_http_15001");
  EXPECT_EQ(outcome.hops[0].retry_on, "");
  EXPECT_EQ(outcome.hops[1].virtual_host, "a.local");
  EXPECT_EQ(outcome.hops[1].retries, 2u);
  EXPECT_EQ(outcome.Short(), Cluster("a"));
  EXPECT_EQ(HeaderOf(outcome.last().headers, "x-envoy-original-host"), "shop.example.org");
  EXPECT_THAT(outcome.Text(), HasSubstr("lds_ingress_0.0.0.0_8088 chain 0 (ingress) > rds_ingress_http_8088"));
}

TEST(GatewayStory, APrefixIsCutOffAndIsNoPathSegment) {
  const ProxyConfig edge =
      Edge().GatewayRoute("edge", "a", GatewayRouteTo("a.local", R"("prefix": "/orders")")).CompileGateway("edge");
  const auto sent = [&](const char* path) { return Sent(edge, testing::To(8088).Get("x", path)); };
  EXPECT_EQ(sent("/orders"), "a.local/");
  EXPECT_EQ(sent("/orders/"), "a.local/");
  EXPECT_EQ(sent("/orders/1"), "a.local/1");
  EXPECT_EQ(sent("/orders?x"), "a.local/?x");
  EXPECT_EQ(sent("/ordersX"), "a.local/X");
  EXPECT_EQ(sent("/order"), "404");
}

TEST(GatewayStory, Rewrites) {
  const ProxyConfig edge =
      Edge()
          .GatewayRoute("edge", "value",
                        GatewayRouteTo("a.local", R"("prefix": "/v/")", R"("prefix": {"value": "/new/"})"))
          .GatewayRoute("edge", "keep",
                        GatewayRouteTo("a.local", R"("prefix": "/keep")", R"("prefix": {"defaultPrefix": "DISABLED"})"))
          .GatewayRoute("edge", "exact",
                        GatewayRouteTo("a.local", R"("path": {"exact": "/e"})", R"("path": {"exact": "/new"})"))
          .GatewayRoute("edge", "regex",
                        GatewayRouteTo("a.local", R"("path": {"regex": "/x[0-9]+"})", R"("path": {"exact": "/x"})"))
          .GatewayRoute("edge", "as-is", GatewayRouteTo("a.local", R"("path": {"exact": "/plain"})"))
          .GatewayRoute("edge", "host", GatewayRouteTo("b.local", R"("prefix": "/host/")", kKeepHost))
          .CompileGateway("edge");
  const auto sent = [&](const char* path) { return Sent(edge, testing::To(8088).Get("asked.org", path)); };
  EXPECT_EQ(sent("/v/1?q"), "a.local/new/1?q");
  EXPECT_EQ(sent("/keep/1"), "a.local/keep/1");
  EXPECT_EQ(sent("/e?q=1"), "a.local/new?q=1");
  EXPECT_EQ(sent("/x42?q"), "a.local/x?q");
  EXPECT_EQ(sent("/plain?q"), "a.local/plain?q");
  EXPECT_EQ(sent("/host/1"), "asked.org/1");
}

TEST(GatewayStory, AKeptHostFindsItsServiceByAHeaderThatNobodyCanForge) {
  const ProxyConfig edge = Edge()
                               .GatewayRoute("edge", "a", GatewayRouteTo("a.local", R"("prefix": "/a/")", kKeepHost))
                               .GatewayRoute("edge", "b", GatewayRouteTo("b.local", R"("prefix": "/b/")"))
                               .CompileGateway("edge");
  const Call honest = testing::To(8088).Get("asked.org", "/a/1");
  EXPECT_EQ(Where(edge, honest), Cluster("a"));
  EXPECT_EQ(Simulate(edge, honest).last().virtual_host, "default_backend");
  EXPECT_EQ(HeaderOf(Simulate(edge, honest).last().headers, "x-app-mesh-virtual-service"), "a.local");
  const auto forged = [](const char* path, const char* service) {
    return testing::To(8088).Get("asked.org", path).With("x-app-mesh-virtual-service", service);
  };
  for (const RepeatedHeaders repeated : {RepeatedHeaders::kJoined, RepeatedHeaders::kEach}) {
    EXPECT_EQ(Where(edge, forged("/a/1", "b.local"), repeated), Cluster("a"));
    EXPECT_EQ(Where(edge, forged("/b/1", "a.local"), repeated), Cluster("b"));
    EXPECT_EQ(Where(edge, forged("/a/1", "b.local").With("x-app-mesh-virtual-service", "a.local"), repeated),
              Cluster("a"));
  }
  EXPECT_EQ(HeaderOf(Simulate(edge, forged("/b/1", "a.local")).last().headers, "x-app-mesh-virtual-service"), "");
}

TEST(GatewayStory, TheHostIsChosenFirstAndThenItsRoutesAlone) {
  const ProxyConfig edge =
      Edge()
          .GatewayRoute("edge", "exact",
                        GatewayRouteTo("a.local", R"("prefix": "/", "hostname": {"exact": "Shop.example.org"})"))
          .GatewayRoute("edge", "suffix",
                        GatewayRouteTo("b.local", R"("prefix": "/b", "hostname": {"suffix": ".example.org"})"))
          .GatewayRoute("edge", "any", GatewayRouteTo("b.local", R"("prefix": "/")"))
          .CompileGateway("edge");
  EXPECT_EQ(Where(edge, testing::To(8088).Get("shop.EXAMPLE.org", "/b")), Cluster("a"));
  EXPECT_EQ(Where(edge, testing::To(8088).Get("shop.example.org:8088", "/b")), Cluster("a"));
  EXPECT_EQ(Where(edge, testing::To(8088).Get("x.example.org:8088", "/b")), Cluster("b"));
  EXPECT_EQ(Where(edge, testing::To(8088).Get("example.org", "/")), Cluster("b"));
}

TEST(GatewayStory, SeveralListenersHaveRoutesOfTheirOwn) {
  World world = Edge();
  world.Gateway("edge", R"({"listeners": [{"portMapping": {"port": 1111, "protocol": "http"}},
    {"portMapping": {"port": 2222, "protocol": "http"}}]})");
  const ProxyConfig edge =
      world.GatewayRoute("edge", "one", GatewayRouteTo("a.local", R"("prefix": "/", "port": 1111)"))
          .GatewayRoute("edge", "two", GatewayRouteTo("b.local", R"("prefix": "/", "port": 2222)"))
          .CompileGateway("edge");
  EXPECT_EQ(Where(edge, testing::To(1111).Get("x", "/")), Cluster("a"));
  EXPECT_EQ(Where(edge, testing::To(2222).Get("x", "/")), Cluster("b"));
  EXPECT_EQ(Where(edge, testing::To(3333).Get("x", "/")), "closed: no listener");
  EXPECT_EQ(Simulate(edge, testing::To(2222).Get("x", "/")).hops[0].stat_prefix, "ingress.http.2222");
}

// The API refuses such routes; of what is stored all the same none is lost.
TEST(GatewayStory, ARouteWithoutAPortIsForEveryListener) {
  World world = Edge();
  world.Gateway("edge", R"({"listeners": [{"portMapping": {"port": 1111, "protocol": "http"}},
    {"portMapping": {"port": 2222, "protocol": "http2"}}]})");
  const ProxyConfig edge =
      world.GatewayRoute("edge", "all", GatewayRouteTo("a.local", R"("prefix": "/")")).CompileGateway("edge");
  EXPECT_EQ(Where(edge, testing::To(1111).Get("x", "/")), Cluster("a"));
  EXPECT_EQ(Where(edge, testing::To(2222).Get("x", "/")), Cluster("a"));
}

TEST(GatewayStory, AServiceWithoutRoutesIsNotFound) {
  const ProxyConfig edge = Edge()
                               .Service("bare.local", "{}")
                               .GatewayRoute("edge", "bare", GatewayRouteTo("bare.local", R"("prefix": "/")"))
                               .CompileGateway("edge");
  EXPECT_EQ(Where(edge, testing::To(8088).Get("x", "/")), "404");
}

// What the simulation says of itself.

TEST(SimulationTest, SaysSoWhenItDoesNotKnowSomething) {
  ProxyConfig config;
  // listener { name: "l", stat_prefix: "x" }: a member that takes no part in goldens.
  config.fragments.push_back(MakeFragment(FragmentType::kListener, "l", std::string("\x0a\x01l\xe2\x01\x01x", 7)));
  EXPECT_EQ(Where(config, Out(80).Get("x", "/")), "not simulated: envoy.config.listener.v3.Listener.stat_prefix");
}

}  // namespace
}  // namespace chancery::compile::testing
