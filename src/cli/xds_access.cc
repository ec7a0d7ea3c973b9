#include "cli/xds_access.h"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/core/v3/grpc_service.pb.h>
#include <envoy/config/grpc_credential/v3/file_based_metadata.pb.h>
#include <envoy/extensions/filters/http/aws_request_signing/v3/aws_request_signing.pb.h>
#include <envoy/extensions/filters/http/credential_injector/v3/credential_injector.pb.h>
#include <envoy/extensions/filters/http/upstream_codec/v3/upstream_codec.pb.h>
#include <envoy/extensions/http/injected_credentials/generic/v3/generic.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/tls.pb.h>
#include <envoy/extensions/upstreams/http/v3/http_protocol_options.pb.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/address.h"
#include "cli/bootstrap.h"
#include "model/resource.h"

namespace chancery::cli {
namespace {

namespace core = envoy::config::core::v3;
namespace filters = envoy::extensions::filters::http;
namespace tls = envoy::extensions::transport_sockets::tls::v3;
using envoy::extensions::upstreams::http::v3::HttpProtocolOptions;

constexpr char kHttpOptions[] = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
// Of the static secret that holds the token, in the file that --xds-token-file names.
constexpr char kTokenSecret[] = "xds_token";
constexpr char kHeaderNameCharacters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

base::Error Misuse(std::string message) { return {base::Code::kBadRequest, std::move(message), {}}; }

std::string RegionOf(const BootstrapOptions& options) {
  if (!options.xds_access.region.empty()) return options.xds_access.region;
  const auto arn = model::ParseArn(options.resource_arn);
  return arn ? arn->region : options.region;
}

template <typename Config>
void AddFilter(std::string_view name, const Config& config, HttpProtocolOptions& http) {
  auto& filter = *http.add_http_filters();
  filter.set_name(std::string(name));
  filter.mutable_typed_config()->PackFrom(config);
}

void AddSigning(const BootstrapOptions& options, HttpProtocolOptions& http) {
  filters::aws_request_signing::v3::AwsRequestSigning signing;
  signing.set_service_name("appmesh");
  signing.set_region(RegionOf(options));
  // A stream has no end that a signature of its payload could wait for.
  signing.set_use_unsigned_payload(true);
  // Envoy adds them behind the filter.
  for (const char* prefix : {"x-envoy", "x-forwarded"}) signing.add_match_excluded_headers()->set_prefix(prefix);
  // The key is Chancery's own: files, containers and instances of AWS have none, and asking them costs time and
  // warnings.
  signing.mutable_credential_provider()->set_custom_credential_provider_chain(true);
  signing.mutable_credential_provider()->mutable_environment_credential_provider();
  AddFilter("envoy.filters.http.aws_request_signing", signing, http);
}

void AddToken(const std::string& file, HttpProtocolOptions& http) {
  envoy::extensions::http::injected_credentials::generic::v3::Generic generic;
  generic.set_header("authorization");
  auto& secret = *generic.mutable_credential();
  secret.set_name(kTokenSecret);
  secret.mutable_sds_config()->mutable_path_config_source()->set_path(file);
  secret.mutable_sds_config()->set_resource_api_version(core::V3);
  filters::credential_injector::v3::CredentialInjector injector;
  injector.set_overwrite(true);
  injector.mutable_credential()->set_name("envoy.http.injected_credentials.generic");
  injector.mutable_credential()->mutable_typed_config()->PackFrom(generic);
  AddFilter("envoy.filters.http.credential_injector", injector, http);
}

void SetTls(const BootstrapOptions& options, envoy::config::cluster::v3::Cluster& cluster) {
  const XdsAccess& access = options.xds_access;
  tls::UpstreamTlsContext context;
  auto& common = *context.mutable_common_tls_context();
  common.add_alpn_protocols("h2");
  auto& validation = *common.mutable_validation_context();
  validation.mutable_trusted_ca()->set_filename(access.tls_ca);
  // An authority alone says nothing of who the server is.
  auto& name = *validation.add_match_typed_subject_alt_names();
  const bool is_address = base::IsIpAddress(options.xds->host);
  name.set_san_type(is_address ? tls::SubjectAltNameMatcher::IP_ADDRESS : tls::SubjectAltNameMatcher::DNS);
  name.mutable_matcher()->set_exact(options.xds->host);
  if (!is_address) context.set_sni(options.xds->host);
  if (!access.client_certificate.empty()) {
    auto& pair = *common.add_tls_certificates();
    pair.mutable_certificate_chain()->set_filename(access.client_certificate);
    pair.mutable_private_key()->set_filename(access.client_key);
  }
  cluster.mutable_transport_socket()->set_name("envoy.transport_sockets.tls");
  cluster.mutable_transport_socket()->mutable_typed_config()->PackFrom(context);
}

}  // namespace

base::Status SetInitialMetadata(XdsAccess& access, const std::string& text) {
  const size_t split = text.find('=');
  const std::string name = text.substr(0, split);
  const std::string value = split == std::string::npos ? "" : text.substr(split + 1);
  if (value.empty()) return Misuse("expected NAME=VALUE");
  // Names that begin with grpc- are the protocol's, values of names that end with -bin are no text.
  const bool named = !name.empty() && name.find_first_not_of(kHeaderNameCharacters) == std::string::npos;
  if (!named || name.starts_with("grpc-") || name.ends_with("-bin")) {
    return Misuse(fmt::format("'{}' is no header's name: lower case letters, digits, '-', '_' and '.'", name));
  }
  const bool printable = std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
  if (!printable || value.front() == ' ' || value.back() == ' ') {
    return Misuse(fmt::format("the value of '{}' is not printable ASCII without spaces around it", name));
  }
  access.metadata_name = name;
  access.metadata_value = value;
  return base::Status::Ok();
}

base::Status CheckXdsAccess(const BootstrapOptions& options) {
  const XdsAccess& access = options.xds_access;
  const bool google = options.xds_grpc == XdsGrpc::kGoogle;
  if (access.metadata_name == "authorization" && (access.sigv4 || !access.token_file.empty())) {
    return Misuse(
        "--xds-initial-metadata: a stream has one authorization; --xds-token-file or --xds-auth gives another");
  }
  if (access.client_certificate.empty() != access.client_key.empty()) {
    return Misuse("--xds-client-cert and --xds-client-key: both are needed, or none");
  }
  if (!access.client_certificate.empty() && access.tls_ca.empty()) {
    return Misuse("--xds-client-cert: needs --xds-tls-ca (or CHANCERY_XDS_TLS_CA)");
  }
  if (access.sigv4 && !access.token_file.empty()) {
    return Misuse("--xds-auth sigv4 and --xds-token-file: a stream has one authorization");
  }
  if (access.sigv4 && google)
    return Misuse("--xds-auth sigv4: only --xds-grpc envoy (or CHANCERY_XDS_GRPC=envoy) can sign");
  const bool is_pipe = options.xds && !options.xds->pipe.empty();
  if (!access.token_file.empty() && access.tls_ca.empty() && !is_pipe) {
    return Misuse(
        "--xds-token-file: without TLS everybody on the way would see the token: needs --xds-tls-ca (or "
        "CHANCERY_XDS_TLS_CA)");
  }
  if (is_pipe && access != XdsAccess{}) {
    return Misuse(
        "--xds unix:: takes no credentials and no TLS (--xds-tls-ca, --xds-token-file, --xds-auth, "
        "--xds-initial-metadata)");
  }
  return base::Status::Ok();
}

void SetAccess(const BootstrapOptions& options, core::GrpcService& service) {
  if (options.xds_access.metadata_name.empty()) return;
  auto& header = *service.add_initial_metadata();
  header.set_key(options.xds_access.metadata_name);
  header.set_value(options.xds_access.metadata_value);
}

void SetAccess(const BootstrapOptions& options, core::GrpcService_GoogleGrpc& service) {
  const XdsAccess& access = options.xds_access;
  if (access.tls_ca.empty()) return;
  auto& ssl = *service.mutable_channel_credentials()->mutable_ssl_credentials();
  ssl.mutable_root_certs()->set_filename(access.tls_ca);
  if (!access.client_certificate.empty()) {
    ssl.mutable_cert_chain()->set_filename(access.client_certificate);
    ssl.mutable_private_key()->set_filename(access.client_key);
  }
  if (access.token_file.empty()) return;
  constexpr char kPlugin[] = "envoy.grpc_credentials.file_based_metadata";
  envoy::config::grpc_credential::v3::FileBasedMetadataConfig token;
  token.mutable_secret_data()->set_filename(access.token_file);
  token.set_header_key("authorization");
  token.set_header_prefix("Bearer ");
  service.set_credentials_factory_name(kPlugin);
  auto& plugin = *service.add_call_credentials()->mutable_from_plugin();
  plugin.set_name(kPlugin);
  plugin.mutable_typed_config()->PackFrom(token);
}

void SetAccess(const BootstrapOptions& options, envoy::config::cluster::v3::Cluster& cluster) {
  const XdsAccess& access = options.xds_access;
  if (!access.tls_ca.empty()) SetTls(options, cluster);
  if (!access.sigv4 && access.token_file.empty()) return;
  auto& packed = (*cluster.mutable_typed_extension_protocol_options())[kHttpOptions];
  HttpProtocolOptions http;
  packed.UnpackTo(&http);
  if (access.sigv4) AddSigning(options, http);
  if (!access.token_file.empty()) AddToken(access.token_file, http);
  AddFilter("envoy.filters.http.upstream_codec", filters::upstream_codec::v3::UpstreamCodec(), http);
  packed.PackFrom(http);
}

}  // namespace chancery::cli
