#include "frontend/idempotency.h"

#include "frontend/api_fixture.h"
#include "store/keys.h"

namespace chancery::frontend {
namespace {

class IdempotencyTest : public ApiFixture {
 protected:
  int64_t NowMs() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.WallNow().time_since_epoch()).count();
  }
  size_t Remembered() const { return store_.Scan(store::kIdempotencyPrefix, "", 10'000)->entries.size(); }
};

TEST_F(IdempotencyTest, ARepeatedRequestGetsTheFirstAnswer) {
  const Answer first = Put("/meshes", R"({"meshName":"m","clientToken":"t1","spec":{}})");
  clock_.Advance(std::chrono::hours(23));
  const Answer again = Put("/meshes", R"( {"clientToken":"t1", "spec":{ },"meshName":"m"})");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(TxnOf(again), TxnOf(first));
  EXPECT_EQ(store_.Newest(), TxnOf(first));
}

TEST_F(IdempotencyTest, AnUpdateIsReplayedWithoutAnotherVersion) {
  MustPut("/meshes", R"({"meshName":"m"})");
  const Answer first = Put("/meshes/m", R"({"clientToken":"u"})");
  MustPut("/meshes/m", R"({"spec":{"egressFilter":{"type":"ALLOW_ALL"}}})");
  const Answer again = Put("/meshes/m", R"({"clientToken":"u"})");
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(TxnOf(again), TxnOf(first));
  EXPECT_EQ(Json(Get("/meshes/m")).at("metadata").at("version"), 3);
}

TEST_F(IdempotencyTest, AnotherRequestWithTheTokenIsAConflict) {
  MustPut("/meshes", R"({"meshName":"m","clientToken":"t1"})");
  ExpectError(Put("/meshes", R"({"meshName":"m","clientToken":"t1","spec":{"egressFilter":{"type":"ALLOW_ALL"}}})"),
              409, "ConflictException", "clientToken t1 was used");
}

TEST_F(IdempotencyTest, ATokenBelongsToOneOperationAndTarget) {
  MustPut("/meshes", R"({"meshName":"m","clientToken":"t1"})");
  MustPut("/meshes", R"({"meshName":"m2","clientToken":"t1"})");
  EXPECT_EQ(Json(Put("/meshes/m", R"({"clientToken":"t1"})")).at("metadata").at("version"), 2);
}

TEST_F(IdempotencyTest, AFreshTokenIsAFreshCreate) {
  MustPut("/meshes", R"({"meshName":"m","clientToken":"t1"})");
  ExpectError(Put("/meshes", R"({"meshName":"m","clientToken":"t2"})"), 409, "ConflictException", "already exists");
  ExpectError(Put("/meshes", R"({"meshName":"m"})"), 409, "ConflictException", "already exists");
  EXPECT_EQ(Remembered(), 1u);
}

TEST_F(IdempotencyTest, ARefusalIsNotRemembered) {
  const std::string body = R"({"virtualNodeName":"n","clientToken":"t1","spec":{}})";
  ExpectError(Put("/meshes/m/virtualNodes", body), 404, "NotFoundException", "Mesh");
  MustPut("/meshes", R"({"meshName":"m"})");
  MustPut("/meshes/m/virtualNodes", body);
}

TEST_F(IdempotencyTest, ATokenIsForgottenAfterADay) {
  MustPut("/meshes", R"({"meshName":"m","clientToken":"t1"})");
  clock_.Advance(std::chrono::hours(24));
  ExpectError(Put("/meshes", R"({"meshName":"m","clientToken":"t1"})"), 409, "ConflictException", "already exists");
  Json(Delete("/meshes/m"));
  MustPut("/meshes", R"({"meshName":"m","clientToken":"t1"})");
  EXPECT_EQ(Remembered(), 1u);
}

TEST_F(IdempotencyTest, TokensHaveALengthAndCharacters) {
  for (const std::string& token : {std::string(), std::string(65, 'a'), std::string("a/b"), std::string("é")}) {
    ExpectError(Put("/meshes", R"({"meshName":"m","clientToken":")" + token + "\"}"), 400, "BadRequestException",
                "clientToken must be");
  }
  MustPut("/meshes", R"({"meshName":"m","clientToken":")" + std::string(64, 'a') + "\"}");
}

TEST_F(IdempotencyTest, PruningDeletesWhatHasExpired) {
  MustPut("/meshes", R"({"meshName":"a","clientToken":"t"})");
  clock_.Advance(std::chrono::hours(1));
  MustPut("/meshes", R"({"meshName":"b","clientToken":"t"})");
  EXPECT_EQ(*PruneIdempotency(store_, NowMs(), ""), "");
  EXPECT_EQ(Remembered(), 2u);
  const store::Txn before = store_.Newest();
  clock_.Advance(std::chrono::hours(23));
  EXPECT_EQ(*PruneIdempotency(store_, NowMs(), ""), "");
  EXPECT_EQ(Remembered(), 1u);
  EXPECT_EQ(store_.Newest(), before + 1);
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(*PruneIdempotency(store_, NowMs(), ""), "");
  EXPECT_EQ(Remembered(), 0u);
}

TEST_F(IdempotencyTest, PruningGoesPageByPage) {
  store::Batch batch;
  for (int i = 0; i < 2500; ++i) batch.writes.push_back({"idem/a/b/" + std::to_string(i), std::string()});
  ASSERT_TRUE(store_.Commit(batch));
  std::string after;
  int calls = 0;
  do {
    const auto next = PruneIdempotency(store_, NowMs(), after);
    ASSERT_TRUE(next);
    after = *next;
    ++calls;
  } while (!after.empty());
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(Remembered(), 0u);
}

TEST_F(IdempotencyTest, PruningLeavesARecordThatIsBeingReplaced) {
  MustPut("/meshes", R"({"meshName":"a","clientToken":"t"})");
  clock_.Advance(std::chrono::hours(24));
  store_.LoseNextRaces(1);
  EXPECT_EQ(*PruneIdempotency(store_, NowMs(), ""), "");
  EXPECT_EQ(Remembered(), 1u);
}

}  // namespace
}  // namespace chancery::frontend
