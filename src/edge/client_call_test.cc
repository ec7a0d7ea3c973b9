#include "edge/client_call.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/address.h"
#include "edge/test_fixture.h"
#include "tls/testing.h"

namespace chancery::edge {
namespace {

using tls::testing::Authority;

SocketAddress AddressOf(int socket) {
  SocketAddress address;
  address.size = sizeof address.address;
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address.address), &address.size), 0);
  return address;
}

// A server with several addresses, of which one is the tests' own. Each call's loop runs in the test's thread.
class ClientCallTest : public EdgeTest, private ClientCallObserver {
 protected:
  // Addresses that refuse, and that take connections and say nothing.
  SocketAddress Refusing() { return AddressOf(Keep(base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)))); }
  SocketAddress Silent() { return AddressOf(Keep(*Listen("127.0.0.1:0"))); }
  SocketAddress Serving() {
    auto options = TestOptions();
    options.listeners.front().tls = true;
    options.tls = authority_.Issue("server", "IP:127.0.0.1");
    Start(options);
    SocketAddress address;
    auto& in = reinterpret_cast<sockaddr_in&>(address.address);
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string& text = server_->address();
    in.sin_port = htons(static_cast<uint16_t>(std::stoi(text.substr(text.rfind(':') + 1))));
    address.size = sizeof in;
    return address;
  }
  // What a message sent to one of the addresses is answered, or the status and why there is no answer.
  std::string Ask(const std::vector<SocketAddress>& addresses, std::chrono::milliseconds timeout) {
    auto loop = Loop::Create();
    EXPECT_TRUE(loop);
    loop_ = loop->get();
    ClientCallOptions options;
    options.path = "/test/Echo";
    options.authority = options.server_name = "127.0.0.1";
    options.tls = *tls::MakeClientContext({.ca = authority_.ca()});
    options.connect_timeout = timeout;
    ClientCall call(*loop_, std::move(options), *this);
    call_ = &call;
    EXPECT_TRUE(call.Send("hello"));
    call.Start(addresses);
    loop_->Run();
    call.Close();
    return said_;
  }

 private:
  int Keep(base::UniqueFd socket) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // One that listens is bound already.
    static_cast<void>(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    return kept_.emplace_back(std::move(socket)).get();
  }
  void OnReadable() override {
    said_ = call_->Take().value_or("");
    loop_->Quit();
  }
  void OnEnd(int status, std::string message) override {
    said_ = std::to_string(status) + ": " + message;
    loop_->Quit();
  }

  const Authority authority_{"tests"};
  std::vector<base::UniqueFd> kept_;
  Loop* loop_ = nullptr;
  ClientCall* call_ = nullptr;
  std::string said_;
};

constexpr std::chrono::seconds kLong{60};

TEST_F(ClientCallTest, TriesEveryAddressInOrder) {
  const SocketAddress serving = Serving();
  EXPECT_EQ(Ask({serving}, kLong), "hello");
  EXPECT_EQ(Ask({Refusing(), Refusing(), serving}, kLong), "hello");
}

TEST_F(ClientCallTest, TellsWhyTheLastOneFailed) {
  EXPECT_EQ(Ask({Refusing(), Refusing()}, kLong), "14: cannot connect: Connection refused");
}

TEST_F(ClientCallTest, AnAddressThatSaysNothingHasItsShareOfTheTimeAlone) {
  const SocketAddress serving = Serving();
  EXPECT_EQ(Ask({Silent(), serving}, std::chrono::seconds(8)), "hello");
  EXPECT_EQ(Ask({Refusing(), Silent()}, std::chrono::milliseconds(100)), "14: the server does not answer");
}

}  // namespace
}  // namespace chancery::edge
