#include "frontend/sharing.h"

#include <gmock/gmock.h>

#include "frontend/api_fixture.h"
#include "store/keys.h"

namespace chancery::frontend {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kOwner = "123456789012";
constexpr std::string_view kConsumer = "222222222222";
constexpr std::string_view kStranger = "333333333333";
const model::MeshId kMesh{std::string(kOwner), "m"};

// Everybody says who they are.
class SharingTest : public ApiFixture {
 protected:
  Answer CallAs(std::string_view account, std::string method, std::string_view path, std::string_view body = "") const {
    return accounts_.Handle({std::move(method),
                             "/v20190125" + std::string(path),
                             {{"x-account", std::string(account)}},
                             std::string(body)});
  }
  Answer PutAs(std::string_view account, std::string_view path, std::string_view body) const {
    return CallAs(account, "PUT", path, body);
  }
  Answer GetAs(std::string_view account, std::string_view path) const { return CallAs(account, "GET", path); }
  Answer DeleteAs(std::string_view account, std::string_view path) const { return CallAs(account, "DELETE", path); }

  void Share(std::string_view account = kConsumer) {
    const auto txn = ShareMesh(store_, 1, "admin", kMesh, std::string(account));
    ASSERT_TRUE(txn) << txn.error().message;
    EXPECT_EQ(*txn, store_.Newest());
  }
  void Unshare(std::string_view account = kConsumer) {
    ASSERT_TRUE(UnshareMesh(store_, 1, "admin", kMesh, std::string(account)));
  }

  // ?meshOwner= of the mesh's owner behind a path.
  static std::string Of(std::string_view path) { return std::string(path) + "?meshOwner=" + std::string(kOwner); }
  static std::string NodeBody(std::string_view name) {
    return R"({"virtualNodeName":")" + std::string(name) + R"(","spec":{}})";
  }

