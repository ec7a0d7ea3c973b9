#include "relay/relay.h"

#include <envoy/service/discovery/v3/discovery.pb.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "edge/test_fixture.h"
#include "iam/sigv4_testing.h"
#include "tls/testing.h"

namespace chancery::relay {
namespace {

namespace fs = std::filesystem;
using edge::TestClient;
using tls::testing::Authority;

constexpr std::string_view kAds = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

// What stands for the control plane: notes each call's headers, then does what the handlers of the edge's tests do.
class RelayTest : public ::testing::Test {
 protected:
  RelayTest() { fs::create_directories(directory_); }
  ~RelayTest() override {
    relay_.reset();
    server_.reset();
    fs::remove_all(directory_);
  }

  void StartServer(bool tls = true, const std::string& method = "/test/Echo") {
    auto options = edge::TestOptions();
    options.listeners.front().tls = tls;
    options.tls = authority_.Issue("server", "IP:127.0.0.1");
    options.tls.ca = authority_.ca();
    server_ = std::make_unique<edge::Server>(options, [this, method](const edge::Call& call) {
      {
        base::MutexLock lock(mutex_);
        headers_.assign(call.headers.begin(), call.headers.end());
        names_ = call.certificate == nullptr ? std::vector<std::string>{} : call.certificate->uris;
      }
      edge::Call renamed{method,       call.peer,      call.listener, call.certificate,
                         call.headers, call.transport, call.executor};
      return std::make_unique<edge::TestHandler>(renamed, record_);
    });
    const auto started = server_->Start();
    ASSERT_TRUE(started) << base::ToString(started.error());
  }
  RelayOptions Options() const {
    RelayOptions options;
    options.listeners = {{{.address = address_}, *iam::Claims::Parse({"mesh/shop/virtualNode/cart"})}};
    options.host = "127.0.0.1";
    options.port = static_cast<uint16_t>(std::stoi(server_->address().substr(server_->address().rfind(':') + 1)));
    options.tls.ca = authority_.ca();
    return options;
  }
  void StartRelay(RelayOptions options) {
    relay_ = std::make_unique<Relay>(std::move(options));
    const auto started = relay_->Start();
    ASSERT_TRUE(started) << base::ToString(started.error());
  }
  static std::string Request(const std::string& id, const std::string& nonce = "") {
    envoy::service::discovery::v3::DiscoveryRequest request;
    if (!id.empty()) request.mutable_node()->set_id(id);
    request.set_response_nonce(nonce);
    return request.SerializeAsString();
  }
  // The gRPC status of a stream that begins with `id`.
  std::string StatusOf(const std::string& id) {
    TestClient client(address_);
    const int32_t call = client.Open(kAds);
    client.SendMessage(call, Request(id));
    EXPECT_TRUE(client.Until([&] { return client.stream(call).closed; }));
    return client.stream(call).grpc_status();
  }
  // Whether a stream of the allowed node is echoed.
  bool Passes() {
    TestClient client(address_);
    const int32_t call = client.Open(kAds);
    client.SendMessage(call, Request(kCart));
    return client.Until([&] { return !client.stream(call).Messages().empty() || client.stream(call).closed; }) &&
           client.stream(call).Messages() == std::vector{Request(kCart)};
  }
  std::string Header(const std::string& name) {
    base::MutexLock lock(mutex_);
    for (const auto& [key, value] : headers_) {
      if (key == name) return value;
    }
    return "";
  }

  // Those of the last stream's certificate.
  std::vector<std::string> Names() {
    base::MutexLock lock(mutex_);
    return names_;
  }

