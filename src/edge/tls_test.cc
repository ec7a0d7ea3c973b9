#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "edge/test_fixture.h"
#include "tls/testing.h"

namespace chancery::edge {
namespace {

using std::chrono::milliseconds;
using tls::testing::Authority;

// A server with a certificate of an authority, to which clients may show one of the same authority.
class TlsTest : public EdgeTest {
 protected:
  ServerOptions Secure() const {
    auto options = TestOptions();
    options.listeners.front().tls = true;
    options.tls = files_;
    options.tls.ca = authority_.ca();
    return options;
  }
  tls::ContextPtr Trusting(const tls::Files& files = {}) const {
    tls::Files with_ca = files;
    if (with_ca.ca.empty()) with_ca.ca = authority_.ca();
    auto made = tls::MakeClientContext(with_ca);
    EXPECT_TRUE(made) << base::ToString(made.error());
    return *made;
  }
  // What the server says about a client with `context`; empty: it was not let in.
  std::string Who(const tls::ContextPtr& context) {
    TestClient client(server_->address(), {.tls = context});
    const int32_t call = client.Open("/test/Who");
    client.SendMessage(call, "");
    const bool answered = client.Until([&] { return !client.stream(call).Messages().empty(); });
    return answered ? client.stream(call).Messages().front() : "";
  }