  OpenGate accounts_gate_{
      [](const Request& request) { return Caller{std::string(HeaderOf(request.headers, "x-account")), "somebody"}; }};
  Api accounts_{{std::string(kAccount), "us-west-2", "aws"}, store_, clock_, accounts_gate_};
};

TEST_F(SharingTest, AMeshThatIsNotSharedDoesNotExistForOthers) {
  MakeMesh();
  const std::string_view no_mesh = "Mesh with name m is not present for account 123456789012";
  ExpectError(GetAs(kConsumer, Of("/meshes/m")), 404, "NotFoundException", no_mesh);
  ExpectError(GetAs(kConsumer, Of("/meshes/m/virtualNodes")), 404, "NotFoundException", no_mesh);
  ExpectError(GetAs(kConsumer, Of("/meshes/m/virtualNodes/n")), 404, "NotFoundException", no_mesh);
  ExpectError(PutAs(kConsumer, Of("/meshes/m/virtualNodes"), NodeBody("x")), 404, "NotFoundException", no_mesh);
  ExpectError(PutAs(kConsumer, Of("/meshes/m/virtualNodes/n"), R"({"spec":{}})"), 404, "NotFoundException", no_mesh);
  ExpectError(DeleteAs(kConsumer, Of("/meshes/m/virtualNodes/n")), 404, "NotFoundException", no_mesh);
  Share();
  ExpectError(GetAs(kStranger, Of("/meshes/m")), 404, "NotFoundException", no_mesh);
}

TEST_F(SharingTest, WithoutMeshOwnerAConsumerAddressesItsOwn) {
  MakeMesh();
  Share();
  ExpectError(GetAs(kConsumer, "/meshes/m"), 404, "NotFoundException",
              "Mesh with name m is not present for account 222222222222");
  Json(PutAs(kConsumer, "/meshes", R"({"meshName":"m"})"));
  EXPECT_EQ(Text(Json(GetAs(kConsumer, "/meshes/m")).at("metadata").at("meshOwner")), kConsumer);
  // Update and delete of a mesh have no meshOwner, so they are of the caller's own.
  Json(DeleteAs(kConsumer, Of("/meshes/m")));
  Json(GetAs(kOwner, "/meshes/m"));
}

TEST_F(SharingTest, AConsumerSeesEverything) {
  MakeMesh();
  Share();
  for (std::string_view path :
       {"/meshes/m", "/meshes/m/virtualNodes/n", "/meshes/m/virtualRouters/r", "/meshes/m/virtualRouter/r/routes/t",
        "/meshes/m/virtualServices/s.m", "/meshes/m/virtualGateways/g", "/meshes/m/virtualGateway/g/gatewayRoutes/w"}) {
    const auto metadata = Json(GetAs(kConsumer, Of(path))).at("metadata");
    EXPECT_EQ(Text(metadata.at("meshOwner")), kOwner);
    EXPECT_EQ(Text(metadata.at("resourceOwner")), kOwner);
    EXPECT_THAT(Text(metadata.at("arn")), HasSubstr(":123456789012:mesh/m@123456789012"));
  }
  EXPECT_EQ(Json(GetAs(kConsumer, Of("/meshes/m/virtualNodes"))).at("virtualNodes").as_array().size(), 1u);
}

TEST_F(SharingTest, AConsumerCreatesNodesRoutersRoutesAndServices) {
  MakeMesh();
  Share();
  const auto node = Json(PutAs(kConsumer, Of("/meshes/m/virtualNodes"), NodeBody("x")));
  EXPECT_EQ(Text(node.at("metadata").at("meshOwner")), kOwner);
  EXPECT_EQ(Text(node.at("metadata").at("resourceOwner")), kConsumer);
  EXPECT_EQ(Text(node.at("metadata").at("arn")),
            "arn:aws:appmesh:us-west-2:222222222222:mesh/m@123456789012/virtualNode/x");
  EXPECT_EQ(Text(Json(GetAs(kOwner, "/meshes/m/virtualNodes/x")).at("metadata").at("arn")),
            "arn:aws:appmesh:us-west-2:222222222222:mesh/m/virtualNode/x");
  const auto listed = Json(GetAs(kConsumer, Of("/meshes/m/virtualNodes"))).at("virtualNodes").as_array();
  EXPECT_EQ(listed.at(1).at("arn"), node.at("metadata").at("arn"));
  Json(PutAs(kConsumer, Of("/meshes/m/virtualRouters"), R"({"virtualRouterName":"y","spec":{}})"));
  // References are by name within the mesh, whoever made what.
  Json(PutAs(kConsumer, Of("/meshes/m/virtualRouter/r/routes"), RouteBody("u", "n")));
  Json(PutAs(kOwner, "/meshes/m/virtualRouter/r/routes/t", R"({"spec":)" + RouteSpec("x") + "}"));
  Json(PutAs(kConsumer, Of("/meshes/m/virtualServices"),
             R"({"virtualServiceName":"z","spec":{"provider":{"virtualNode":{"virtualNodeName":"n"}}}})"));
  ExpectError(PutAs(kConsumer, Of("/meshes/m/virtualNodes"), NodeBody("n")), 409, "ConflictException", "already");
}

TEST_F(SharingTest, GatewaysAreTheOwnersAlone) {
  MakeMesh();
  Share();
  const std::string_view gateway =
      R"({"virtualGatewayName":"x","spec":{"listeners":[{"portMapping":{"port":80,"protocol":"http"}}]}})";
  ExpectError(PutAs(kConsumer, Of("/meshes/m/virtualGateways"), gateway), 403, "ForbiddenException",
              "account 222222222222 may not create VirtualGateway with name x in mesh m of account 123456789012");
  ExpectError(PutAs(kConsumer, Of("/meshes/m/virtualGateway/g/gatewayRoutes"), GatewayRouteBody("x", "s.m")), 403,
              "ForbiddenException", "may not create GatewayRoute");
  Json(PutAs(kOwner, "/meshes/m/virtualGateways", gateway));
}

TEST_F(SharingTest, OnlyTheCreatorChangesAndOnlyItOrTheMeshOwnerDeletes) {
  MakeMesh();
  Share();
  Share(kStranger);
  for (std::string_view name : {"x", "y"}) {
    Json(PutAs(kConsumer, Of("/meshes/m/virtualNodes"), NodeBody(name)));
  }
  const std::string_view spec = R"({"spec":{}})";
  ExpectError(PutAs(kConsumer, Of("/meshes/m/virtualNodes/n"), spec), 403, "ForbiddenException", "may not update");
  ExpectError(PutAs(kOwner, "/meshes/m/virtualNodes/x", spec), 403, "ForbiddenException", "may not update");
  ExpectError(PutAs(kStranger, Of("/meshes/m/virtualNodes/x"), spec), 403, "ForbiddenException", "may not update");
  ExpectError(DeleteAs(kConsumer, Of("/meshes/m/virtualNodes/n")), 403, "ForbiddenException", "may not delete");
  ExpectError(DeleteAs(kStranger, Of("/meshes/m/virtualNodes/x")), 403, "ForbiddenException", "may not delete");
  Json(PutAs(kConsumer, Of("/meshes/m/virtualNodes/x"), spec));
  Json(DeleteAs(kConsumer, Of("/meshes/m/virtualNodes/x")));
  Json(DeleteAs(kOwner, "/meshes/m/virtualNodes/y"));
}

TEST_F(SharingTest, UnsharingKeepsWhatTheConsumerMadeAndHidesIt) {
  MakeMesh();
  Share();
  const std::string create = R"({"virtualNodeName":"x","spec":{},"clientToken":"t"})";
  Json(PutAs(kConsumer, Of("/meshes/m/virtualNodes"), create));
  Unshare();
  ExpectError(GetAs(kConsumer, Of("/meshes/m/virtualNodes/x")), 404, "NotFoundException", "Mesh with name m");
  ExpectError(DeleteAs(kConsumer, Of("/meshes/m/virtualNodes/x")), 404, "NotFoundException", "Mesh with name m");
  // Not even by its token.
  ExpectError(PutAs(kConsumer, Of("/meshes/m/virtualNodes"), create), 404, "NotFoundException", "Mesh with name m");
  Json(GetAs(kOwner, "/meshes/m/virtualNodes/x"));
  Json(DeleteAs(kOwner, "/meshes/m/virtualNodes/x"));
}

TEST_F(SharingTest, ListMeshesGoesOnWithSharedOnesInStablePages) {
  for (std::string_view name : {"c", "a", "b"}) {
    Json(PutAs(kOwner, "/meshes", R"({"meshName":")" + std::string(name) + "\"}"));
    const model::MeshId mesh{std::string(kOwner), std::string(name)};
    ASSERT_TRUE(ShareMesh(store_, 1, "admin", mesh, std::string(kConsumer)));
  }
  for (std::string_view name : {"b", "z"}) {
    Json(PutAs(kConsumer, "/meshes", R"({"meshName":")" + std::string(name) + "\"}"));
  }
  for (std::string_view limit : {"1", "2", "3", "4", "5", "100"}) {
    SCOPED_TRACE(limit);
    std::vector<std::string> seen;
    std::string token;
    int pages = 0;
    do {
      const auto page = Json(GetAs(kConsumer, "/meshes?limit=" + std::string(limit) + token));
      for (const auto& mesh : page.at("meshes").as_array()) {
        seen.push_back(Text(mesh.at("meshOwner")).substr(0, 1) + "/" + Text(mesh.at("meshName")));
      }
      token = page.as_object().contains("nextToken") ? "&nextToken=" + Text(page.at("nextToken")) : "";
    } while (!token.empty() && ++pages < 10);
    EXPECT_THAT(seen, ElementsAre("2/b", "2/z", "1/a", "1/b", "1/c"));
  }
  // What goes away meanwhile does not disturb the rest.
  const std::string token = Text(Json(GetAs(kConsumer, "/meshes?limit=3")).at("nextToken"));
  Json(DeleteAs(kOwner, "/meshes/a"));
  Json(DeleteAs(kConsumer, "/meshes/b"));
  const auto rest = Json(GetAs(kConsumer, "/meshes?nextToken=" + token)).at("meshes").as_array();
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(Text(rest[0].at("arn")), "arn:aws:appmesh:us-west-2:123456789012:mesh/b@123456789012");
  EXPECT_EQ(Json(GetAs(kStranger, "/meshes")), Json(R"({"meshes":[]})"));
}

