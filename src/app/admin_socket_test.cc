#include "app/admin_socket.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "frontend/account_quotas.h"
#include "frontend/http_server.h"
#include "iam/iam_fixture.h"

namespace chancery::app {
namespace {

namespace json = boost::json;

class AdminSocketTest : public iam::IamFixture {
 protected:
  AdminSocketTest() {
    std::filesystem::create_directories(data_dir_);
    frontend::HttpServerOptions options;
    options.address = "unix:" + (data_dir_ / kAdminSocket).string();
    auto server = frontend::HttpServer::Start(options, [this](const frontend::Request& r) {
      return HandleCommand({*admin_, *directory_, store_, clock_}, audit_, r);
    });
    EXPECT_TRUE(server) << base::ToString(server.error());
    server_ = *std::move(server);
  }
  ~AdminSocketTest() override {
    server_.reset();
    std::filesystem::remove_all(data_dir_);
  }

  base::Result<json::value> Run(std::string_view group, std::string_view verb, const json::object& arguments) {
    auto answer = SendCommand(data_dir_, *FindCommand(group, verb), arguments);
    if (!answer) return answer.error();
    return answer->value();
  }

  const std::filesystem::path data_dir_ =
      std::filesystem::temp_directory_path() / ("chancery_as_" + std::to_string(getpid()));
  // Commands come one after the other, from one client.
  std::vector<frontend::AuditEvent> audited_;
  const frontend::AuditLog audit_ = [this](const frontend::AuditEvent& event) { audited_.push_back(event); };
  std::unique_ptr<frontend::HttpServer> server_;
};

TEST_F(AdminSocketTest, IsForItsOwnerAlone) {
  struct stat status{};
  ASSERT_EQ(stat((data_dir_ / kAdminSocket).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(AdminSocketTest, KeysAreMadeListedAndDisabled) {
  const auto made = Run("keys", "create", {{"account", kAccount}, {"user", "ann"}});
  ASSERT_TRUE(made) << base::ToString(made.error());
  const std::string id(made->at("AccessKeyId").as_string());
  EXPECT_EQ(made->at("AccessKey").at("SecretAccessKey"), made->at("SecretAccessKey"));
  EXPECT_NE(directory_->FindKey(id), nullptr);
  ASSERT_TRUE(Run("keys", "disable", {{"account", kAccount}, {"user", "ann"}}));
  const auto listed = Run("keys", "list", {});
  EXPECT_EQ(listed->at("AccessKeyMetadata").at(0).at("Status"), "Inactive");
  EXPECT_EQ(json::serialize(*listed).find("SecretAccessKey"), std::string::npos);
  ASSERT_TRUE(Run("keys", "enable", {{"access-key-id", id}}));
  EXPECT_FALSE(directory_->FindKey(id)->disabled);
  ASSERT_TRUE(Run("keys", "delete", {{"access-key-id", id}}));
  EXPECT_EQ(directory_->FindKey(id), nullptr);
  EXPECT_NE(Run("keys", "delete", {{"access-key-id", id}}).error().message.find("there is no access key"),
            std::string::npos);
}

TEST_F(AdminSocketTest, SimulateSaysWhichStatementDecides) {
  ASSERT_TRUE(Run("policy", "put", {{"account", kAccount}, {"name", "p"}, {"file", Allow("appmesh:Describe*")}}));
  ASSERT_TRUE(Run("policy", "attach", {{"account", kAccount}, {"name", "p"}, {"group", "ops"}}));
  ASSERT_TRUE(Run("group", "add", {{"account", kAccount}, {"group", "ops"}, {"user", "ann"}}));
  json::object asked{{"account", kAccount},
                     {"user", "ann"},
                     {"action", "appmesh:DescribeMesh"},
                     {"resource", "arn:aws:appmesh:us-east-1:111122223333:mesh/m"}};
  const auto allowed = Run("policy", "simulate", asked);
  ASSERT_TRUE(allowed) << base::ToString(allowed.error());
  EXPECT_EQ(allowed->at("EvalDecision"), "allowed");
  EXPECT_EQ(allowed->at("MatchedStatement").at("AttachedTo"), "group ops");
  asked["action"] = "appmesh:DeleteMesh";
  EXPECT_EQ(Run("policy", "simulate", asked)->at("EvalDecision"), "implicitDeny");
  // Of a group that only a bearer token names.
  ASSERT_TRUE(Run("policy", "attach", {{"account", kAccount}, {"name", "AWSAppMeshFullAccess"}, {"group", "admins"}}));
  asked["group"] = json::array{"guests", "admins"};
  const auto by_token = Run("policy", "simulate", asked);
  ASSERT_TRUE(by_token) << base::ToString(by_token.error());
  EXPECT_EQ(by_token->at("EvalDecision"), "allowed");
  EXPECT_EQ(by_token->at("MatchedStatement").at("AttachedTo"), "group admins");
  asked["group"] = json::array{"a/b"};
  EXPECT_NE(Run("policy", "simulate", asked).error().message.find("--group must be"), std::string::npos);
}

TEST_F(AdminSocketTest, SimulateKnowsTheSpellingsOfAnArn) {
  const std::string arn = "arn:aws:appmesh:us-east-1:111122223333:mesh/m";
  ASSERT_TRUE(Run("policy", "put",
                  {{"account", kAccount}, {"name", "p"}, {"file", Allow("appmesh:*", arn + "@111122223333/*")}}));
  ASSERT_TRUE(Run("policy", "attach", {{"account", kAccount}, {"name", "p"}, {"user", "ann"}}));
  for (const char* mesh : {"", "@111122223333"}) {
    const auto said = Run("policy", "simulate",
                          {{"account", kAccount},
                           {"user", "ann"},
                           {"action", "appmesh:DescribeVirtualNode"},
                           {"resource", arn + mesh + "/virtualNode/n"}});
    EXPECT_EQ(said->at("EvalDecision"), "allowed") << mesh;
  }
}

TEST_F(AdminSocketTest, QuotasOfAnAccountAreSetAndReset) {
  ASSERT_TRUE(Run("quota", "set", {{"account", kAccount}, {"name", "meshes-per-account"}, {"limit", "2"}}));
  EXPECT_EQ(frontend::ReadQuotas(store_, kAccount)->at("meshes-per-account"), 2);
  EXPECT_TRUE(frontend::ReadQuotas(store_, "999922223333")->empty());
  const auto listed = Run("quota", "list", {{"account", kAccount}});
  EXPECT_EQ(listed->at("Quotas").at(0).at("Limit"), 2);
  ASSERT_TRUE(Run("quota", "reset", {{"account", kAccount}, {"name", "meshes-per-account"}}));
  EXPECT_TRUE(frontend::ReadQuotas(store_, kAccount)->empty());
  EXPECT_FALSE(Run("quota", "set", {{"account", kAccount}, {"name", "moons"}, {"limit", "2"}}));
  EXPECT_FALSE(Run("quota", "set", {{"account", kAccount}, {"name", "meshes-per-account"}, {"limit", "-2"}}));
  EXPECT_FALSE(Run("quota", "set", {{"account", kAccount}, {"name", "meshes-per-account"}, {"limit", "2x"}}));
}

TEST_F(AdminSocketTest, MisuseNamesTheArgument) {
  EXPECT_NE(Run("keys", "create", {{"account", kAccount}}).error().message.find("--user is required"),
            std::string::npos);
  EXPECT_NE(Run("keys", "create", {{"account", kAccount}, {"user", "a"}, {"x", "y"}}).error().message.find("--x"),
            std::string::npos);
  EXPECT_NE(Run("keys", "create", {{"account", 1}, {"user", "a"}}).error().message.find("--account must be a text"),
            std::string::npos);
  EXPECT_NE(Run("policy", "attach", {{"account", kAccount}, {"name", "p"}, {"user", "a"}, {"group", "b"}})
                .error()
                .message.find("--group does not go with --user"),
            std::string::npos);
  EXPECT_EQ(HandleCommand({*admin_, *directory_, store_, clock_}, audit_, {"POST", "/keys/create", {}, "[1]"}).status,
            400);
  EXPECT_EQ(HandleCommand({*admin_, *directory_, store_, clock_}, audit_, {"GET", "/keys/create", {}, "{}"}).status,
            404);
  EXPECT_EQ(HandleCommand({*admin_, *directory_, store_, clock_}, audit_, {"POST", "/keys/steal", {}, "{}"}).status,
            404);
}

TEST_F(AdminSocketTest, EachCommandIsAudited) {
  using Arguments = std::vector<std::pair<std::string, std::string>>;
  const auto key = Run("keys", "create", {{"account", kAccount}, {"user", "ann"}});
  ASSERT_TRUE(key);
  const std::string id(key->at("AccessKeyId").as_string());
  ASSERT_FALSE(Run("policy", "put", {{"account", kAccount}, {"name", "p"}, {"file", "{no policy"}}));
  server_.reset();
  ASSERT_EQ(audited_.size(), 2u);
  EXPECT_EQ(audited_[0].operation, "keys create");
  EXPECT_EQ(audited_[0].actor, "admin.sock");
  EXPECT_EQ(audited_[0].source, "uid " + std::to_string(geteuid()));
  EXPECT_EQ(audited_[0].arguments, (Arguments{{"account", kAccount}, {"user", "ann"}, {"access-key-id", id}}));
  EXPECT_EQ(audited_[0].status, 200);
  EXPECT_EQ(audited_[1].arguments, (Arguments{{"account", kAccount}, {"name", "p"}}));
  EXPECT_EQ(audited_[1].status, 400);
  EXPECT_EQ(audited_[1].error, "BadRequestException");
}

TEST_F(AdminSocketTest, GroupsAreListed) {
  for (const auto& [group, user] : {std::pair{"ops", "bob"}, {"dev", "ann"}, {"ops", "ann"}}) {
    ASSERT_TRUE(Run("group", "add", {{"account", kAccount}, {"group", group}, {"user", user}}));
  }
  const auto groups = Run("group", "list", {{"account", kAccount}});
  ASSERT_TRUE(groups);
  EXPECT_EQ(json::serialize(*groups),
            R"({"Groups":[{"GroupName":"dev","Users":["ann"]},{"GroupName":"ops","Users":["ann","bob"]}]})");
  EXPECT_EQ(json::serialize(*Run("group", "list", {{"account", "222222222222"}})), R"({"Groups":[]})");
}

// The kernel's own limit is 107 bytes.
TEST_F(AdminSocketTest, ALongPathIsServedAndItsSocketGoesWithTheServer) {
  const std::filesystem::path deep = data_dir_ / std::string(100, 'd') / std::string(100, 'e');
  std::filesystem::create_directories(deep);
  frontend::HttpServerOptions options;
  options.address = "unix:" + (deep / kAdminSocket).string();
  auto server = frontend::HttpServer::Start(options, [this](const frontend::Request& r) {
    return HandleCommand({*admin_, *directory_, store_, clock_}, audit_, r);
  });
  ASSERT_TRUE(server) << base::ToString(server.error());
  const auto answer = SendCommand(deep, *FindCommand("keys", "list"), {});
  ASSERT_TRUE(answer) << base::ToString(answer.error());
  EXPECT_TRUE(answer->has_value());
  server->reset();
  EXPECT_FALSE(std::filesystem::exists(deep / kAdminSocket));
  EXPECT_FALSE(SendCommand(deep, *FindCommand("keys", "list"), {})->has_value());
}

TEST_F(AdminSocketTest, NobodyServesAnotherDirectory) {
  const auto answer = SendCommand(data_dir_ / "elsewhere", *FindCommand("keys", "list"), {});
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->has_value());
}

}  // namespace
}  // namespace chancery::app
