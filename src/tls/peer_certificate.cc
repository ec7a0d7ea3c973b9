#include "tls/peer_certificate.h"

#include <openssl/x509v3.h>

#include <ctime>
#include <memory>
#include <string_view>

namespace chancery::tls {
namespace {

struct NamesDeleter {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

void AddName(const GENERAL_NAME& name, PeerCertificate& peer) {
  if (name.type != GEN_URI && name.type != GEN_DNS) return;
  const ASN1_IA5STRING* text = name.type == GEN_URI ? name.d.uniformResourceIdentifier : name.d.dNSName;
  const std::string_view value(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                               static_cast<size_t>(ASN1_STRING_length(text)));
  if (value.empty() || value.find('\0') != std::string_view::npos) return;
  (name.type == GEN_URI ? peer.uris : peer.dns_names).emplace_back(value);
}

}  // namespace

std::optional<PeerCertificate> PeerCertificateOf(SSL& session) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(&session), X509_free);
  if (!certificate || SSL_get_verify_result(&session) != X509_V_OK) return std::nullopt;
  PeerCertificate peer;
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) == 1) {
    peer.not_after = std::chrono::system_clock::from_time_t(timegm(&end));
  }
  const std::unique_ptr<GENERAL_NAMES, NamesDeleter> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i)
    AddName(*sk_GENERAL_NAME_value(names.get(), i), peer);
  return peer;
}

}  // namespace chancery::tls