  const Authority authority_{"tests"};
  const tls::Files files_ = authority_.Issue("server", "IP:127.0.0.1");
};

TEST_F(TlsTest, CarriesMessagesOfEverySizeBothWays) {
  Start(Secure());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const tls::ContextPtr context = Trusting();
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    TestClient client(server_->address(), {.tls = context});
    const int32_t echo = client.Open("/test/Echo");
    std::vector<std::string> messages;
    for (const size_t size : {0U, 1U, 16'370U, 16'384U, 100'000U, 1'000'000U}) messages.emplace_back(size, 'm');
    for (const std::string& message : messages) client.SendMessage(echo, message);
    client.End(echo);
    ASSERT_TRUE(client.Until([&] { return client.stream(echo).closed; })) << client.failure();
    EXPECT_TRUE(client.stream(echo).Messages() == messages);
    EXPECT_EQ(client.stream(echo).grpc_status(), "0");
  }
  EXPECT_EQ(server_->stats().handshakes_open, 0U);
}

// The socket fills in the middle of records; other streams' frames come between.
TEST_F(TlsTest, AReaderThatStallsGetsEverythingInTheEnd) {
  Start(Secure());
  TestClient client(server_->address(), {.small_receive_buffer = true, .huge_windows = true, .tls = Trusting()});
  std::vector<int32_t> calls;
  for (int i = 0; i < 8; ++i) {
    calls.push_back(client.Open("/test/BigEnd"));
    client.SendMessage(calls.back(), "3000000");
  }
  ASSERT_TRUE(client.Until([&] { return record_.Of("message") == 8; }));
  for (const int32_t call : calls) {
    ASSERT_TRUE(client.Until([&] { return client.stream(call).closed; }));
    ASSERT_EQ(client.stream(call).Messages().size(), 1U);
    EXPECT_TRUE(client.stream(call).Messages().front() == std::string(3'000'000, 'x') + "tail");
  }
}

TEST_F(TlsTest, TellsWhoTheClientHasProvenToBe) {
  Start(Secure());
  EXPECT_EQ(Who(Trusting()).find("spiffe"), std::string::npos) << "it has shown no certificate";
  const auto cart = authority_.Issue("cart", "URI:spiffe://shop/cart,DNS:cart.shop");
  EXPECT_TRUE(Who(Trusting(cart)).ends_with(" spiffe://shop/cart cart.shop"));
}

TEST_F(TlsTest, RefusesACertificateOfAnotherAuthorityAndOneThatHasEnded) {
  Start(Secure());
  const Authority other("somebody else");
  tls::Files foreign = other.Issue("cart", "URI:spiffe://shop/cart");
  foreign.ca = authority_.ca();
  EXPECT_EQ(Who(Trusting(foreign)), "");
  EXPECT_EQ(Who(Trusting(authority_.Issue("late", "URI:spiffe://shop/cart", 60))), "");
  EXPECT_EQ(record_.Of("open"), 0);
  // The alert is on its way before the failure is counted.
  EXPECT_TRUE(Eventually([&] { return server_->stats().handshakes_failed == 2; }));
}

TEST_F(TlsTest, AClientLeavesAServerOfAnotherNameOrAuthority) {
  auto options = Secure();
  options.tls = authority_.Issue("elsewhere", "IP:127.9.9.9");
  Start(options);
  EXPECT_EQ(Who(Trusting()), "");
  const Authority other("somebody else");
  EXPECT_EQ(Who(Trusting({.ca = other.ca()})), "");
}

TEST_F(TlsTest, TakesHttp2OrNoProtocolAndNoOther) {
  Start(Secure());
  const tls::ContextPtr silent = Trusting();
  SSL_CTX_set_alpn_protos(silent.get(), nullptr, 0);
  EXPECT_NE(Who(silent), "");
  const tls::ContextPtr http1 = Trusting();
  SSL_CTX_set_alpn_protos(http1.get(), reinterpret_cast<const unsigned char*>("\x08http/1.1"), 9);
  EXPECT_EQ(Who(http1), "");
}

TEST_F(TlsTest, GivesUpAHandshakeThatTakesTooLong) {
  auto options = Secure();
  options.handshake_timeout = milliseconds(500);  // enough for the last one, on a busy machine too
  Start(options);
  RawClient silent(server_->address());
  EXPECT_TRUE(silent.WaitForClose());
  RawClient slow(server_->address());
  EXPECT_TRUE(slow.Send(std::string("\x16\x03\x01\x02\x00\x01", 6)));
  EXPECT_TRUE(slow.WaitForClose());
  RawClient plain(server_->address());
  EXPECT_TRUE(plain.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  EXPECT_TRUE(plain.WaitForClose());
  EXPECT_NE(Who(Trusting()), "");
  EXPECT_EQ(server_->stats().handshakes_open, 0U);
}

TEST_F(TlsTest, BoundsHandshakesThatAreOpen) {
  auto options = Secure();
  options.max_handshakes = 1;
  Start(options);
  TestClient known(server_->address(), {.tls = Trusting()});
  const int32_t call = known.Open("/test/Echo");
  known.SendMessage(call, "1");
  ASSERT_TRUE(known.Until([&] { return known.stream(call).Messages().size() == 1; }));
  RawClient silent(server_->address());
  ASSERT_TRUE(known.Until([&] { return server_->stats().handshakes_open == 1; }));
  RawClient second(server_->address());
  EXPECT_TRUE(second.WaitForClose());
  EXPECT_EQ(server_->stats().connections_refused, 1U);
  known.SendMessage(call, "2");
  EXPECT_TRUE(known.Until([&] { return known.stream(call).Messages().size() == 2; }));
}

TEST_F(TlsTest, StopsWhileHandshakesAreOpen) {
  Start(Secure());
  RawClient silent(server_->address());
  ASSERT_TRUE(Eventually([&] { return server_->stats().handshakes_open == 1; }));
  server_->Drain();
  server_->Stop();
  EXPECT_TRUE(silent.WaitForClose());
  EXPECT_EQ(server_->stats().handshakes_open, 0U);
}

TEST_F(TlsTest, ARenewedCertificateIsForNewConnectionsAndLeavesStreamsAlone) {
  Start(Secure());
  TestClient before(server_->address(), {.tls = Trusting()});
  const int32_t call = before.Open("/test/Echo");
  before.SendMessage(call, "1");
  ASSERT_TRUE(before.Until([&] { return before.stream(call).Messages().size() == 1; }));

  // The next certificate is of another authority, so that one look tells which it is.
  const Authority next("the next one");
  const tls::Files renewed = next.Issue("server", "IP:127.0.0.1");
  std::filesystem::copy_file(renewed.key, files_.key, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::copy_file(renewed.certificate, files_.certificate,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(before.Until([&] { return Who(Trusting({.ca = next.ca()})) != ""; }));
  EXPECT_EQ(Who(Trusting()), "");
  before.SendMessage(call, "2");
  EXPECT_TRUE(before.Until([&] { return before.stream(call).Messages().size() == 2; }));
}

TEST_F(TlsTest, NamesTheFileThatItCannotRead) {
  auto options = Secure();
  options.tls.key = "/nowhere/key.pem";
  Server server(options, TestFactory(record_));
  const base::Status started = server.Start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("/nowhere/key.pem"), std::string::npos) << started.error().message;
}

}  // namespace
}  // namespace chancery::edge
