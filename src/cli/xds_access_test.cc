#include "cli/xds_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cli/bootstrap.h"

namespace chancery::cli {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

BootstrapOptions Reaching(Endpoint xds, XdsGrpc grpc, XdsAccess access) {
  BootstrapOptions options;
  options.resource_arn = "arn:aws:appmesh:eu-west-1:123456789012:mesh/shop/virtualNode/web";
  options.xds = std::move(xds);
  options.xds_grpc = grpc;
  options.xds_access = std::move(access);
  return options;
}

const Endpoint kNamed{"xds.test", 443, ""};

json::value At(const BootstrapOptions& options, const char* pointer) {
  std::vector<std::string> warnings;
  const auto text = MakeBootstrap(options, warnings);
  EXPECT_TRUE(text) << (text ? "" : text.error().message);
  if (!text) return {};
  const json::value made = json::parse(*text);
  json::error_code error;
  const json::value* found = made.find_pointer(pointer, error);
  return found == nullptr ? json::value() : *found;
}

constexpr const char* kGoogle = "/dynamic_resources/ads_config/grpc_services/0/google_grpc";
constexpr const char* kCluster = "/static_resources/clusters/0";
constexpr const char* kFilters =
    "/static_resources/clusters/0/typed_extension_protocol_options/"
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions/http_filters";

TEST(XdsAccess, GoogleTrustsAnAuthorityAndShowsACertificate) {
  const json::value google =
      At(Reaching(kNamed, XdsGrpc::kGoogle, {"ca.pem", "proxy.pem", "proxy.key", "", false, "", "", ""}), kGoogle);
  EXPECT_EQ(google.at("channel_credentials"), json::parse(R"({"ssl_credentials": {
    "root_certs": {"filename": "ca.pem"}, "private_key": {"filename": "proxy.key"},
    "cert_chain": {"filename": "proxy.pem"}}})"));
  EXPECT_FALSE(google.as_object().contains("call_credentials"));
}

TEST(XdsAccess, GoogleSendsATokenFromAFile) {
  const json::value google =
      At(Reaching(kNamed, XdsGrpc::kGoogle, {"ca.pem", "", "", "token", false, "", "", ""}), kGoogle);
  EXPECT_EQ(google.at("credentials_factory_name"), "envoy.grpc_credentials.file_based_metadata");
  EXPECT_EQ(google.at("call_credentials"), json::parse(R"([{"from_plugin": {
    "name": "envoy.grpc_credentials.file_based_metadata", "typed_config": {
    "@type": "type.googleapis.com/envoy.config.grpc_credential.v3.FileBasedMetadataConfig",
    "secret_data": {"filename": "token"}, "header_key": "authorization", "header_prefix": "Bearer "}}}])"));
}

TEST(XdsAccess, EnvoyExpectsTheServersNameOrAddress) {
  const auto named = At(Reaching(kNamed, XdsGrpc::kEnvoy, {"ca.pem", "proxy.pem", "proxy.key", "", false, "", "", ""}),
                        "/static_resources/clusters/0/transport_socket/typed_config");
  EXPECT_EQ(named, json::parse(R"({
    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", "sni": "xds.test",
    "common_tls_context": {"alpn_protocols": ["h2"],
      "tls_certificates": [{"certificate_chain": {"filename": "proxy.pem"}, "private_key": {"filename": "proxy.key"}}],
      "validation_context": {"trusted_ca": {"filename": "ca.pem"},
        "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": "xds.test"}}]}}})"));
  const auto addressed =
      At(Reaching({"10.0.0.1", 443, ""}, XdsGrpc::kEnvoy, {"ca.pem", "", "", "", false, "", "", ""}),
         "/static_resources/clusters/0/transport_socket/typed_config/common_tls_context/validation_context/"
         "match_typed_subject_alt_names/0");
  EXPECT_EQ(addressed, json::parse(R"({"san_type": "IP_ADDRESS", "matcher": {"exact": "10.0.0.1"}})"));
}

TEST(XdsAccess, EnvoySignsForTheRegionOfTheArn) {
  const json::value filters = At(Reaching(kNamed, XdsGrpc::kEnvoy, {"", "", "", "", true, "", "", ""}), kFilters);
  ASSERT_EQ(filters.as_array().size(), 2U);
  EXPECT_EQ(filters.at(0).at("typed_config"), json::parse(R"({
    "@type": "type.googleapis.com/envoy.extensions.filters.http.aws_request_signing.v3.AwsRequestSigning",
    "service_name": "appmesh", "region": "eu-west-1", "use_unsigned_payload": true,
    "match_excluded_headers": [{"prefix": "x-envoy"}, {"prefix": "x-forwarded"}],
    "credential_provider": {"custom_credential_provider_chain": true, "environment_credential_provider": {}}})"));
  EXPECT_EQ(filters.at(1).at("name"), "envoy.filters.http.upstream_codec");
  const json::value set = At(Reaching(kNamed, XdsGrpc::kEnvoy, {"", "", "", "", true, "us-west-2", "", ""}), kFilters);
  EXPECT_EQ(set.at(0).at("typed_config").at("region"), "us-west-2");
}