TEST_F(SharingTest, AFullPageOfOwnMeshesKnowsWhetherSharedOnesFollow) {
  MustPut("/meshes", R"({"meshName":"m"})");
  Json(PutAs(kConsumer, "/meshes", R"({"meshName":"x"})"));
  const std::string_view one = "/meshes?limit=1";
  EXPECT_FALSE(Json(GetAs(kConsumer, one)).as_object().contains("nextToken"));
  Share();
  const std::string token = Text(Json(GetAs(kConsumer, one)).at("nextToken"));
  const auto rest = Json(GetAs(kConsumer, std::string(one) + "&nextToken=" + token));
  EXPECT_EQ(rest.at("meshes").as_array().size(), 1u);
  EXPECT_FALSE(rest.as_object().contains("nextToken"));
}

TEST_F(SharingTest, SharesDieWithTheirMesh) {
  MustPut("/meshes", R"({"meshName":"m"})");
  Share();
  Share(kStranger);
  Json(DeleteAs(kOwner, "/meshes/m"));
  EXPECT_THAT(store_.Scan("", "", 10)->entries, IsEmpty());
  MustPut("/meshes", R"({"meshName":"m"})");
  ExpectError(GetAs(kConsumer, Of("/meshes/m")), 404, "NotFoundException", "");
}

