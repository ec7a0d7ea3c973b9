#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "edge/server.h"
#include "edge/test_handlers.h"

// The edge against the gRPC C++ client, which runs in a process of its own (see CMakeLists.txt).

namespace chancery::edge {
namespace {

// A client process; its stdin ends with EndInput.
class ClientProcess {
 public:
  ClientProcess(const std::string& address, const std::string& scenario) {
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    base::UniqueFd input(pipe[0]);
    output_ = base::UniqueFd(pipe[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
    std::array<std::string, 3> words = {EDGE_INTEROP_CLIENT, address, scenario};
    std::array<char*, 4> argv = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    EXPECT_EQ(::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  void EndInput() { output_.Reset(); }
  // Its exit code; -1 when it died otherwise.
  int Join() {
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  base::UniqueFd output_;
  pid_t pid_ = -1;
};

class EdgeInteropTest : public ::testing::Test {
 protected:
  void Start(ServerOptions options) {
    options.listeners = {{.address = "127.0.0.1:0"}};
    options.loops = 2;
    server_ = std::make_unique<Server>(options, TestFactory(record_));
    ASSERT_TRUE(server_->Start());
  }
  // Runs the scenario to its end; afterwards no stream is left over.
  void Run(const std::string& scenario) {
    Start({});
    EXPECT_EQ(ClientProcess(server_->address(), scenario).Join(), 0) << "see the client's message above";
    EXPECT_TRUE(record_.Await("destroyed", record_.Of("open")));
    EXPECT_EQ(server_->stats().protocol_errors, 0U);
  }

  Record record_;
  std::unique_ptr<Server> server_;
};

TEST_F(EdgeInteropTest, EchoesManyMessages) {
  Run("messages");
  EXPECT_EQ(server_->stats().messages_received, 1'200U);
}

TEST_F(EdgeInteropTest, CarriesLargeMessagesBothWays) { Run("large"); }

TEST_F(EdgeInteropTest, RefusesATooLargeMessage) { Run("too-large"); }

TEST_F(EdgeInteropTest, GivesTheStatusAndItsMessage) { Run("status"); }

TEST_F(EdgeInteropTest, GivesUnimplementedForUnknownMethods) {
  Run("unknown");
  EXPECT_EQ(record_.Of("open"), 0);
}

TEST_F(EdgeInteropTest, HearsOfAPassedDeadline) { Run("deadline"); }

TEST_F(EdgeInteropTest, HearsOfACancelledCall) { Run("cancel"); }

TEST_F(EdgeInteropTest, AnswersTheClientsPings) { Run("pings"); }

TEST_F(EdgeInteropTest, SendsTheClientToNewConnectionsByAge) {
  ServerOptions options;
  options.max_connection_age = std::chrono::milliseconds(100);
  Start(options);
  ClientProcess client(server_->address(), "reconnect");
  // A connection more is accepted only because the one before was sent away.
  for (int i = 1; server_->stats().connections_accepted < 4 && i < 1'000'000; ++i) {
    ASSERT_TRUE(record_.Await("destroyed", i));
  }
  client.EndInput();
  EXPECT_EQ(client.Join(), 0) << "no call may fail";
  EXPECT_GE(server_->stats().connections_accepted, 4U);
}

}  // namespace
}  // namespace chancery::edge