  static constexpr const char* kCart = "arn:aws:appmesh:us-east-1:111122223333:mesh/shop/virtualNode/cart";
  const fs::path directory_ = fs::temp_directory_path() / ("chancery_relay_" + std::to_string(::getpid()));
  const std::string address_ = "unix:" + (directory_ / "xds.sock").string();
  const Authority authority_{"tests"};
  edge::Record record_;
  base::Mutex mutex_;
  Headers headers_ GUARDED_BY(mutex_);
  std::vector<std::string> names_ GUARDED_BY(mutex_);
  std::unique_ptr<edge::Server> server_;
  std::unique_ptr<Relay> relay_;
};

TEST_F(RelayTest, PassesMessagesOfAnAllowedNodeBothWays) {
  StartServer();
  StartRelay(Options());
  TestClient client(address_);
  const int32_t call = client.Open(kAds);
  std::vector<std::string> sent = {Request(kCart)};
  for (int i = 0; i < 50; ++i) sent.push_back(Request("", std::string(static_cast<size_t>(i) * 1'000, 'n')));
  for (const std::string& message : sent) client.SendMessage(call, message);
  ASSERT_TRUE(client.Until([&] { return client.stream(call).Messages().size() == sent.size(); }));
  EXPECT_TRUE(client.stream(call).Messages() == sent);
  client.End(call);
  EXPECT_TRUE(client.Until([&] { return client.stream(call).closed; }));
  EXPECT_EQ(client.stream(call).grpc_status(), "0");
  EXPECT_TRUE(record_.Await("destroyed"));
}

TEST_F(RelayTest, RefusesOtherNodesWithoutAskingTheControlPlane) {
  StartServer();
  StartRelay(Options());
  EXPECT_EQ(StatusOf("mesh/shop/virtualNode/till"), "7");
  EXPECT_EQ(StatusOf("arn:aws:appmesh:us-east-1:111122223333:mesh/other/virtualNode/cart"), "7");
  EXPECT_EQ(StatusOf("mesh/shop@999999999999/virtualNode/cart"), "7") << "another owner's mesh";
  EXPECT_EQ(StatusOf("cart"), "3");
  EXPECT_EQ(StatusOf(""), "3");
  EXPECT_EQ(record_.Of("open"), 0);
  TestClient client(address_);
  const int32_t call = client.Open("/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources");
  EXPECT_TRUE(client.Until([&] { return client.stream(call).closed; }));
  EXPECT_EQ(client.stream(call).grpc_status(), "12");
}

TEST_F(RelayTest, ANodesIdCannotForgeALineOfTheLog) {
  std::ostringstream log;
  const auto before = spdlog::default_logger();
  const auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(log);
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("relay", sink));
  StartServer();
  auto options = Options();
  options.listeners.front().claims = *iam::Claims::Parse({"mesh/shop/virtualNode/cart*"});
  StartRelay(std::move(options));
  const std::string id = std::string(kCart) + "\nforged";
  TestClient client(address_);
  const int32_t call = client.Open(kAds);
  client.SendMessage(call, Request(id));
  EXPECT_TRUE(client.Until([&] { return client.stream(call).Messages() == std::vector{Request(id)}; }));
  StatusOf("mesh/shop/virtualNode/till\nforged");
  StatusOf("till\nforged");
  relay_.reset();
  server_.reset();
  spdlog::set_default_logger(before);
  EXPECT_NE(log.str().find("virtualNode/cart?forged' from"), std::string::npos) << log.str();
  EXPECT_NE(log.str().find("does not allow 'mesh/shop/virtualNode/till?forged'"), std::string::npos) << log.str();
  EXPECT_NE(log.str().find("'till?forged' names no proxy"), std::string::npos) << log.str();
  EXPECT_EQ(log.str().find("\nforged"), std::string::npos) << log.str();
}

TEST_F(RelayTest, AStreamEndsWithItsCounterpart) {
  StartServer(true, "/test/Fail");
  StartRelay(Options());
  EXPECT_EQ(StatusOf(kCart), "7") << "the control plane's own status";
  server_.reset();
  EXPECT_EQ(StatusOf(kCart), "14");
}

TEST_F(RelayTest, AControlPlaneThatStopsEndsTheStream) {
  StartServer();
  StartRelay(Options());
  TestClient client(address_);
  const int32_t call = client.Open(kAds);
  client.SendMessage(call, Request(kCart));
  ASSERT_TRUE(client.Until([&] { return client.stream(call).Messages().size() == 1; }));
  server_->Stop();
  EXPECT_TRUE(client.Until([&] { return client.stream(call).closed; }));
  EXPECT_EQ(client.stream(call).grpc_status(), "14");
}

TEST_F(RelayTest, AProxyThatGoesTakesItsCounterpartWithIt) {
  StartServer();
  StartRelay(Options());
  {
    TestClient client(address_);
    const int32_t call = client.Open(kAds);
    client.SendMessage(call, Request(kCart));
    ASSERT_TRUE(client.Until([&] { return client.stream(call).Messages().size() == 1; }));
  }
  EXPECT_TRUE(record_.Await("destroyed"));
}

TEST_F(RelayTest, ALargeConfigurationArrivesWhole) {
  StartServer(true, "/test/Flood");
  StartRelay(Options());
  TestClient client(address_);
  const int32_t call = client.Open(kAds);
  client.SendMessage(call, Request(kCart));
  ASSERT_TRUE(client.Until([&] { return client.stream(call).closed; }));
  const auto messages = client.stream(call).Messages();
  ASSERT_EQ(messages.size(), 20U);
  for (const std::string& message : messages) EXPECT_EQ(message.size(), 3'000'000U);
  EXPECT_EQ(client.stream(call).grpc_status(), "0") << "behind the last message";
}

TEST_F(RelayTest, GivesUpOnAServerThatIsNotTheOneItTrusts) {
  StartServer();
  const Authority other("somebody else");
  auto options = Options();
  options.tls.ca = other.ca();
  StartRelay(std::move(options));
  EXPECT_EQ(StatusOf(kCart), "14");
  EXPECT_EQ(record_.Of("open"), 0);
}

// Where a name has several addresses the control plane may listen on one alone. "localhost" is 127.0.0.1 and ::1 on
// many machines; that all of a list are tried, client_call_test.cc holds.
TEST_F(RelayTest, TheResolverGivesEveryAddressOfTheName) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  ASSERT_EQ(::getaddrinfo("localhost", "443", &hints, &found), 0);
  size_t expected = 0;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) ++expected;
  ::freeaddrinfo(found);
  auto loop = edge::Loop::Create();
  ASSERT_TRUE(loop);
  std::optional<size_t> got;
  Resolver resolver("localhost", 443);
  resolver.Resolve(**loop, [&](const base::Result<std::vector<edge::SocketAddress>>& addresses) {
    got = addresses ? addresses->size() : 0;
    (*loop)->Quit();
  });
  (*loop)->Run();
  EXPECT_EQ(got, expected);
}

TEST_F(RelayTest, ShowsItsCertificate) {
  StartServer();
  auto options = Options();
  options.tls = authority_.Issue("relay", "URI:spiffe://shop/relay");
  options.tls.ca = authority_.ca();
  StartRelay(std::move(options));
  ASSERT_TRUE(Passes());
  EXPECT_EQ(Names(), std::vector<std::string>{"spiffe://shop/relay"});
}

TEST_F(RelayTest, ShowsTheCertificateThatItsFilesHoldThen) {
  StartServer();
  auto options = Options();
  options.tls = authority_.Issue("relay", "URI:spiffe://shop/first");
  options.tls.ca = authority_.ca();
  const tls::Files files = options.tls;
  StartRelay(std::move(options));
  ASSERT_TRUE(Passes());
  authority_.Issue("relay", "URI:spiffe://shop/the-second");
  ASSERT_TRUE(Passes());
  EXPECT_EQ(Names(), std::vector<std::string>{"spiffe://shop/the-second"});
  fs::remove(files.key);
  ASSERT_TRUE(Passes()) << "what was whole last stays in force";
  EXPECT_EQ(Names(), std::vector<std::string>{"spiffe://shop/the-second"});
}

TEST_F(RelayTest, SendsTheTokenThatItsFileHoldsThen) {
  StartServer();
  auto options = Options();
  options.credentials.token_file = (directory_ / "token").string();
  StartRelay(std::move(options));
  EXPECT_EQ(StatusOf(kCart), "14") << "there is no token yet";
  std::ofstream(directory_ / "token") << "first\n";
  ASSERT_TRUE(Passes());
  EXPECT_EQ(Header("authorization"), "Bearer first");
  std::ofstream(directory_ / "token") << "second";
  ASSERT_TRUE(Passes());
  EXPECT_EQ(Header("authorization"), "Bearer second");
}

TEST_F(RelayTest, SignsAsTheControlPlaneChecks) {
  StartServer();
  auto options = Options();
  options.credentials.key = {"AKIDEXAMPLE", "secret", "us-east-1", "appmesh"};
  StartRelay(std::move(options));
  ASSERT_TRUE(Passes());
  base::MutexLock lock(mutex_);
  const iam::SignedRequest request{"POST", kAds, headers_, {}};
  const auto claim = iam::ReadSigV4(request);
  ASSERT_TRUE(claim) << base::ToString(claim.error());
  iam::SigV4Expectation expectation{"us-east-1", "appmesh", base::Clock::System().WallNow()};
  expectation.payload = iam::SigV4Payload::kStream;
  EXPECT_TRUE(iam::VerifySigV4(*claim, request, "secret", expectation));
  EXPECT_FALSE(iam::VerifySigV4(*claim, request, "another", expectation));
}

}  // namespace
}  // namespace chancery::relay
