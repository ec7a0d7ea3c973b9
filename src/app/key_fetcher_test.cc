#include "app/key_fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "frontend/http_server.h"

namespace chancery::app {
namespace {

using ::testing::HasSubstr;

// A document on a free port of loopback, and the fetcher.
class KeyFetcherTest : public ::testing::Test {
 protected:
  KeyFetcherTest() {
    frontend::HttpServerOptions options;
    options.address = "127.0.0.1:0";
    auto server = frontend::HttpServer::Start(options, [this](const frontend::Request&) { return answer_; });
    EXPECT_TRUE(server) << base::ToString(server.error());
    server_ = *std::move(server);
    auto fetcher = KeyFetcher::Make("");
    EXPECT_TRUE(fetcher);
    fetcher_ = *std::move(fetcher);
  }
  std::string Get(const std::string& location) const {
    auto got = fetcher_->Fetch(location, {});
    return got ? *got : "failed: " + got.error().message;
  }
  std::string Url() const { return "http://" + server_->address() + "/keys"; }

  frontend::Answer answer_{200, {}, "document"};
  std::unique_ptr<frontend::HttpServer> server_;
  std::unique_ptr<KeyFetcher> fetcher_;
};

TEST_F(KeyFetcherTest, ADocumentIsFetched) { EXPECT_EQ(Get(Url()), "document"); }

TEST_F(KeyFetcherTest, AnAnswerOtherThan200IsAFailure) {
  answer_.status = 404;
  EXPECT_THAT(Get(Url()), HasSubstr("failed: " + Url() + ": answered 404"));
  answer_ = {302, {{"Location", Url()}}, ""};
  EXPECT_THAT(Get(Url()), HasSubstr("answered 302"));
}

TEST_F(KeyFetcherTest, ADocumentIsBounded) {
  answer_.body = std::string(1 << 20, 'x');
  EXPECT_EQ(Get(Url()).size(), 1u << 20);
  answer_.body += 'x';
  EXPECT_THAT(Get(Url()), HasSubstr("is larger than 1048576 bytes"));
}

TEST_F(KeyFetcherTest, WhoIsNotThereIsNamed) {
  const std::string url = Url();
  server_.reset();
  EXPECT_THAT(Get(url), HasSubstr("failed: " + url));
}

TEST_F(KeyFetcherTest, WhatSpeaksNoTlsIsRefused) {
  EXPECT_THAT(Get("https://" + server_->address() + "/keys"), HasSubstr("failed"));
}

TEST_F(KeyFetcherTest, AFetchEndsWhenItIsTold) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(fetcher_->Fetch(Url(), stop.get_token()));
}

TEST_F(KeyFetcherTest, AFileIsRead) {
  const auto path = std::filesystem::path(testing::TempDir()) / "key_fetcher_test.json";
  std::ofstream(path) << "in a file";
  EXPECT_EQ(Get(path), "in a file");
  std::ofstream(path) << std::string((1 << 20) + 1, 'x');
  EXPECT_THAT(Get(path), HasSubstr("is larger than"));
  std::filesystem::remove(path);
  EXPECT_THAT(Get(path), HasSubstr("cannot be read"));
  EXPECT_THAT(Get(testing::TempDir()), HasSubstr("cannot be read"));
}

TEST_F(KeyFetcherTest, ALocationThatIsNotAllowedIsNotFetched) {
  EXPECT_THAT(Get("http://id.test/keys"), HasSubstr("neither https nor http on loopback"));
}

TEST(KeyLocation, IsHttpsOrLoopbackOrAFile) {
  for (const std::string good :
       {"https://id.test/keys", "https://id.test:8443", "http://127.0.0.1:80/x", "http://127.9.9.9/",
        "http://[::1]:80/x", "http://localhost:1/", "/etc/keys.json", "keys.json"}) {
    EXPECT_TRUE(CheckKeyLocation(good)) << good;
  }
  for (const std::string bad :
       {"http://id.test/keys", "http://127.evil.test/", "http://10.0.0.1/", "file:///etc/passwd", "ftp://id.test/",
        "https://", "https://user:secret@id.test/", "https://user@id.test/", "http://localhost.evil.test/",
        "http://127.0.0.1@evil.test/", "gopher://127.0.0.1/"}) {
    EXPECT_FALSE(CheckKeyLocation(bad)) << bad;
  }
  EXPECT_EQ(CheckKeyLocation("https://user:secret@id.test/").error().message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace chancery::app
