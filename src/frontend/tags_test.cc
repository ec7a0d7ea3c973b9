#include "frontend/tags.h"

#include "frontend/api_fixture.h"

namespace chancery::frontend {
namespace {

class TagsTest : public ApiFixture {
 protected:
  static std::string Query(std::string_view path, std::string_view resource = "mesh%2Fm",
                           std::string_view prefix = "arn%3Aaws%3Aappmesh%3Aus-west-2%3A123456789012%3A") {
    return std::string(path) + "?resourceArn=" + std::string(prefix) + std::string(resource);
  }
  static std::string Tags(int from, int to) {
    boost::json::array tags;
    for (int i = from; i < to; ++i) tags.push_back({{"key", "k" + std::to_string(i)}, {"value", "v"}});
    return boost::json::serialize(boost::json::object{{"tags", tags}});
  }
  boost::json::value List() const { return Json(Get(Query("/tags"))); }
};

TEST_F(TagsTest, AreSetAtCreationAndNeverInTheAnswer) {
  const auto created =
      Json(Put("/meshes", R"({"meshName":"m","tags":[{"key":"b","value":"1"},{"key":"a","value":""}]})"));
  EXPECT_FALSE(created.as_object().contains("tags"));
  EXPECT_FALSE(Json(Get("/meshes/m")).as_object().contains("tags"));
  EXPECT_EQ(List(), Json(R"({"tags":[{"key":"a","value":""},{"key":"b","value":"1"}]})"));
}

TEST_F(TagsTest, AreUpsertedAndRemovedWithoutANewVersion) {
  MustPut("/meshes", R"({"meshName":"m"})");
  EXPECT_EQ(List(), Json(R"({"tags":[]})"));
  const auto before = Json(Get("/meshes/m"));
  clock_.Advance(std::chrono::seconds(1));
  const Answer tagged = Put(Query("/tag"), R"({"tags":[{"key":"a","value":"1"},{"key":"b","value":"1"}]})");
  EXPECT_EQ(Json(tagged), Json("{}"));
  EXPECT_EQ(TxnOf(tagged), store_.Newest());
  Json(Put(Query("/tag"), R"({"tags":[{"key":"a","value":"2"}]})"));
  EXPECT_EQ(List(), Json(R"({"tags":[{"key":"a","value":"2"},{"key":"b","value":"1"}]})"));
  const Answer untagged = Put(Query("/untag"), R"({"tagKeys":["b","nobody"]})");
  EXPECT_EQ(Json(untagged), Json("{}"));
  EXPECT_EQ(TxnOf(untagged), store_.Newest());
  EXPECT_EQ(List(), Json(R"({"tags":[{"key":"a","value":"2"}]})"));
  EXPECT_EQ(Json(Get("/meshes/m")), before);
}

TEST_F(TagsTest, ExistForEveryKindAndDieWithIt) {
  MakeMesh();
  for (std::string_view resource :
       {"mesh/m", "mesh/m/virtualNode/n", "mesh/m/virtualRouter/r", "mesh/m/virtualRouter/r/route/t",
        "mesh/m/virtualService/s.m", "mesh/m/virtualGateway/g", "mesh/m/virtualGateway/g/gatewayRoute/w"}) {
    Json(Put(Query("/tag", resource), R"({"tags":[{"key":"k","value":"v"}]})"));
    EXPECT_EQ(Json(Get(Query("/tags", resource))).at("tags").as_array().size(), 1u);
  }
  Json(Delete("/meshes/m/virtualRouter/r/routes/t"));
  ExpectError(Get(Query("/tags", "mesh/m/virtualRouter/r/route/t")), 404, "NotFoundException", "Route with name t");
  MustPut("/meshes/m/virtualRouter/r/routes", RouteBody("t", "n"));
  EXPECT_EQ(Json(Get(Query("/tags", "mesh/m/virtualRouter/r/route/t"))), Json(R"({"tags":[]})"));
}

TEST_F(TagsTest, MoreThanFiftyAreRefusedAndNoneIsApplied) {
  MustPut("/meshes", R"({"meshName":"m"})");
  Json(Put(Query("/tag"), Tags(0, 45)));
  ExpectError(Put(Query("/tag"), Tags(40, 51)), 400, "TooManyTagsException", "would have 51 tags");
  EXPECT_EQ(List().at("tags").as_array().size(), 45u);
  Json(Put(Query("/tag"), Tags(40, 50)));
  ExpectError(Put(Query("/tag"), Tags(0, 51)), 400, "BadRequestException", "tags");
  ExpectError(Put("/meshes", R"({"meshName":"x",)" + Tags(0, 51).substr(1)), 400, "BadRequestException", "tags");
}

TEST_F(TagsTest, ArePaged) {
  MustPut("/meshes", R"({"meshName":"m",)" + Tags(0, 5).substr(1));
  const auto first = Json(Get(Query("/tags") + "&limit=3"));
  EXPECT_EQ(first.at("tags").as_array().size(), 3u);
  const std::string token = Text(first.at("nextToken"));
  const auto second = Json(Get(Query("/tags") + "&limit=3&nextToken=" + token));
  EXPECT_EQ(second.at("tags").as_array().size(), 2u);
  EXPECT_FALSE(second.as_object().contains("nextToken"));
  ExpectError(Get(Query("/tags") + "&limit=51"), 400, "BadRequestException", "limit");
  ExpectError(Get("/meshes?nextToken=" + token), 400, "BadRequestException", "nextToken");
}

TEST_F(TagsTest, BadArnsAreRefused) {
  MustPut("/meshes", R"({"meshName":"m"})");
  ExpectError(Get("/tags"), 400, "BadRequestException", "resourceArn is required");
  ExpectError(Get("/tags?resourceArn=m"), 400, "BadRequestException", "resourceArn 'm' is not an ARN");
  ExpectError(Get(Query("/tags", "mesh/x")), 404, "NotFoundException", "Mesh with name x");
  ExpectError(Get(Query("/tags", "mesh/m", "arn:aws:appmesh:eu-west-1:123456789012:")), 404, "NotFoundException",
              "us-west-2");
  ExpectError(Get(Query("/tags", "mesh/m", "arn:aws:appmesh:us-west-2:999999999999:")), 403, "ForbiddenException",
              "999999999999");
  Json(Get(Query("/tags", "mesh/m%40123456789012")));
}

}  // namespace
}  // namespace chancery::frontend
