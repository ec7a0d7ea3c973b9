#include "compile/features/client_tls.h"

#include <utility>

#include "base/address.h"
#include "base/hash.h"

namespace chancery::compile {
namespace {

constexpr size_t kLongestSni = 255;  // Envoy's limit

// A trailing dot belongs to DNS alone: neither SNI nor a certificate has it.
std::string ServerName(std::string_view discovery_name) {
  if (discovery_name.ends_with('.')) discovery_name.remove_suffix(1);
  return std::string(discovery_name);
}

// An address is no server name (RFC 6066).
std::string ToSni(const std::string& name) {
  return name.size() > kLongestSni || base::IsIpAddress(name) ? std::string() : name;
}

// What the certificate of the server is held against; nothing, if it is not.
std::optional<ir::Validation> ToServerValidation(const ClientPolicy& policy, const TlsTarget& target) {
  if (!policy.AppliesTo(target.port)) {
    if (!target.server.trust) return std::nullopt;
    return ir::Validation{*target.server.trust, {}};
  }
  ir::Validation validation = *policy.validation;
  // Names that are listed always count. The discovery name, which nobody wrote down as a demand,
  // counts when the policy is enforced.
  if (validation.names.empty() && policy.kind == ClientPolicy::Kind::kEnforced)
    validation.names = {ServerName(target.discovery_name)};
  return validation;
}

// Each text after its length, so that no two values give one text.
class Text {
 public:
  void Add(std::string_view part) { text_ += std::to_string(part.size()) + ":" + std::string(part); }
  void Add(const ir::LocalSecret& secret) {
    Add("secret");
    Add(secret.name);
  }
  void Add(const ir::TrustFile& file) {
    Add("file");
    Add(file.path);
  }
  void Add(const ir::CertificateFiles& files) {
    Add("files");
    Add(files.chain);
    Add(files.key);
  }
  void Add(const std::vector<std::string>& parts) {
    Add(std::to_string(parts.size()));
    for (const std::string& part : parts) Add(part);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

std::optional<ir::UpstreamTls> ToClientTls(const ClientPolicy& policy, const TlsTarget& target, std::string& why) {
  const bool applies = policy.AppliesTo(target.port);
  const bool server_has_tls = target.server.mode != ServerTls::Mode::kDisabled;
  const bool enforced = applies && policy.kind == ClientPolicy::Kind::kEnforced;
  if (!server_has_tls && !enforced) return std::nullopt;
  if (applies && !policy.not_served.empty()) {
    why = "the client policy asks for TLS that cannot be served: " + policy.not_served;
    return std::nullopt;
  }
  ir::UpstreamTls tls;
  tls.server = ToServerValidation(policy, target);
  if (applies) tls.certificate = policy.certificate;
  tls.sni = ToSni(ServerName(target.discovery_name));
  if (ir::NeedsHttp2(target.protocol)) tls.alpn = {"h2"};
  return tls;
}

std::string ContradictionOf(const std::optional<ir::UpstreamTls>& tls, const ServerTls& server) {
  if (!tls) return "";
  if (server.mode == ServerTls::Mode::kDisabled) return "a client policy enforces TLS, and it has none";
  if (server.context.clients && !tls->certificate)
    return "it asks for certificates of its clients, and this one has none";
  return "";
}

std::string MarkOf(const std::optional<ir::UpstreamTls>& tls) {
  if (!tls) return "plaintext";
  const auto add = [](auto& text) { return [&text](const auto& value) { text.Add(value); }; };
  Text text;
  text.Add(tls->server ? "validates" : "believes");
  if (tls->server) {
    std::visit(add(text), tls->server->trust);
    text.Add(tls->server->names);
  }
  text.Add(tls->certificate ? "has a certificate" : "has none");
  if (tls->certificate) std::visit(add(text), *tls->certificate);
  text.Add(tls->sni);
  text.Add(tls->alpn);
  return "tls-" + base::HashOf(text.text()).ToHex().substr(0, 8);
}

}  // namespace chancery::compile
