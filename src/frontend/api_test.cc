#include <gmock/gmock.h>

#include "frontend/api_fixture.h"

namespace chancery::frontend {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ApiTest : public ApiFixture {};

struct KindCase {
  std::string_view collection;
  std::string_view item;
  std::string_view plural;
  std::string_view arn;
};

// Every kind of MakeMesh(), children before parents.
constexpr KindCase kKinds[] = {
    {"/meshes/m/virtualGateway/g/gatewayRoutes", "/w", "gatewayRoutes", "mesh/m/virtualGateway/g/gatewayRoute/w"},
    {"/meshes/m/virtualGateways", "/g", "virtualGateways", "mesh/m/virtualGateway/g"},
    {"/meshes/m/virtualServices", "/s.m", "virtualServices", "mesh/m/virtualService/s.m"},
    {"/meshes/m/virtualRouter/r/routes", "/t", "routes", "mesh/m/virtualRouter/r/route/t"},
    {"/meshes/m/virtualRouters", "/r", "virtualRouters", "mesh/m/virtualRouter/r"},
    {"/meshes/m/virtualNodes", "/n", "virtualNodes", "mesh/m/virtualNode/n"},
    {"/meshes", "/m", "meshes", "mesh/m"},
};

TEST_F(ApiTest, EveryKindLivesThroughItsLife) {
  MakeMesh();
  for (const KindCase& kind : kKinds) {
    SCOPED_TRACE(kind.arn);
    const std::string item = std::string(kind.collection) + std::string(kind.item);
    const auto described = Json(Get(item));
    EXPECT_EQ(Text(described.at("status").at("status")), "ACTIVE");
    EXPECT_EQ(Text(described.at("metadata").at("arn")),
              "arn:aws:appmesh:us-west-2:123456789012:" + std::string(kind.arn));
    EXPECT_EQ(described.at("metadata").at("version"), 1);
    EXPECT_EQ(Text(described.at("metadata").at("meshOwner")), kAccount);
    EXPECT_EQ(Text(described.at("metadata").at("resourceOwner")), kAccount);
    EXPECT_EQ(Text(described.at("metadata").at("uid")).size(), 36u);
    EXPECT_EQ(described.at("metadata").at("createdAt"), described.at("metadata").at("lastUpdatedAt"));

    const auto listed = Json(Get(kind.collection)).at(kind.plural).as_array();
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed[0].at("arn"), described.at("metadata").at("arn"));
    EXPECT_EQ(listed[0].at("version"), 1);

    clock_.Advance(std::chrono::milliseconds(1500));
    const Answer update = Put(item, R"({"spec":)" + boost::json::serialize(described.at("spec")) + "}");
    const auto updated = Json(update);
    EXPECT_GT(TxnOf(update), 0u);
    EXPECT_EQ(updated.at("metadata").at("version"), 2);
    EXPECT_EQ(updated.at("metadata").at("uid"), described.at("metadata").at("uid"));
    const std::chrono::duration<double> now = clock_.WallNow().time_since_epoch();
    EXPECT_DOUBLE_EQ(updated.at("metadata").at("lastUpdatedAt").to_number<double>(), now.count());
    EXPECT_EQ(updated.at("metadata").at("createdAt"), described.at("metadata").at("createdAt"));

    clock_.Advance(std::chrono::milliseconds(1));
    const Answer deletion = Delete(item);
    const auto deleted = Json(deletion);
    EXPECT_GT(TxnOf(deletion), TxnOf(update));
    EXPECT_EQ(Text(deleted.at("status").at("status")), "DELETED");
    EXPECT_EQ(deleted.at("metadata").at("version"), 2);
    EXPECT_GT(deleted.at("metadata").at("lastUpdatedAt").to_number<double>(),
              updated.at("metadata").at("lastUpdatedAt").to_number<double>());
    ExpectError(Get(item), 404, "NotFoundException", "is not present");
    ExpectError(Delete(item), 404, "NotFoundException", "is not present");
    ExpectError(Put(item, R"({"spec":)" + boost::json::serialize(described.at("spec")) + "}"), 404, "NotFoundException",
                "is not present");
  }
  // Nothing is left behind but the idempotency of no token: no guards, no references.
  EXPECT_TRUE(store_.Scan("", "", 10)->entries.empty());
}

