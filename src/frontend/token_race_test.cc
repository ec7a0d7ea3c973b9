// One clientToken, many times at once, on the real store through two frontends, and again after a restart.

#include <barrier>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "frontend/api_fixture.h"
#include "store/sqlite_store.h"

namespace chancery::frontend {
namespace {

constexpr size_t kTimes = 50;

class TokenRaceTest : public ApiFixture {
 protected:
  TokenRaceTest() {
    std::string name = (std::filesystem::temp_directory_path() / "token_race.XXXXXX").string();
    CHANCERY_CHECK(mkdtemp(name.data()) != nullptr);
    dir_ = name;
    Open();
  }
  ~TokenRaceTest() override {
    disk_.reset();
    std::filesystem::remove_all(dir_);
  }

  // Again on the same files, if it was open.
  void Open() {
    disk_.reset();
    auto store = store::SqliteStore::Open(dir_);
    ASSERT_TRUE(store) << base::ToString(store.error());
    disk_ = *std::move(store);
  }

  std::vector<Answer> SendManyTimes(const std::string& path, const std::string& body) const {
    const Settings settings{std::string(kAccount), "us-west-2", "aws"};
    const Api apis[] = {{settings, *disk_, clock_, gate_}, {settings, *disk_, clock_, gate_}};
    std::vector<Answer> answers(kTimes);
    std::vector<std::thread> threads;
    std::barrier start(static_cast<std::ptrdiff_t>(kTimes));
    for (size_t i = 0; i < kTimes; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        answers[i] = apis[i % 2].Handle({"PUT", "/v20190125" + path, {}, body});
      });
    }
    for (std::thread& thread : threads) thread.join();
    return answers;
  }

  // All answers are `first`, and the store's newest transaction is its.
  void ExpectOneChange(const std::vector<Answer>& answers, const Answer& first, int version) const {
    EXPECT_EQ(Json(first).at("metadata").at("version"), version);
    for (const Answer& answer : answers) {
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(answer.body, first.body);
      EXPECT_EQ(TxnOf(answer), TxnOf(first));
    }
    EXPECT_EQ(TxnOf(first), disk_->Newest());
  }

  std::filesystem::path dir_;
  std::unique_ptr<store::SqliteStore> disk_;
};

TEST_F(TokenRaceTest, OneTokenFiftyTimesAtOnceIsOneChange) {
  const std::string create = R"({"meshName":"m","clientToken":"t"})";
  const std::string update = R"({"clientToken":"u","spec":{"egressFilter":{"type":"ALLOW_ALL"}}})";
  const auto created = SendManyTimes("/meshes", create);
  ExpectOneChange(created, created[0], 1);
  const auto updated = SendManyTimes("/meshes/m", update);
  ExpectOneChange(updated, updated[0], 2);
  EXPECT_EQ(Json(created[0]).at("metadata").at("uid"), Json(updated[0]).at("metadata").at("uid"));

  Open();
  ExpectOneChange(SendManyTimes("/meshes/m", update), updated[0], 2);
  for (const Answer& answer : SendManyTimes("/meshes", create)) {
    EXPECT_EQ(answer.body, created[0].body);
    EXPECT_EQ(TxnOf(answer), TxnOf(created[0]));
  }
  EXPECT_EQ(disk_->Newest(), TxnOf(updated[0]));
}

}  // namespace
}  // namespace chancery::frontend
