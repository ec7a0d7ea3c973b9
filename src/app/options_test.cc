#include "app/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace chancery::app {
namespace {

using testing::HasSubstr;

ServeOptions Local() {
  ServeOptions options;
  options.insecure_no_auth = true;
  return options;
}

TEST(ServeOptions, TheDefaultsAreLoopbackWithAuthentication) {
  EXPECT_TRUE(CheckServeOptions(ServeOptions{}));
  EXPECT_FALSE(ServeOptions{}.insecure_no_auth);
  EXPECT_TRUE(CheckServeOptions(Local()));
}

TEST(ServeOptions, TheApiBeyondLoopbackNeedsTls) {
  ServeOptions options;
  options.api = "0.0.0.0:8480";
  EXPECT_THAT(CheckServeOptions(options).error().message, HasSubstr("--tls-cert"));
  options.tls_certificate = "c.pem";
  EXPECT_THAT(CheckServeOptions(options).error().message, HasSubstr("--tls-key"));
  options.tls_key = "k.pem";
  EXPECT_TRUE(CheckServeOptions(options));
  options.insecure_no_auth = true;
  EXPECT_THAT(CheckServeOptions(options).error().message, HasSubstr("--insecure-no-auth"));
}

TEST(ServeOptions, WithoutAuthenticationTheApiStaysOnLoopback) {
  ServeOptions options = Local();
  options.api = "0.0.0.0:8480";
  const auto refused = CheckServeOptions(options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("--api: 0.0.0.0:8480 is beyond loopback"));
}

TEST(ServeOptions, TheXdsPortBeyondLoopbackNeedsItsFlag) {
  ServeOptions options = Local();
  options.xds = {"[::]:8481"};
  const auto refused = CheckServeOptions(options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("--insecure-xds-bind"));
  options.insecure_xds_bind = true;
  EXPECT_TRUE(CheckServeOptions(options));
}

TEST(ServeOptions, WhatIsMalformedNamesItsFlag) {
  struct Case {
    std::string flag;
    void (*spoil)(ServeOptions&);
  };
  const std::vector<Case> cases = {
      {"--api", [](ServeOptions& o) { o.api = "127.0.0.1"; }},
      {"--api", [](ServeOptions& o) { o.api = "localhost:1"; }},
      {"--api", [](ServeOptions& o) { o.api = "::1:8480"; }},
      {"--xds", [](ServeOptions& o) { o.xds = {"127.0.0.1:70000"}; }},
      {"--admin", [](ServeOptions& o) { o.admin = ":80"; }},
      {"--admin", [](ServeOptions& o) { o.admin = "10.0.0.1:80"; }},
      {"--account", [](ServeOptions& o) { o.account = "12345"; }},
      {"--region", [](ServeOptions& o) { o.region = "us/east"; }},
      {"--partition", [](ServeOptions& o) { o.installation.partition = ""; }},
      {"--api-rate", [](ServeOptions& o) { o.api_rate = -1; }},
      {"--quota-profile", [](ServeOptions& o) { o.quota_profile = "gcp"; }},
      {"--log-level", [](ServeOptions& o) { o.log_level = "loud"; }},
      {"--data-dir", [](ServeOptions& o) { o.installation.data_dir = ""; }},
  };
  for (const Case& c : cases) {
    ServeOptions options = Local();
    c.spoil(options);
    const auto refused = CheckServeOptions(options);
    ASSERT_FALSE(refused) << c.flag;
    EXPECT_THAT(refused.error().message, HasSubstr(c.flag));
  }
}

TEST(ServeOptions, TokensNeedAnIssuerAnAudienceAndKeysThatCanBeTrusted) {
  ServeOptions good;
  good.oidc_issuer = "https://id.test";
  good.oidc_audience = "chancery";
  EXPECT_TRUE(CheckServeOptions(good));
  ServeOptions by_file = good;
  by_file.oidc_issuer = "any name";
  by_file.oidc_jwks = "keys.json";
  EXPECT_TRUE(CheckServeOptions(by_file));
  struct Case {
    std::string flag;
    void (*spoil)(ServeOptions&);
  };
  const std::vector<Case> cases = {
      {"--oidc-issuer", [](ServeOptions& o) { o.oidc_issuer = ""; }},
      {"--oidc-issuer", [](ServeOptions& o) { o.oidc_issuer = "id.test"; }},
      {"--oidc-issuer", [](ServeOptions& o) { o.oidc_issuer = "http://id.test"; }},
      {"--insecure-no-auth", [](ServeOptions& o) { o.insecure_no_auth = true; }},
      {"--oidc-audience", [](ServeOptions& o) { o.oidc_audience = ""; }},
      {"--oidc-jwks", [](ServeOptions& o) { o.oidc_jwks = "http://id.test/keys"; }},
      {"--oidc-user-claim", [](ServeOptions& o) { o.oidc_user_claim = ""; }},
      {"--oidc-account-claim", [](ServeOptions& o) { o.oidc_account_claim = ""; }},
      {"--oidc-groups-claim", [](ServeOptions& o) { o.oidc_groups_claim = ""; }},
  };
  for (const Case& c : cases) {
    ServeOptions options = good;
    c.spoil(options);
    const auto refused = CheckServeOptions(options);
    ASSERT_FALSE(refused) << c.flag;
    EXPECT_THAT(refused.error().message, HasSubstr(c.flag));
  }
}

TEST(ServeOptions, WhatAllProxiesAreGivenIsChosenByFlags) {
  ServeOptions options;
  EXPECT_EQ(options.proxies, compile::Options{});
  CLI::App app;
  AddServeOptions(app, options);
  app.parse("--vcluster-stats --envoy-limits", false);
  EXPECT_EQ(options.proxies, (compile::Options{.vcluster_stats = true, .envoys_own_limits = true}));
}

TEST(ServeOptions, EachFlagHasAnEnvironmentVariable) {
  ServeOptions options;
  CLI::App app;
  AddServeOptions(app, options);
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_name() == "--help") continue;
    EXPECT_THAT(option->get_envname(), testing::StartsWith("CHANCERY_")) << option->get_name();
  }
}

}  // namespace
}  // namespace chancery::app
