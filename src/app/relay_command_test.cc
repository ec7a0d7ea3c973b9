#include "app/relay_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace chancery::app {
namespace {

using testing::HasSubstr;

RelayFlags Whole() {
  RelayFlags flags;
  flags.listen = {"unix:/run/xds.sock"};
  flags.allow = {"mesh/shop/virtualNode/cart"};
  flags.xds = "xds.test:8481";
  return flags;
}

Variables With(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

std::string Refusal(const RelayFlags& flags, const Variables& variables = With({})) {
  const auto options = ToRelayOptions(flags, variables);
  return options ? "accepted" : options.error().message;
}

TEST(RelayCommand, TheFlagsSayWhereAndAsWhom) {
  RelayFlags flags = Whole();
  flags.auth = "sigv4";
  const auto options = ToRelayOptions(flags, With({{"AWS_ACCESS_KEY_ID", "id"}, {"AWS_SECRET_ACCESS_KEY", "s"}}));
  ASSERT_TRUE(options) << base::ToString(options.error());
  EXPECT_EQ(options->host, "xds.test");
  EXPECT_EQ(options->port, 8481);
  EXPECT_FALSE(options->plaintext);
  EXPECT_EQ(options->credentials.key.access_key_id, "id");
  EXPECT_EQ(options->listeners.at(0).socket.address, "unix:/run/xds.sock");
  EXPECT_FALSE(options->listeners.at(0).claims.empty());
}

TEST(RelayCommand, WhatCannotBeNamesItsFlag) {
  const std::pair<void (*)(RelayFlags&), const char*> cases[] = {
      {[](RelayFlags& f) { f.listen.clear(); }, "--listen"},
      {[](RelayFlags& f) { f.listen = {"127.0.0.1:1"}; }, "--listen: '127.0.0.1:1' is no Unix socket"},
      {[](RelayFlags& f) { f.allow.clear(); }, "--allow"},
      {[](RelayFlags& f) { f.allow = {"cart"}; }, "--allow: 'cart'"},
      {[](RelayFlags& f) { f.xds = "xds.test"; }, "--xds"},
      {[](RelayFlags& f) { f.client_key = "k"; }, "--client-cert"},
      {[](RelayFlags& f) { f.insecure_plaintext = true, f.tls_ca = "ca"; }, "--insecure-plaintext"},
      {[](RelayFlags& f) { f.insecure_plaintext = true, f.token_file = "t"; }, "--insecure-plaintext"},
      {[](RelayFlags& f) { f.tls_ca = "/nowhere/ca"; }, "--tls-ca, --client-cert, --client-key: /nowhere/ca"},
      {[](RelayFlags& f) { f.token_file = "/nowhere/t"; }, "--token-file: /nowhere/t"},
      {[](RelayFlags& f) { f.auth = "basic"; }, "--auth"},
      {[](RelayFlags& f) { f.auth = "sigv4"; }, "AWS_ACCESS_KEY_ID"},
      {[](RelayFlags& f) { f.auth = "sigv4", f.token_file = "t"; }, "--token-file"}};
  for (const auto& [spoil, named] : cases) {
    RelayFlags flags = Whole();
    spoil(flags);
    EXPECT_THAT(Refusal(flags), HasSubstr(named));
  }
}

}  // namespace
}  // namespace chancery::app
