#include "edge/listening_socket.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "edge/test_fixture.h"

namespace chancery::edge {
namespace {

namespace fs = std::filesystem;

class UnixListenerTest : public EdgeTest {
 protected:
  UnixListenerTest() { fs::create_directories(directory_); }
  ~UnixListenerTest() override {
    server_.reset();
    fs::remove_all(directory_);
  }
  std::string Path(const std::string& name) const { return (directory_ / name).string(); }
  ServerOptions On(const std::string& name) const {
    auto options = TestOptions();
    options.listeners = {{.address = "unix:" + Path(name)}};
    return options;
  }

  const fs::path directory_ = fs::temp_directory_path() / ("chancery_ul_" + std::to_string(::getpid()));
};

TEST_F(UnixListenerTest, ServesBesideTcpAndTellsThemApart) {
  auto options = TestOptions();
  options.listeners.push_back({.address = "unix:" + Path("xds.sock")});
  Start(options);
  ASSERT_EQ(server_->addresses().size(), 2U);
  EXPECT_EQ(server_->addresses()[1], "unix:" + Path("xds.sock"));
  const std::string own = "peer unix:pid=" + std::to_string(::getpid()) + ",uid=" + std::to_string(::getuid());
  for (const auto& [address, said] : {std::pair{server_->addresses()[0], std::string("listener 0 peer 127.0.0.1:")},
                                      std::pair{server_->addresses()[1], "listener 1 " + own}}) {
    TestClient client(address);
    const int32_t call = client.Open("/test/Who");
    client.SendMessage(call, "");
    ASSERT_TRUE(client.Until([&] { return !client.stream(call).Messages().empty(); }));
    EXPECT_TRUE(client.stream(call).Messages().front().starts_with(said)) << client.stream(call).Messages().front();
  }
}

TEST_F(UnixListenerTest, IsForItsOwnerUnlessToldOtherwise) {
  auto options = On("xds.sock");
  options.listeners.push_back({.address = "unix:" + Path("wide.sock"), .mode = 0666});
  Start(options);
  struct stat status{};
  ASSERT_EQ(::stat(Path("xds.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ASSERT_EQ(::stat(Path("wide.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0666U);
}

TEST_F(UnixListenerTest, GoesToTheOwnerThatIsNamed) {
  if (::getuid() != 0) GTEST_SKIP() << "only root gives files away";
  auto options = On("xds.sock");
  options.listeners.front().uid = 1234;
  options.listeners.front().gid = 4321;
  Start(options);
  struct stat status{};
  ASSERT_EQ(::stat(Path("xds.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 1234U);
  EXPECT_EQ(status.st_gid, 4321U);
}

TEST_F(UnixListenerTest, TakesAPathOfAnyLength) {
  const std::string deep = std::string(100, 'd') + "/" + std::string(100, 'e');
  fs::create_directories(directory_ / deep);
  Start(On(deep + "/xds.sock"));
  EXPECT_TRUE(fs::is_socket(directory_ / deep / "xds.sock"));
}

TEST_F(UnixListenerTest, ReplacesWhatADeadProcessLeftAndNothingElse) {
  const std::string address = "unix:" + Path("xds.sock");
  {
    auto left = ListeningSocket::Open({.address = address});
    ASSERT_TRUE(left) << base::ToString(left.error());
    // As a process that is killed leaves it: the name stays.
    fs::rename(Path("xds.sock"), Path("kept.sock"));
    left->Close();
    fs::rename(Path("kept.sock"), Path("xds.sock"));
  }
  Start(On("xds.sock"));
  const auto second = ListeningSocket::Open({.address = address});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("somebody listens there"), std::string::npos) << second.error().message;
  std::ofstream(Path("file")) << "mine";
  EXPECT_FALSE(ListeningSocket::Open({.address = "unix:" + Path("file")}));
  EXPECT_TRUE(fs::is_regular_file(Path("file")));
}

TEST_F(UnixListenerTest, IsGoneAfterAStopUnlessAnotherTookItsPlace) {
  Start(On("xds.sock"));
  server_->Stop();
  server_.reset();
  EXPECT_FALSE(fs::exists(Path("xds.sock")));

  Start(On("xds.sock"));
  fs::remove(Path("xds.sock"));
  std::ofstream(Path("xds.sock")) << "another";
  server_.reset();
  EXPECT_TRUE(fs::exists(Path("xds.sock")));
}

}  // namespace
}  // namespace chancery::edge