TEST_F(ApiTest, ARecreatedNameIsANewResource) {
  const auto first = Json(Put("/meshes", R"({"meshName":"m"})"));
  Json(Delete("/meshes/m"));
  const auto second = Json(Put("/meshes", R"({"meshName":"m"})"));
  EXPECT_NE(first.at("metadata").at("uid"), second.at("metadata").at("uid"));
  EXPECT_EQ(second.at("metadata").at("version"), 1);
}

TEST_F(ApiTest, AMeshWithoutSpecHasAnEmptyOne) {
  const auto created = Json(Put("/meshes", R"({"meshName":"m"})"));
  EXPECT_EQ(created.at("spec"), Json("{}"));
  EXPECT_EQ(Json(Get("/meshes/m")).at("spec"), Json("{}"));
}

TEST_F(ApiTest, UpdateMeshWithoutSpecKeepsIt) {
  MustPut("/meshes", R"({"meshName":"m","spec":{"egressFilter":{"type":"ALLOW_ALL"}}})");
  const auto updated = Json(Put("/meshes/m", R"({"clientToken":"x"})"));
  EXPECT_EQ(updated.at("spec"), Json(R"({"egressFilter":{"type":"ALLOW_ALL"}})"));
  EXPECT_EQ(updated.at("metadata").at("version"), 2);
  EXPECT_EQ(Json(Put("/meshes/m", R"({"spec":{}})")).at("spec"), Json("{}"));
}

TEST_F(ApiTest, TheSpecIsEchoedAsItWasSent) {
  MakeMesh();
  const auto spec = Json(R"({"priority":0,"httpRoute":{
      "match":{"prefix":"/","headers":[{"name":"b","invert":false},{"name":"a","match":{"exact":"x"}}]},
      "action":{"weightedTargets":[{"virtualNode":"n","weight":0}]},
      "retryPolicy":{"maxRetries":0,"perRetryTimeout":{"unit":"ms","value":0},"httpRetryEvents":["server-error"]},
      "timeout":{"idle":{"unit":"s","value":0}}}})");
  const std::string body = R"({"spec":)" + boost::json::serialize(spec) + "}";
  EXPECT_EQ(Json(Put("/meshes/m/virtualRouter/r/routes/t", body)).at("spec"), spec);
  EXPECT_EQ(Json(Get("/meshes/m/virtualRouter/r/routes/t")).at("spec"), spec);
  EXPECT_EQ(Json(Put("/meshes/m/virtualRouters/r", R"({"spec":{"listeners":[]}})")).at("spec"),
            Json(R"({"listeners":[]})"));
}

TEST_F(ApiTest, UnknownMembersAreIgnored) {
  const auto created = Json(Put("/meshes", R"({"meshName":"m","colour":"red","spec":{"egressFilter":
      {"type":"DROP_ALL","why":[1]}}})"));
  EXPECT_EQ(created.at("spec"), Json(R"({"egressFilter":{"type":"DROP_ALL"}})"));
}

TEST_F(ApiTest, ReadsOfANodeShowBackendsAndHealthCheckPorts) {
  MustPut("/meshes", R"({"meshName":"m"})");
  const auto spec = Json(R"({"listeners":[{"portMapping":{"port":9080,"protocol":"http"},"healthCheck":{
      "protocol":"http","path":"/ping","healthyThreshold":2,"unhealthyThreshold":2,"intervalMillis":5000,
      "timeoutMillis":2000}}],"serviceDiscovery":{"dns":{"hostname":"a.m"}}})");
  const std::string text = boost::json::serialize(spec);
  const auto created = Json(Put("/meshes/m/virtualNodes", R"({"virtualNodeName":"a","spec":)" + text + "}"));
  EXPECT_EQ(created.at("spec"), spec);
  const auto read = Json(Get("/meshes/m/virtualNodes/a")).at("spec");
  EXPECT_EQ(read.at("backends"), boost::json::array());
  EXPECT_EQ(read.at("listeners").at(0).at("healthCheck").at("port"), 9080);
  EXPECT_EQ(Json(Put("/meshes/m/virtualNodes/a", R"({"spec":)" + text + "}")).at("spec"), spec);
  EXPECT_EQ(Json(Delete("/meshes/m/virtualNodes/a")).at("spec").at("backends"), boost::json::array());
}

