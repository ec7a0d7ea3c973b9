#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "edge/server.h"
#include "edge/test_client.h"
#include "edge/test_handlers.h"

namespace chancery::edge {

inline ServerOptions TestOptions() {
  ServerOptions options;
  options.listeners = {{.address = "127.0.0.1:0"}};
  options.loops = 2;
  return options;
}

// A server with the handlers of test_handlers.h.
class EdgeTest : public ::testing::Test {
 protected:
  void Start(const ServerOptions& options = TestOptions()) {
    server_ = std::make_unique<Server>(options, TestFactory(record_));
    const base::Status started = server_->Start();
    ASSERT_TRUE(started) << base::ToString(started.error());
  }
  // A call answered by a new client: the server is well.
  void ExpectServes() {
    TestClient client(server_->address());
    const int32_t call = client.Open("/test/Echo");
    client.SendMessage(call, "still there?");
    client.End(call);
    EXPECT_TRUE(client.Until([&] { return client.stream(call).closed; }));
    EXPECT_EQ(client.stream(call).Messages(), std::vector<std::string>{"still there?"});
    EXPECT_EQ(client.stream(call).grpc_status(), "0");
  }

  // Whether `done` comes true within 20 s. For what the server counts: a client can see the end of its connection
  // before the server's thread has counted it.
  static bool Eventually(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  Record record_;
  std::unique_ptr<Server> server_;
};

}  // namespace chancery::edge