TEST(XdsAccess, EnvoyInjectsATokenThatIsWatched) {
  const json::value filters =
      At(Reaching(kNamed, XdsGrpc::kEnvoy, {"ca.pem", "", "", "/etc/token.yaml", false, "", "", ""}), kFilters);
  const json::value& injector = filters.at(0).at("typed_config");
  EXPECT_EQ(injector.at("overwrite"), true);
  EXPECT_EQ(injector.at("credential").at("typed_config").at("credential"), json::parse(R"({"name": "xds_token",
    "sds_config": {"path_config_source": {"path": "/etc/token.yaml"}, "resource_api_version": "V3"}})"));
}

TEST(XdsAccess, BothClientsSendAHeaderThatIsGiven) {
  XdsAccess access;
  ASSERT_TRUE(SetInitialMetadata(access, "authorization=Bearer a=b"));
  for (const XdsGrpc grpc : {XdsGrpc::kGoogle, XdsGrpc::kEnvoy}) {
    EXPECT_EQ(At(Reaching(kNamed, grpc, access), "/dynamic_resources/ads_config/grpc_services/0/initial_metadata"),
              json::parse(R"([{"key": "authorization", "value": "Bearer a=b"}])"));
  }
}

TEST(XdsAccess, WhatIsNoHeaderIsRefused) {
  for (const char* text : {"", "authorization", "authorization=", "=x", "Authorization=x", "x y=z", "grpc-timeout=1S",
                           "token-bin=AA", ":path=/", "a= x", "a=x ", "a=x\ny"}) {
    XdsAccess access;
    const auto read = SetInitialMetadata(access, text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, base::Code::kBadRequest);
    EXPECT_EQ(access, XdsAccess{});
  }
}

TEST(XdsAccess, NothingIsAddedThatWasNotAskedFor) {
  EXPECT_FALSE(At(Reaching(kNamed, XdsGrpc::kGoogle, {}), kGoogle).as_object().contains("channel_credentials"));
  EXPECT_FALSE(At(Reaching(kNamed, XdsGrpc::kEnvoy, {}), kCluster).as_object().contains("transport_socket"));
  EXPECT_TRUE(At(Reaching(kNamed, XdsGrpc::kEnvoy, {}), kFilters).is_null());
}

TEST(XdsAccess, WhatCannotWorkNamesTheFlags) {
  const Endpoint pipe{"", 0, "/xds.sock"};
  const struct {
    Endpoint xds;
    XdsGrpc grpc;
    XdsAccess access;
    const char* named;
  } cases[] = {
      {kNamed, XdsGrpc::kGoogle, {"ca.pem", "proxy.pem", "", "", false, "", "", ""}, "--xds-client-key"},
      {kNamed, XdsGrpc::kGoogle, {"", "proxy.pem", "proxy.key", "", false, "", "", ""}, "--xds-tls-ca"},
      {kNamed, XdsGrpc::kGoogle, {"", "", "", "token", false, "", "", ""}, "--xds-tls-ca"},
      {kNamed, XdsGrpc::kEnvoy, {"", "", "", "token", false, "", "", ""}, "--xds-tls-ca"},
      {kNamed, XdsGrpc::kGoogle, {"", "", "", "", true, "", "", ""}, "--xds-grpc envoy"},
      {kNamed, XdsGrpc::kEnvoy, {"", "", "", "token", true, "", "", ""}, "--xds-token-file"},
      {kNamed, XdsGrpc::kEnvoy, {"", "", "", "token", false, "", "authorization", "x"}, "--xds-initial-metadata"},
      {kNamed, XdsGrpc::kEnvoy, {"", "", "", "", true, "", "authorization", "x"}, "--xds-initial-metadata"},
      {pipe, XdsGrpc::kGoogle, {"", "", "", "", false, "", "a", "x"}, "--xds unix:"},
      {pipe, XdsGrpc::kGoogle, {"ca.pem", "", "", "", false, "", "", ""}, "--xds unix:"},
      {pipe, XdsGrpc::kEnvoy, {"", "", "", "token", false, "", "", ""}, "--xds unix:"},
      {pipe, XdsGrpc::kEnvoy, {"", "", "", "", true, "", "", ""}, "--xds unix:"}};
  for (const auto& [xds, grpc, access, named] : cases) {
    std::vector<std::string> warnings;
    const auto made = MakeBootstrap(Reaching(xds, grpc, access), warnings);
    ASSERT_FALSE(made) << named;
    EXPECT_EQ(made.error().code, base::Code::kBadRequest);
    EXPECT_THAT(made.error().message, HasSubstr(named));
  }
}

}  // namespace
}  // namespace chancery::cli
