#include "tls/context.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <string_view>
#include <system_error>

#include "base/address.h"

namespace chancery::tls {
namespace {

// With its length, as ALPN has it (RFC 7301 §3.1).
constexpr std::array<unsigned char, 3> kH2 = {2, 'h', '2'};

base::Error Refused(const std::string& file, std::string_view why) {
  return {base::Code::kUnavailable, fmt::format("{}: {}", file, why), {}};
}

ContextPtr NewContext(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // TLS 1.3 sends tickets of its own kind.
  SSL_CTX_set_num_tickets(context.get(), 0);
  return context;
}

base::Status UsePair(SSL_CTX* context, const Files& files) {
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return Refused(files.certificate, LastError());
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    const std::string why = LastError();
    return Refused(files.key, why.empty() ? "is not the key of the certificate in " + files.certificate : why);
  }
  return base::Status::Ok();
}

int ChooseH2(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
             unsigned offered_size, void*) {
  unsigned char* out = nullptr;
  if (SSL_select_next_proto(&out, chosen_size, kH2.data(), kH2.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = out;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

std::string LastError() {
  const unsigned long code = ERR_peek_error();  // the first is the cause
  ERR_clear_error();
  if (code == 0) return "";
  if (ERR_SYSTEM_ERROR(code)) return std::string(std::generic_category().message(ERR_GET_REASON(code)));
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? fmt::format("OpenSSL error {:#x}", code) : std::string(reason);
}

base::Result<ContextPtr> MakeServerContext(const Files& files, bool h2) {
  ERR_clear_error();
  ContextPtr context = NewContext(TLS_server_method());
  if (!context) return Refused(files.certificate, LastError());
  CHANCERY_RETURN_IF_ERROR(UsePair(context.get(), files));
  if (h2) SSL_CTX_set_alpn_select_cb(context.get(), ChooseH2, nullptr);
  if (files.ca.empty()) return context;
  if (SSL_CTX_load_verify_file(context.get(), files.ca.c_str()) != 1) return Refused(files.ca, LastError());
  if (STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(files.ca.c_str())) {
    SSL_CTX_set_client_CA_list(context.get(), names);
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

base::Result<ContextPtr> MakeClientContext(const Files& files) {
  ERR_clear_error();
  ContextPtr context = NewContext(TLS_client_method());
  if (!context) return Refused("TLS", LastError());
  if (!files.certificate.empty()) CHANCERY_RETURN_IF_ERROR(UsePair(context.get(), files));
  const bool loaded = files.ca.empty() ? SSL_CTX_set_default_verify_paths(context.get()) == 1
                                       : SSL_CTX_load_verify_file(context.get(), files.ca.c_str()) == 1;
  if (!loaded) return Refused(files.ca.empty() ? "the machine's certificate authorities" : files.ca, LastError());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context.get(), kH2.data(), kH2.size());
  return context;
}

void ExpectServer(SSL& session, const std::string& host) {
  X509_VERIFY_PARAM* rules = SSL_get0_param(&session);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (base::IsIpAddress(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size());
    SSL_set_tlsext_host_name(&session, host.c_str());
  }
}

}  // namespace chancery::tls