TEST_F(SharingTest, SharesAreGivenTakenAndListed) {
  const auto missing = ShareMesh(store_, 1, "admin", kMesh, std::string(kConsumer));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::Code::kNotFound);
  EXPECT_EQ(ListShares(store_, kMesh).error().code, base::Code::kNotFound);
  MustPut("/meshes", R"({"meshName":"m"})");
  for (const std::string account : {"", "12", "12345678901x", "123456789012"}) {
    const auto refused = ShareMesh(store_, 1, "admin", kMesh, account);
    ASSERT_FALSE(refused) << account;
    EXPECT_EQ(refused.error().code, base::Code::kBadRequest);
  }
  Share(kStranger);
  Share();
  Share();
  EXPECT_THAT(*ListShares(store_, kMesh), ElementsAre(kConsumer, kStranger));
  Unshare();
  EXPECT_THAT(*ListShares(store_, kMesh), ElementsAre(kStranger));
  const auto again = UnshareMesh(store_, 1, "admin", kMesh, std::string(kConsumer));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::Code::kNotFound);
  const auto txn = store_.ReadTransaction(store_.Newest());
  EXPECT_EQ((*txn)->record.operation(), "UnshareMesh");
  EXPECT_EQ((*txn)->record.actor(), "admin");
}

TEST_F(SharingTest, SharesAreBounded) {
  MustPut("/meshes", R"({"meshName":"m"})");
  store::Batch batch;
  for (size_t i = 0; i < kMaxShares; ++i) {
    batch.writes.push_back({store::ShareKeyText(kMesh, std::to_string(400000000000 + i)), ""});
  }
  ASSERT_TRUE(store_.Commit(batch));
  const auto refused = ShareMesh(store_, 1, "admin", kMesh, std::string(kConsumer));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kLimitExceeded);
  EXPECT_TRUE(ShareMesh(store_, 1, "admin", kMesh, "400000000000")) << "has it";
}

TEST_F(SharingTest, TagsArePrivateToTheCreator) {
  MakeMesh();
  Share();
  Json(PutAs(kConsumer, Of("/meshes/m/virtualNodes"), NodeBody("x")));
  const auto tags = [this](std::string_view caller, std::string_view account, std::string_view path) {
    return GetAs(caller,
                 "/tags?resourceArn=arn:aws:appmesh:us-west-2:" + std::string(account) + ":" + std::string(path));
  };
  const std::string_view with_owner = "mesh/m%40123456789012/virtualNode/x";
  const std::string_view plain = "mesh/m/virtualNode/x";
  Json(PutAs(kConsumer, "/tag?resourceArn=arn:aws:appmesh:us-west-2:222222222222:" + std::string(with_owner),
             R"({"tags":[{"key":"k","value":"v"}]})"));
  EXPECT_EQ(Json(tags(kConsumer, kConsumer, with_owner)), Json(R"({"tags":[{"key":"k","value":"v"}]})"));
  EXPECT_EQ(Json(tags(kConsumer, kConsumer, plain)), Json(R"({"tags":[{"key":"k","value":"v"}]})"));
  ExpectError(tags(kOwner, kConsumer, with_owner), 403, "ForbiddenException", "belong to account 222222222222");
  ExpectError(tags(kConsumer, kOwner, "mesh/m"), 403, "ForbiddenException", "belong to account 123456789012");
  ExpectError(tags(kConsumer, kConsumer, "mesh/m%40123456789012/virtualNode/n"), 404, "NotFoundException",
              "VirtualNode with name n");
  ExpectError(tags(kConsumer, kConsumer, "mesh/m/virtualNode/n"), 404, "NotFoundException", "VirtualNode with name n");
  Unshare();
  ExpectError(tags(kConsumer, kConsumer, with_owner), 404, "NotFoundException", "VirtualNode with name x");
  ExpectError(tags(kConsumer, kConsumer, plain), 404, "NotFoundException", "VirtualNode with name x");
}

}  // namespace
}  // namespace chancery::frontend
