#include "app/audit_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace chancery::app {
namespace {

frontend::AuditEvent Event() {
  frontend::AuditEvent event;
  event.time_ms = 1'700'000'000'123;
  event.request_id = "r";
  event.actor = "arn:aws:iam::111122223333:user/ann";
  event.access_key_id = "CHKA1";
  event.source = "10.0.0.1";
  event.operation = "CreateMesh";
  event.resources = {"arn:aws:appmesh:us-east-1:111122223333:mesh/m"};
  event.txn = 7;
  event.status = 200;
  return event;
}

TEST(AuditLine, TellsWhoWhereWhatAndTheResult) {
  EXPECT_EQ(AuditLine(Event()),
            R"({"time":"2023-11-14T22:13:20.123Z","requestId":"r","actor":"arn:aws:iam::111122223333:user/ann",)"
            R"("accessKeyId":"CHKA1","source":"10.0.0.1","operation":"CreateMesh",)"
            R"("resources":["arn:aws:appmesh:us-east-1:111122223333:mesh/m"],"txn":7,"status":200})");
  frontend::AuditEvent refused;
  refused.status = 403;
  refused.error = "InvalidSignatureException";
  refused.claimed_access_key_id = "CHKA1";
  EXPECT_EQ(AuditLine(refused), R"({"time":"1970-01-01T00:00:00.000Z","requestId":"","claimedAccessKeyId":"CHKA1",)"
                                R"("status":403,"error":"InvalidSignatureException"})");
  frontend::AuditEvent command;
  command.actor = "admin.sock";
  command.operation = "keys create";
  command.arguments = {{"account", "111122223333"}, {"user", "ann"}};
  command.status = 200;
  EXPECT_EQ(AuditLine(command), R"({"time":"1970-01-01T00:00:00.000Z","requestId":"","actor":"admin.sock",)"
                                R"("operation":"keys create","arguments":{"account":"111122223333","user":"ann"},)"
                                R"("status":200})");
}

// What a caller sends cannot make two lines of one.
TEST(AuditLine, IsOneLineWhateverWasSent) {
  frontend::AuditEvent event = Event();
  event.resources = {"a\n{\"b"};
  EXPECT_EQ(AuditLine(event).find('\n'), std::string::npos);
}

TEST(AuditLine, NamesAHundredResourcesAtMost) {
  frontend::AuditEvent event = Event();
  event.resources.assign(1000, "arn:x");
  const std::string line = AuditLine(event);
  EXPECT_LT(line.size(), 2000u);
  EXPECT_NE(line.find(R"("moreResources":900)"), std::string::npos) << line;
}

class AuditFileTest : public testing::Test {
 protected:
  AuditFileTest() { std::filesystem::remove(path_); }

  void Write(int lines) const {
    auto file = AuditFile::Open(path_);
    ASSERT_TRUE(file) << base::ToString(file.error());
    for (int i = 0; i < lines; ++i) (*file)->Write(Event());
  }
  std::string Content() const {
    std::ifstream in(path_);
    std::stringstream content;
    content << in.rdbuf();
    return content.str();
  }

  const std::string path_ = std::string(testing::TempDir()) + "/audit_file_test.log";
  const std::string line_ = AuditLine(Event()) + "\n";
};

TEST_F(AuditFileTest, KeepsALineForEachCall) {
  Write(2);
  EXPECT_EQ(Content(), line_ + line_);
  EXPECT_FALSE(AuditFile::Open("/proc/nothing/audit.log"));
}

TEST_F(AuditFileTest, GoesOnWhereItEnded) {
  Write(1);
  Write(1);
  EXPECT_EQ(Content(), line_ + line_);
}

TEST_F(AuditFileTest, HalfALineOfAProcessThatWasKilledSpoilsNoOther) {
  std::ofstream(path_) << line_ << R"({"time":"2023-)";
  Write(1);
  EXPECT_EQ(Content(), line_ + R"({"time":"2023-)" + "\n" + line_);
}

TEST_F(AuditFileTest, ADiskThatIsFullForAWhileSpoilsNoLineAfterIt) {
  auto file = AuditFile::Open(path_);
  ASSERT_TRUE(file) << base::ToString(file.error());
  frontend::AuditEvent large = Event();
  large.error = std::string(100'000, 'x');  // more than is kept back
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto ignored = signal(SIGXFSZ, SIG_IGN);
  const rlimit full{.rlim_cur = 10'000, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  (*file)->Write(large);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, ignored);
  (*file)->Write(Event());
  file->reset();
  EXPECT_EQ(Content(), AuditLine(large).substr(0, 10'000) + "\n" + line_);
}

}  // namespace
}  // namespace chancery::app
