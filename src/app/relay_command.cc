#include "app/relay_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>

#include "app/xds_listeners.h"
#include "base/address.h"
#include "tls/context_files.h"

namespace chancery::app {
namespace {

base::Error Misuse(std::string message) { return {base::Code::kBadRequest, std::move(message), {}}; }

base::Status SetListeners(const RelayFlags& flags, relay::RelayOptions& options) {
  if (flags.listen.empty()) return Misuse("--listen: is needed");
  auto listeners = ParseXdsListeners(flags.listen, "--listen");
  if (!listeners) return listeners.error();
  for (XdsListener& listener : *listeners) {
    if (!listener.is_unix()) {
      return Misuse(
          fmt::format("--listen: '{}' is no Unix socket: whoever reached an address would have this relay's "
                      "credentials",
                      listener.socket.address));
    }
    auto more = iam::Claims::Parse(flags.allow);
    if (!more) return Misuse("--allow: " + more.error().message);
    listener.claims.Add(*more);
    if (listener.claims.empty()) return Misuse("--allow: is needed: nothing may pass otherwise");
    options.listeners.push_back({std::move(listener.socket), std::move(listener.claims)});
  }
  return base::Status::Ok();
}

base::Status SetCredentials(const RelayFlags& flags, const Variables& variables, relay::RelayOptions& options) {
  options.credentials.token_file = flags.token_file;
  if (flags.auth.empty()) return base::Status::Ok();
  if (flags.auth != "sigv4") return Misuse(fmt::format("--auth: '{}' is not sigv4", flags.auth));
  if (!flags.token_file.empty()) return Misuse("--auth and --token-file: a stream has one authorization");
  const auto id = variables("AWS_ACCESS_KEY_ID");
  const auto secret = variables("AWS_SECRET_ACCESS_KEY");
  if (!id || id->empty() || !secret || secret->empty()) {
    return Misuse("--auth sigv4: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
  }
  options.credentials.key = {*id, *secret, flags.region, "appmesh"};
  options.credentials.session_token = variables("AWS_SESSION_TOKEN").value_or("");
  return base::Status::Ok();
}

base::Status SetTls(const RelayFlags& flags, relay::RelayOptions& options) {
  if (flags.client_certificate.empty() != flags.client_key.empty()) {
    return Misuse("--client-cert and --client-key: both are needed, or none");
  }
  if (flags.insecure_plaintext && (!flags.tls_ca.empty() || !flags.client_certificate.empty())) {
    return Misuse("--insecure-plaintext: speaks no TLS, so --tls-ca and --client-cert have no place");
  }
  if (flags.insecure_plaintext && !flags.token_file.empty()) {
    return Misuse("--insecure-plaintext: would show the token of --token-file to everybody on the way");
  }
  options.plaintext = flags.insecure_plaintext;
  if (!flags.token_file.empty() && access(flags.token_file.c_str(), R_OK) != 0) {
    return Misuse(fmt::format("--token-file: {}: {}", flags.token_file, std::strerror(errno)));
  }
  options.tls = {flags.client_certificate, flags.client_key, flags.tls_ca};
  if (options.plaintext) return base::Status::Ok();
  const auto loaded = tls::ContextFiles::LoadClient(options.tls);
  return loaded ? base::Status::Ok()
                : base::Status(Misuse("--tls-ca, --client-cert, --client-key: " + base::ToString(loaded.error())));
}

}  // namespace

void AddRelayOptions(CLI::App& command, RelayFlags& flags) {
  const auto add = [&](const char* flag, auto& value, const char* variable, const char* text) {
    return command.add_option(flag, value, text)->envname(variable)->capture_default_str();
  };
  add("--listen", flags.listen, "CHANCERY_RELAY_LISTEN",
      "unix:/PATH[,mode=0660][,owner=USER:GROUP][,allow=RESOURCE]... that proxies connect to; may be repeated")
      ->allow_extra_args(false);
  add("--allow", flags.allow, "CHANCERY_RELAY_ALLOW",
      "mesh/MESH/virtualNode/NAME that may pass, with * for any characters; may be repeated")
      ->allow_extra_args(false);
  add("--xds", flags.xds, "CHANCERY_RELAY_XDS", "HOST:PORT of the control plane");
  add("--tls-ca", flags.tls_ca, "CHANCERY_RELAY_TLS_CA",
      "Who certifies the control plane, in PEM (whom this machine trusts)");
  add("--client-cert", flags.client_certificate, "CHANCERY_RELAY_CLIENT_CERT",
      "Certificate chain in PEM that says who this is");
  add("--client-key", flags.client_key, "CHANCERY_RELAY_CLIENT_KEY", "Private key to --client-cert in PEM");
  add("--token-file", flags.token_file, "CHANCERY_RELAY_TOKEN_FILE", "A bearer token, read again for each stream");
  add("--auth", flags.auth, "CHANCERY_RELAY_AUTH",
      "sigv4: sign streams with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  add("--region", flags.region, "CHANCERY_RELAY_REGION", "The control plane's region, for --auth sigv4");
  add("--log-level", flags.log_level, "CHANCERY_RELAY_LOG_LEVEL", "trace, debug, info, warn, error or off");
  command.add_flag("--insecure-plaintext", flags.insecure_plaintext, "Speak no TLS with the control plane")
      ->envname("CHANCERY_RELAY_INSECURE_PLAINTEXT");
}

base::Result<relay::RelayOptions> ToRelayOptions(const RelayFlags& flags, const Variables& variables) {
  relay::RelayOptions options;
  CHANCERY_RETURN_IF_ERROR(SetListeners(flags, options));
  const auto xds = base::SplitHostPort(flags.xds);
  if (!xds || xds->port == 0) return Misuse(fmt::format("--xds: '{}' is not HOST:PORT", flags.xds));
  options.host = xds->host;
  options.port = xds->port;
  CHANCERY_RETURN_IF_ERROR(SetTls(flags, options));
  CHANCERY_RETURN_IF_ERROR(SetCredentials(flags, variables, options));
  return options;
}

}  // namespace chancery::app
