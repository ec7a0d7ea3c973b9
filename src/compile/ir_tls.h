#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

// TLS of a proxy's listeners and clusters (contract/envoy.md §2.8), as plain values.
namespace chancery::compile::ir {

// Files on the proxy's own disk. Envoy reads them when the listener or cluster is made, not again.
struct CertificateFiles {
  std::string chain;
  std::string key;
  bool operator==(const CertificateFiles&) const = default;
};
struct TrustFile {
  std::string path;
  bool operator==(const TrustFile&) const = default;
};
// By this name from the secret agent behind the proxy's cluster static_cluster_sds_unix_socket (§1.6).
struct LocalSecret {
  std::string name;  // not empty
  bool operator==(const LocalSecret&) const = default;
};

using Certificate = std::variant<CertificateFiles, LocalSecret>;
using Trust = std::variant<TrustFile, LocalSecret>;

// What a peer's certificate has to be.
struct Validation {
  Trust trust;
  // At least one of them is a subject alternative name of it; none: any will do.
  std::vector<std::string> names;
  bool operator==(const Validation&) const = default;
};

// Of a listener.
struct DownstreamTls {
  Certificate certificate;
  // A client must have a certificate, such a one.
  std::optional<Validation> clients;
  std::vector<std::string> alpn;
  bool operator==(const DownstreamTls&) const = default;
};

// Of a cluster.
struct UpstreamTls {
  // Nothing: encrypted, and whoever answers is believed.
  std::optional<Validation> server;
  std::optional<Certificate> certificate;
  std::string sni;  // empty: none is sent
  std::vector<std::string> alpn;
  bool operator==(const UpstreamTls&) const = default;
};

}  // namespace chancery::compile::ir