TEST_F(ApiTest, DuplicateBackendsCollapseOnRead) {
  MustPut("/meshes", R"({"meshName":"m"})");
  const auto created = Json(Put("/meshes/m/virtualNodes", R"({"virtualNodeName":"a","spec":{"backends":[
      {"virtualService":{"virtualServiceName":"z"}},{"virtualService":{"virtualServiceName":"b"}},
      {"virtualService":{"virtualServiceName":"z"}}]}})"));
  EXPECT_EQ(created.at("spec").at("backends").as_array().size(), 3u);
  EXPECT_EQ(Json(Get("/meshes/m/virtualNodes/a")).at("spec").at("backends"),
            Json(R"([{"virtualService":{"virtualServiceName":"z"}},{"virtualService":{"virtualServiceName":"b"}}])"));
}

TEST_F(ApiTest, ADuplicateNameIsAConflictPerKindAndParent) {
  MakeMesh();
  ExpectError(Put("/meshes", R"({"meshName":"m"})"), 409, "ConflictException",
              "Mesh with name m already exists for account 123456789012");
  ExpectError(Put("/meshes/m/virtualNodes", R"({"virtualNodeName":"n","spec":{}})"), 409, "ConflictException",
              "VirtualNode with name n already exists");
  MustPut("/meshes/m/virtualRouters", R"({"virtualRouterName":"n","spec":{}})");
  MustPut("/meshes/m/virtualRouter/n/routes", RouteBody("t", "n"));
  ExpectError(Put("/meshes/m/virtualRouter/n/routes", RouteBody("t", "n")), 409, "ConflictException", "already exists");
}

TEST_F(ApiTest, AMissingParentIsNotFoundOnEveryOperation) {
  MustPut("/meshes", R"({"meshName":"m"})");
  const std::string_view no_mesh = "Mesh with name x is not present for account 123456789012";
  ExpectError(Get("/meshes/x"), 404, "NotFoundException", no_mesh);
  ExpectError(Put("/meshes/x", "{}"), 404, "NotFoundException", no_mesh);
  ExpectError(Delete("/meshes/x"), 404, "NotFoundException", no_mesh);
  ExpectError(Get("/meshes/x/virtualNodes"), 404, "NotFoundException", no_mesh);
  ExpectError(Put("/meshes/x/virtualNodes", R"({"virtualNodeName":"n","spec":{}})"), 404, "NotFoundException", no_mesh);
  const std::string_view no_router = "VirtualRouter with name x is not present under mesh m for account 123456789012";
  ExpectError(Put("/meshes/m/virtualRouter/x/routes", RouteBody("t", "n")), 404, "NotFoundException", no_router);
  ExpectError(Get("/meshes/m/virtualRouter/x/routes"), 404, "NotFoundException", no_router);
  ExpectError(Get("/meshes/m/virtualRouter/x/routes/t"), 404, "NotFoundException", no_router);
  ExpectError(Get("/meshes/m/virtualNodes/x"), 404, "NotFoundException",
              "VirtualNode with name x is not present under mesh m for account 123456789012");
}

TEST_F(ApiTest, MeshOwnerChoosesTheMesh) {
  MustPut("/meshes", R"({"meshName":"m"})");
  Json(Get("/meshes/m?meshOwner=123456789012"));
  MustPut("/meshes/m/virtualNodes?meshOwner=123456789012", R"({"virtualNodeName":"n","spec":{}})");
  ExpectError(Get("/meshes/m?meshOwner=999999999999"), 404, "NotFoundException", "for account 999999999999");
  ExpectError(Get("/meshes/m?meshOwner=12"), 400, "BadRequestException", "meshOwner");
  ExpectError(Get("/meshes/m?meshOwner=12345678901%2F"), 400, "BadRequestException", "meshOwner");
}

TEST_F(ApiTest, EveryMemberComesFromItsOwnPlaceOnly) {
  MustPut("/meshes", R"({"meshName":"m"})");
  MustPut("/meshes", R"({"meshName":"x"})");
  const std::string_view node = R"({"virtualNodeName":"n","spec":{},"meshName":"x","meshOwner":"999999999999"})";
  // From the body neither label nor query...
  EXPECT_EQ(Text(Json(Put("/meshes/m/virtualNodes", node)).at("meshName")), "m");
  EXPECT_EQ(Text(Json(Put("/meshes/m/virtualNodes/n", R"({"spec":{},"virtualNodeName":"z"})")).at("virtualNodeName")),
            "n");
  // ...from the query neither label nor body...
  EXPECT_EQ(Text(Json(Get("/meshes/m/virtualNodes/n?meshName=x&virtualNodeName=z")).at("virtualNodeName")), "n");
  ExpectError(Put("/meshes/m/virtualNodes?virtualNodeName=q&clientToken=t", R"({"spec":{}})"), 400,
              "BadRequestException", "virtualNodeName is required");
  Json(Get("/meshes/m?meshName=%FF"));
  // ...and not beyond the operation's own members.
  Json(Delete("/meshes/x?meshOwner=999999999999"));
}

