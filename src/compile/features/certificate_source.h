#pragma once

#include <chancery/model/virtual_gateway.pb.h>
#include <chancery/model/virtual_node.pb.h>

#include <optional>
#include <string>

#include "compile/ir_tls.h"

// Where certificates and trust come from: each kind of them in the API becomes what an Envoy can load.
// ACM is not served yet; when it is, it is one more branch here and one more alternative in ir_tls.h.
namespace chancery::compile {

inline constexpr char kAcmIsNotServed[] = "certificates of ACM are not served yet";

// A listener's certificate. `Certificate` is that of a node's or a gateway's listener, or of a client
// policy. Nothing, and why, when there is none to serve.
struct SourcedCertificate {
  ir::Certificate certificate;
  // What clients without a policy of their own are to trust, if the source of the certificate hands
  // that out (ACM does); else they do not validate it (contract/envoy.md §2.8).
  std::optional<ir::Trust> trust;
};

template <typename File>
std::optional<ir::Certificate> ToCertificateFiles(const File& file, std::string& why) {
  if (file.certificate_chain().empty() || file.private_key().empty()) {
    why = "its certificate has no files";
    return std::nullopt;
  }
  return ir::CertificateFiles{file.certificate_chain(), file.private_key()};
}

template <typename Sds>
std::optional<ir::LocalSecret> ToLocalSecret(const Sds& sds, std::string& why) {
  if (sds.secret_name().empty()) {
    why = "its secret has no name";
    return std::nullopt;
  }
  return ir::LocalSecret{sds.secret_name()};
}

// File or SDS, which is all that a client may have. Nothing, and why, when there is none.
template <typename Certificate>
std::optional<ir::Certificate> ToCertificate(const Certificate& certificate, std::string& why) {
  if (certificate.has_file()) return ToCertificateFiles(certificate.file(), why);
  if (certificate.has_sds()) return ToLocalSecret(certificate.sds(), why);
  why = "it has no certificate";
  return std::nullopt;
}

// Of a listener, which may have one of ACM too.
template <typename Certificate>
std::optional<SourcedCertificate> ToSourcedCertificate(const Certificate& certificate, std::string& why) {
  if (certificate.has_acm()) {
    why = kAcmIsNotServed;
    return std::nullopt;
  }
  auto made = ToCertificate(certificate, why);
  if (!made) return std::nullopt;
  return SourcedCertificate{*std::move(made), std::nullopt};
}

// The trust of a listener's or a client policy's validation. Nothing, and why, when there is none to serve.
template <typename Trust>
std::optional<ir::Trust> ToTrust(const Trust& trust, std::string& why) {
  if constexpr (requires { trust.has_acm(); }) {
    if (trust.has_acm()) {
      why = kAcmIsNotServed;
      return std::nullopt;
    }
  }
  if (trust.has_sds()) return ToLocalSecret(trust.sds(), why);
  if (!trust.file().certificate_chain().empty()) return ir::TrustFile{trust.file().certificate_chain()};
  why = "its validation has no trust";
  return std::nullopt;
}

// The trust of a validation with the subject alternative names that it lists.
template <typename Context>
std::optional<ir::Validation> ToValidation(const Context& context, std::string& why) {
  auto trust = ToTrust(context.trust(), why);
  if (!trust) return std::nullopt;
  const auto& names = context.subject_alternative_names().match().exact();
  return ir::Validation{*std::move(trust), {names.begin(), names.end()}};
}

}  // namespace chancery::compile
