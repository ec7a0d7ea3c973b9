#include "compile/emit/tls.h"

#include <envoy/extensions/transport_sockets/tls/v3/tls.pb.h>

#include "base/address.h"
#include "compile/emit/proto.h"
#include "compile/names.h"

namespace chancery::compile::emit {
namespace {

namespace v3 = envoy::extensions::transport_sockets::tls::v3;

void SetSecret(const ir::LocalSecret& from, v3::SdsSecretConfig& to) {
  to.set_name(from.name);
  auto& source = *to.mutable_sds_config();
  source.set_resource_api_version(envoy::config::core::v3::V3);
  auto& api = *source.mutable_api_config_source();
  api.set_api_type(envoy::config::core::v3::ApiConfigSource::GRPC);
  api.set_transport_api_version(envoy::config::core::v3::V3);
  api.add_grpc_services()->mutable_envoy_grpc()->set_cluster_name(std::string(names::kSecretAgentCluster));
}

void SetCertificate(const ir::Certificate& from, v3::CommonTlsContext& to) {
  if (const auto* files = std::get_if<ir::CertificateFiles>(&from)) {
    auto& certificate = *to.add_tls_certificates();
    certificate.mutable_certificate_chain()->set_filename(files->chain);
    certificate.mutable_private_key()->set_filename(files->key);
  } else {
    SetSecret(std::get<ir::LocalSecret>(from), *to.add_tls_certificate_sds_secret_configs());
  }
}

void AddName(v3::SubjectAltNameMatcher::SanType type, const std::string& name, v3::CertificateValidationContext& to) {
  auto& matcher = *to.add_match_typed_subject_alt_names();
  matcher.set_san_type(type);
  matcher.mutable_matcher()->set_exact(name);
}

// A name may be a host name or a URI (SPIFFE); an address is one only as a discovery name.
void AddNames(const std::vector<std::string>& names, v3::CertificateValidationContext& to) {
  for (const std::string& name : names) {
    AddName(v3::SubjectAltNameMatcher::DNS, name, to);
    AddName(v3::SubjectAltNameMatcher::URI, name, to);
    if (base::IsIpAddress(name)) AddName(v3::SubjectAltNameMatcher::IP_ADDRESS, name, to);
  }
}

void SetValidation(const ir::Validation& from, v3::CommonTlsContext& to) {
  if (const auto* file = std::get_if<ir::TrustFile>(&from.trust)) {
    auto& context = *to.mutable_validation_context();
    context.mutable_trusted_ca()->set_filename(file->path);
    return AddNames(from.names, context);
  }
  const auto& secret = std::get<ir::LocalSecret>(from.trust);
  if (from.names.empty()) return SetSecret(secret, *to.mutable_validation_context_sds_secret_config());
  auto& combined = *to.mutable_combined_validation_context();
  AddNames(from.names, *combined.mutable_default_validation_context());
  SetSecret(secret, *combined.mutable_validation_context_sds_secret_config());
}

void AddAlpn(const std::vector<std::string>& protocols, v3::CommonTlsContext& to) {
  for (const std::string& protocol : protocols) to.add_alpn_protocols(protocol);
}

}  // namespace

google::protobuf::Any ToTlsContext(const ir::DownstreamTls& from) {
  v3::DownstreamTlsContext to;
  auto& common = *to.mutable_common_tls_context();
  SetCertificate(from.certificate, common);
  AddAlpn(from.alpn, common);
  if (from.clients) {
    SetValidation(*from.clients, common);
    to.mutable_require_client_certificate()->set_value(true);
  }
  return Pack(to);
}

google::protobuf::Any ToTlsContext(const ir::UpstreamTls& from) {
  v3::UpstreamTlsContext to;
  auto& common = *to.mutable_common_tls_context();
  if (from.certificate) SetCertificate(*from.certificate, common);
  AddAlpn(from.alpn, common);
  if (from.server) SetValidation(*from.server, common);
  to.set_sni(from.sni);
  return Pack(to);
}

}  // namespace chancery::compile::emit
