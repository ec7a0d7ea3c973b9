#pragma once

#include <string>

#include "base/result.h"

namespace envoy::config::cluster::v3 {
class Cluster;
}
namespace envoy::config::core::v3 {
class GrpcService;
class GrpcService_GoogleGrpc;
}  // namespace envoy::config::core::v3

// How a proxy's stream reaches the control plane and proves whose it is (contract/envoy.md §7.4). Pure.
namespace chancery::cli {

struct BootstrapOptions;

// Files are read by Envoy, on its host.
struct XdsAccess {
  // Who certifies the control plane, in PEM: TLS is spoken. Empty: it is not.
  std::string tls_ca;
  // A client certificate and its key; both or none.
  std::string client_certificate;
  std::string client_key;
  // A bearer token. With google the token alone, read for each new stream; with envoy a secret of Envoy's, watched.
  std::string token_file;
  // Signed by AWS's rules, with the key of Envoy's environment.
  bool sigv4 = false;
  // What is signed for; empty: the region of the node's ARN, or BootstrapOptions::region.
  std::string region;
  // A header that every stream carries as it is, such as "authorization" and "Bearer TOKEN". No name: none.
  std::string metadata_name;
  std::string metadata_value;
  bool operator==(const XdsAccess&) const = default;
};

// What cannot work together. kBadRequest naming the flags.
base::Status CheckXdsAccess(const BootstrapOptions& options);

// Reads NAME=VALUE into the header that every stream carries. kBadRequest for what HTTP/2 and gRPC do not take as text.
base::Status SetInitialMetadata(XdsAccess& access, const std::string& text);

// Puts it into Envoy's configuration, for each of its two gRPC clients. REQUIRES: CheckXdsAccess found nothing.
void SetAccess(const BootstrapOptions& options, envoy::config::core::v3::GrpcService& service);
void SetAccess(const BootstrapOptions& options, envoy::config::core::v3::GrpcService_GoogleGrpc& service);
void SetAccess(const BootstrapOptions& options, envoy::config::cluster::v3::Cluster& cluster);

}  // namespace chancery::cli