TEST_F(ApiTest, PagesAreStableUnderChange) {
  for (char c = 'a'; c <= 'g'; ++c) MustPut("/meshes", std::string(R"({"meshName":")") + c + "\"}");
  std::string seen;
  const auto take = [&](const boost::json::value& page) {
    for (const auto& mesh : page.at("meshes").as_array()) seen += Text(mesh.at("meshName"));
    return page.as_object().contains("nextToken") ? Text(page.at("nextToken")) : std::string();
  };
  std::string token = take(Json(Get("/meshes?limit=2")));
  Json(Delete("/meshes/b"));
  Json(Delete("/meshes/d"));
  MustPut("/meshes", R"({"meshName":"a1"})");
  token = take(Json(Get("/meshes?limit=2&nextToken=" + token)));
  EXPECT_EQ(seen, "abce");
  // The token holds no limit.
  token = take(Json(Get("/meshes?nextToken=" + token)));
  EXPECT_EQ(seen, "abcefg");
  EXPECT_EQ(token, "");
}

TEST_F(ApiTest, EmptyListsAreLists) {
  EXPECT_EQ(Json(Get("/meshes")), Json(R"({"meshes":[]})"));
  MustPut("/meshes", R"({"meshName":"m"})");
  EXPECT_EQ(Json(Get("/meshes/m/virtualNodes")), Json(R"({"virtualNodes":[]})"));
}

TEST_F(ApiTest, BadPagesAreRefused) {
  MakeMesh();
  MustPut("/meshes", R"({"meshName":"m2"})");
  const auto page = Json(Get("/meshes?limit=1"));
  const std::string token = Text(page.at("nextToken"));
  for (std::string_view limit : {"0", "101", "-1", "ten", ""}) {
    ExpectError(Get("/meshes?limit=" + std::string(limit)), 400, "BadRequestException", "limit");
  }
  for (const std::string& bad : {std::string("!"), std::string("AAAA"), std::string("%FF"), token.substr(0, 8)}) {
    ExpectError(Get("/meshes?nextToken=" + bad), 400, "BadRequestException", "nextToken");
  }
  ExpectError(Get("/meshes/m/virtualNodes?nextToken=" + token), 400, "BadRequestException",
              "nextToken is no token of this list");
}

TEST_F(ApiTest, UnknownPathsAndMethods) {
  ExpectError(api_.Handle({"GET", "/", {}, ""}), 404, "UnknownOperationException", "no operation has the path /");
  ExpectError(api_.Handle({"GET", "", {}, ""}), 404, "UnknownOperationException", "no operation");
  ExpectError(api_.Handle({"GET", "*", {}, ""}), 404, "UnknownOperationException", "no operation");
  ExpectError(Get("/meshes/m/virtualNode/n"), 404, "UnknownOperationException", "no operation");
  const Answer post = Call("POST", "/meshes", "{}");
  ExpectError(post, 405, "UnknownOperationException", "POST is not allowed");
  EXPECT_EQ(HeaderOf(post.headers, "Allow"), "GET, PUT");
  ExpectError(Call("HEAD", "/meshes"), 405, "UnknownOperationException", "HEAD is not allowed");
}

TEST_F(ApiTest, ASlashInsideALabelStaysInIt) {
  MakeMesh();
  ExpectError(Get("/meshes/m%2FvirtualNodes%2Fn"), 400, "BadRequestException", "meshName may hold letters");
  ExpectError(Get("/meshes/m/virtualNodes/..%2Fn"), 400, "BadRequestException", "virtualNodeName may hold letters");
  Json(Get("/meshes/%6D/virtualNodes/n"));
}

TEST_F(ApiTest, BrokenLabelsAreRefusedByName) {
  ExpectError(Get("/meshes/%zz"), 400, "BadRequestException", "meshName is not percent-encoded UTF-8");
  ExpectError(Get("/meshes/%FF"), 400, "BadRequestException", "meshName is not percent-encoded UTF-8");
  ExpectError(Get("/meshes/"), 400, "BadRequestException", "meshName");
  ExpectError(Get("/meshes/a%00b"), 400, "BadRequestException", "meshName");
}

