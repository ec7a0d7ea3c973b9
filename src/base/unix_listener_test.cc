#include "base/unix_listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace chancery::base {
namespace {

namespace fs = std::filesystem;

// A directory in which somebody else may put other files in place of ours.
class UnixListenerTest : public ::testing::Test {
 protected:
  UnixListenerTest() { fs::create_directories(directory_); }
  ~UnixListenerTest() override { fs::remove_all(directory_); }
  std::string Path(const std::string& name) const { return (directory_ / name).string(); }
  static mode_t ModeOf(const std::string& path) {
    struct stat found{};
    EXPECT_EQ(::lstat(path.c_str(), &found), 0) << path;
    return found.st_mode & 07777;
  }
  // ListenOnUnix without its last step.
  static UniqueFd Bound(const std::string& path) {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    EXPECT_EQ(::fchmod(socket.get(), 0600), 0);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket.get(), 8), 0);
    return socket;
  }

  const fs::path directory_ = fs::temp_directory_path() / ("chancery_base_ul_" + std::to_string(::getpid()));
};

TEST_F(UnixListenerTest, HasTheModeThatIsAskedAndGoesWithItsObject) {
  const UniqueFd socket = Bound(Path("x.sock"));
  {
    const auto file = LetIn(socket, {.path = Path("x.sock"), .mode = 0666});
    ASSERT_TRUE(file) << ToString(file.error());
    EXPECT_EQ(ModeOf(Path("x.sock")), 0666U);
  }
  EXPECT_FALSE(fs::exists(Path("x.sock")));
}

TEST_F(UnixListenerTest, ALinkInThePlaceOfTheSocketChangesNothingElsewhere) {
  std::ofstream(Path("victim")) << "root's";
  ASSERT_EQ(::chmod(Path("victim").c_str(), 0600), 0);
  const UniqueFd socket = Bound(Path("x.sock"));
  fs::rename(Path("x.sock"), Path("moved.sock"));
  fs::create_symlink(Path("victim"), Path("x.sock"));
  const auto file = LetIn(socket, {.path = Path("x.sock"), .mode = 0666, .uid = 1234});
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("another file has taken the socket's place"), std::string::npos);
  EXPECT_EQ(ModeOf(Path("victim")), 0600U);
  EXPECT_TRUE(fs::is_symlink(Path("x.sock"))) << "it is not ours to remove";
}

TEST_F(UnixListenerTest, AnotherSocketInItsPlaceKeepsItsMode) {
  const auto other = ListenOnUnix({.path = Path("admin.sock")});
  ASSERT_TRUE(other) << ToString(other.error());
  const UniqueFd socket = Bound(Path("x.sock"));
  fs::rename(Path("admin.sock"), Path("x.sock"));
  EXPECT_FALSE(LetIn(socket, {.path = Path("x.sock"), .mode = 0666}));
  EXPECT_EQ(ModeOf(Path("x.sock")), 0600U);
}

TEST_F(UnixListenerTest, NeverReplacesWhatSomebodyListensOn) {
  const auto first = ListenOnUnix({.path = Path("x.sock")});
  ASSERT_TRUE(first) << ToString(first.error());
  const auto second = ListenOnUnix({.path = Path("x.sock")});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("somebody listens there already"), std::string::npos);
  EXPECT_TRUE(fs::is_socket(Path("x.sock")));
}

}  // namespace
}  // namespace chancery::base
