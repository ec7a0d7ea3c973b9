// Rules between resources hold while requests race: each round runs two contradicting requests at
// once, and at most one of them may win.

#include <barrier>
#include <functional>
#include <thread>
#include <vector>

#include "frontend/api_fixture.h"

namespace chancery::frontend {
namespace {

constexpr int kRounds = 200;

class RacesTest : public ApiFixture {
 protected:
  // Runs all at once and gives their answers.
  static std::vector<Answer> Race(const std::vector<std::function<Answer()>>& calls) {
    std::vector<Answer> answers(calls.size());
    std::vector<std::thread> threads;
    std::barrier start(static_cast<std::ptrdiff_t>(calls.size()));
    for (size_t i = 0; i < calls.size(); ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        answers[i] = calls[i]();
      });
    }
    for (std::thread& thread : threads) thread.join();
    return answers;
  }
};

TEST_F(RacesTest, ANodeIsDeletedOrTargetedNeverBoth) {
  MustPut("/meshes", R"({"meshName":"m"})");
  MustPut("/meshes/m/virtualRouters", R"({"virtualRouterName":"r","spec":{}})");
  for (int i = 0; i < kRounds; ++i) {
    MustPut("/meshes/m/virtualNodes", R"({"virtualNodeName":"n","spec":{}})");
    const auto answers = Race({[&] { return Delete("/meshes/m/virtualNodes/n"); },
                               [&] { return Put("/meshes/m/virtualRouter/r/routes", RouteBody("t", "n")); }});
    const bool deleted = answers[0].status == 200;
    const bool routed = answers[1].status == 200;
    ASSERT_NE(deleted, routed) << answers[0].body << answers[1].body;
    if (deleted) {
      ExpectError(answers[1], 404, "NotFoundException", "VirtualNode with name n");
    }
    if (routed) {
      ExpectError(answers[0], 409, "ResourceInUseException", "target of Routes");
      Json(Delete("/meshes/m/virtualRouter/r/routes/t"));
      Json(Delete("/meshes/m/virtualNodes/n"));
    }
  }
}

TEST_F(RacesTest, AMeshIsDeletedOrFilledNeverBoth) {
  for (int i = 0; i < kRounds; ++i) {
    MustPut("/meshes", R"({"meshName":"m"})");
    const auto answers = Race({[&] { return Delete("/meshes/m"); },
                               [&] { return Put("/meshes/m/virtualNodes", R"({"virtualNodeName":"n","spec":{}})"); }});
    ASSERT_NE(answers[0].status, answers[1].status);
    if (answers[1].status == 200) {
      Json(Delete("/meshes/m/virtualNodes/n"));
      Json(Delete("/meshes/m"));
    }
  }
  EXPECT_TRUE(store_.Scan("", "", 10)->entries.empty());
}

TEST_F(RacesTest, ARetargetingUpdateRacesTheDeleteOfItsTarget) {
  MakeMesh();
  for (int i = 0; i < kRounds; ++i) {
    MustPut("/meshes/m/virtualNodes", R"({"virtualNodeName":"n2","spec":{}})");
    const auto answers =
        Race({[&] { return Delete("/meshes/m/virtualNodes/n2"); },
              [&] { return Put("/meshes/m/virtualRouter/r/routes/t", R"({"spec":)" + RouteSpec("n2") + "}"); }});
    ASSERT_NE(answers[0].status, answers[1].status);
    Json(Put("/meshes/m/virtualRouter/r/routes/t", R"({"spec":)" + RouteSpec("n") + "}"));
    if (answers[0].status != 200) Json(Delete("/meshes/m/virtualNodes/n2"));
  }
}

TEST_F(RacesTest, OfManyCreatesOfOneNameOneWins) {
  for (int i = 0; i < kRounds / 4; ++i) {
    const auto create = [&] { return Put("/meshes", R"({"meshName":"m"})"); };
    const auto answers = Race({create, create, create, create});
    int won = 0;
    for (const Answer& answer : answers) {
      won += answer.status == 200;
      if (answer.status != 200) {
        ExpectError(answer, 409, "ConflictException", "already exists");
      }
    }
    ASSERT_EQ(won, 1);
    Json(Delete("/meshes/m"));
  }
}

TEST_F(RacesTest, OneTokenSentTwiceAtOnceIsOneCreate) {
  for (int i = 0; i < kRounds / 4; ++i) {
    const std::string body = R"({"meshName":"m","clientToken":"t)" + std::to_string(i) + "\"}";
    const auto create = [&] { return Put("/meshes", body); };
    const auto answers = Race({create, create, create});
    for (const Answer& answer : answers) {
      EXPECT_EQ(answer.body, answers[0].body);
      EXPECT_EQ(TxnOf(answer), TxnOf(answers[0]));
      Json(answer);
    }
    Json(Delete("/meshes/m"));
  }
}

TEST_F(RacesTest, NoUpdateIsLost) {
  MustPut("/meshes", R"({"meshName":"m"})");
  const auto update = [&] { return Put("/meshes/m", "{}"); };
  int done = 0;
  for (int i = 0; i < kRounds / 4; ++i) {
    for (const Answer& answer : Race({update, update, update, update})) done += answer.status == 200;
  }
  EXPECT_EQ(done, kRounds);
  EXPECT_EQ(Json(Get("/meshes/m")).at("metadata").at("version"), 1 + done);
}

TEST_F(RacesTest, CreatesInOneMeshDoNotDisturbEachOther) {
  MustPut("/meshes", R"({"meshName":"m"})");
  std::vector<std::function<Answer()>> calls;
  for (int i = 0; i < 16; ++i) {
    calls.emplace_back([this, i] {
      Answer last;
      for (int k = 0; k < 20; ++k) {
        last = Put("/meshes/m/virtualNodes",
                   R"({"virtualNodeName":"n)" + std::to_string(i) + "-" + std::to_string(k) + R"(","spec":{}})");
        if (last.status != 200) break;
      }
      return last;
    });
  }
  for (const Answer& answer : Race(calls)) EXPECT_EQ(answer.status, 200) << answer.body;
}

}  // namespace
}  // namespace chancery::frontend