TEST_F(ApiTest, EveryViolationIsToldAtOnce) {
  MustPut("/meshes", R"({"meshName":"m"})");
  const Answer answer = Put("/meshes/m/virtualNodes", R"({"clientToken":"a b","virtualNodeName":"a/b","spec":{
      "listeners":[{"portMapping":{"port":0,"protocol":"ftp"}},{"portMapping":{"port":"x"}}]}})");
  ExpectError(answer, 400, "BadRequestException", "invalid request: ");
  for (std::string_view part : {"clientToken must", "virtualNodeName may", "spec.listeners[0].portMapping.port ",
                                "spec.listeners[0].portMapping.protocol ", "spec.listeners[1].portMapping.port "}) {
    EXPECT_THAT(answer.body, HasSubstr(part));
  }
}

TEST_F(ApiTest, WhatCannotBeReadIsNotAlsoMissing) {
  EXPECT_THAT(Put("/meshes", R"({"meshName":1})").body, Not(HasSubstr("is required")));
  EXPECT_THAT(Get("/meshes/%FF").body, Not(HasSubstr("is required")));
  MustPut("/meshes", R"({"meshName":"m"})");
  MustPut("/meshes/m/virtualRouters", R"({"virtualRouterName":"r","spec":{}})");
  EXPECT_THAT(Put("/meshes/m/virtualRouter/r/routes", R"({"routeName":"t","spec":1})").body,
              Not(HasSubstr("exactly one")));
}

TEST_F(ApiTest, MalformedJsonIsABadRequest) {
  for (std::string_view body : {"{", "[]", "null1", "{\"meshName\":\"\xFF\"}", "{\"meshName\":\"m\"}}"}) {
    const Answer answer = Put("/meshes", body);
    ExpectError(answer, 400, "BadRequestException", "");
  }
  ExpectError(Put("/meshes", ""), 400, "BadRequestException", "meshName is required");
  ExpectError(Put("/meshes", R"({"meshName":null})"), 400, "BadRequestException", "meshName is required");
}

TEST_F(ApiTest, AFailingStoreIsUnavailableAndTellsNothingElse) {
  store_.FailNextReads(1);
  ExpectError(Get("/meshes/m"), 503, "ServiceUnavailableException", "");
  store_.FailNextCommits(1);
  ExpectError(Put("/meshes", R"({"meshName":"m"})"), 503, "ServiceUnavailableException", "");
  MustPut("/meshes", R"({"meshName":"m"})");
}

TEST_F(ApiTest, ADamagedRecordIsAnInternalErrorWithoutDetails) {
  store::Batch batch;
  batch.writes.push_back({"res/mesh/123456789012/m", "\xFF\xFF"});
  ASSERT_TRUE(store_.Commit(batch));
  const Answer answer = Get("/meshes/m");
  ExpectError(answer, 500, "InternalServerErrorException", "internal error");
  EXPECT_THAT(answer.body, Not(HasSubstr("res/")));
}

TEST_F(ApiTest, LostRacesAreRunAgainAndAtLastGivenUp) {
  store_.LoseNextRaces(19);
  MustPut("/meshes", R"({"meshName":"m"})");
  store_.LoseNextRaces(20);
  ExpectError(Put("/meshes/m", "{}"), 503, "ServiceUnavailableException", "try again");
  EXPECT_EQ(Json(Get("/meshes/m")).at("metadata").at("version"), 1);
}

TEST_F(ApiTest, LastUpdatedAtNeverGoesBack) {
  const auto created = Json(Put("/meshes", R"({"meshName":"m"})")).at("metadata").at("createdAt");
  clock_.Advance(std::chrono::seconds(-10));
  EXPECT_EQ(Json(Put("/meshes/m", "{}")).at("metadata").at("lastUpdatedAt"), created);
  EXPECT_EQ(Json(Delete("/meshes/m")).at("metadata").at("lastUpdatedAt"), created);
}

TEST_F(ApiTest, TheChangeRecordSaysWhoAndWhat) {
  const Answer answer = Put("/meshes", R"({"meshName":"m"})");
  const auto txn = store_.ReadTransaction(TxnOf(answer));
  ASSERT_TRUE(txn);
  EXPECT_EQ((*txn)->record.actor(), "anonymous");
  EXPECT_EQ((*txn)->record.operation(), "CreateMesh");
  ASSERT_EQ((*txn)->record.changes_size(), 1);
  EXPECT_EQ((*txn)->record.changes(0).key(), "res/mesh/123456789012/m");
}

}  // namespace
}  // namespace chancery::frontend
