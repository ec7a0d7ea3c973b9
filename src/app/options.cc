#include "app/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "app/key_fetcher.h"
#include "app/xds_listeners.h"
#include "base/address.h"
#include "frontend/quotas.h"

namespace chancery::app {
namespace {

using base::Code;
using base::Error;

Error Misuse(std::string message) { return {Code::kBadRequest, std::move(message), {}}; }

bool IsLoopback(const std::string& host) { return host == "::1" || host.starts_with("127."); }

base::Status CheckAddress(std::string_view flag, const std::string& address, bool beyond_loopback,
                          std::string_view unless) {
  const std::optional<base::HostPort> parts = base::SplitHostPort(address);
  if (!parts || !base::IsIpAddress(parts->host)) {
    return Misuse(fmt::format("{}: '{}' is not IP:PORT", flag, address));
  }
  if (!IsLoopback(parts->host) && !beyond_loopback) {
    return Misuse(fmt::format("{}: {} is beyond loopback{}", flag, address, unless));
  }
  return base::Status::Ok();
}

base::Status CheckOidc(const ServeOptions& options) {
  if (options.oidc_issuer.empty()) {
    if (options.oidc_audience.empty() && options.oidc_jwks.empty() && options.oidc_ca.empty()) {
      return base::Status::Ok();
    }
    return Misuse("--oidc-issuer: must be given with --oidc-audience, --oidc-jwks or --oidc-ca");
  }
  if (options.insecure_no_auth) return Misuse("--oidc-issuer: --insecure-no-auth looks at no token");
  if (options.oidc_audience.empty()) {
    return Misuse("--oidc-audience: --oidc-issuer needs it: a token for another service must not be accepted");
  }
  const bool discover = options.oidc_jwks.empty();
  const std::string_view flag = discover ? "--oidc-issuer" : "--oidc-jwks";
  const std::string& location = discover ? options.oidc_issuer : options.oidc_jwks;
  if (discover && !IsUrl(location)) return Misuse("--oidc-issuer: is not a URL, so --oidc-jwks is needed");
  if (const auto checked = CheckKeyLocation(location); !checked) {
    return Misuse(fmt::format("{}: {}", flag, checked.error().message));
  }
  for (const auto& [name, claim] : {std::pair{"--oidc-user-claim", options.oidc_user_claim},
                                    std::pair{"--oidc-account-claim", options.oidc_account_claim},
                                    std::pair{"--oidc-groups-claim", options.oidc_groups_claim}}) {
    if (claim.empty()) return Misuse(fmt::format("{}: must not be empty", name));
  }
  return base::Status::Ok();
}

base::Status CheckXds(const ServeOptions& options) {
  const bool tls = !options.xds_tls_certificate.empty();
  if (tls != !options.xds_tls_key.empty()) return Misuse("--xds-tls-cert and --xds-tls-key: both are needed, or none");
  if (!options.xds_client_ca.empty() && !tls) return Misuse("--xds-client-ca: needs --xds-tls-cert and --xds-tls-key");
  if (!options.xds_client_ca.empty() && (options.insecure_no_auth || options.insecure_xds_no_auth)) {
    return Misuse("--xds-client-ca: --insecure-no-auth and --insecure-xds-no-auth look at no certificate");
  }
  const auto listeners = ParseXdsListeners(options.xds);
  if (!listeners) return listeners.error();
  for (const XdsListener& listener : *listeners) {
    if (listener.is_unix()) continue;
    CHANCERY_RETURN_IF_ERROR(CheckAddress("--xds", listener.socket.address, tls || options.insecure_xds_bind,
                                          ": that needs --xds-tls-cert and --xds-tls-key, or --insecure-xds-bind"));
  }
  return base::Status::Ok();
}

}  // namespace

void AddServeOptions(CLI::App& command, ServeOptions& options) {
  const auto add = [&](const char* flag, auto& value, const char* variable, const char* text) {
    command.add_option(flag, value, text)->envname(variable)->capture_default_str();
  };
  AddInstallationOptions(command, options.installation);
  add("--api", options.api, "CHANCERY_API", "IP:PORT of the App Mesh API; port 0 takes a free one");
  command
      .add_option("--xds", options.xds,
                  "IP:PORT that Envoys connect to, or unix:/PATH[,mode=0660][,owner=USER:GROUP][,allow=RESOURCE]...; "
                  "may be repeated")
      ->envname("CHANCERY_XDS")
      ->capture_default_str()
      ->allow_extra_args(false);
  add("--admin", options.admin, "CHANCERY_ADMIN", "IP:PORT of the read-only admin port");
  add("--account", options.account, "CHANCERY_ACCOUNT",
      "Account id of this installation, 12 digits; part of every ARN");
  add("--region", options.region, "CHANCERY_REGION", "Region in every ARN");
  add("--tls-cert", options.tls_certificate, "CHANCERY_TLS_CERT",
      "Certificate chain of the API in PEM; read again when it changes");
  add("--tls-key", options.tls_key, "CHANCERY_TLS_KEY", "Private key to --tls-cert in PEM");
  add("--xds-tls-cert", options.xds_tls_certificate, "CHANCERY_XDS_TLS_CERT",
      "Certificate chain of the TCP addresses of --xds in PEM; read again when it changes");
  add("--xds-tls-key", options.xds_tls_key, "CHANCERY_XDS_TLS_KEY", "Private key to --xds-tls-cert in PEM");
  add("--xds-client-ca", options.xds_client_ca, "CHANCERY_XDS_CLIENT_CA",
      "Who may certify proxies, in PEM: a client certificate then says which user a proxy is");
  add("--api-rate", options.api_rate, "CHANCERY_API_RATE", "Calls of the API per second and account; 0: no limit");
  add("--api-burst", options.api_burst, "CHANCERY_API_BURST", "Calls that may come at once; 0: those of a second");
  add("--quota-profile", options.quota_profile, "CHANCERY_QUOTA_PROFILE",
      "Limits of accounts that have none of their own: unlimited, or aws for those of App Mesh");
  add("--oidc-issuer", options.oidc_issuer, "CHANCERY_OIDC_ISSUER",
      "Accept bearer tokens of this issuer, as their claim iss names it");
  add("--oidc-audience", options.oidc_audience, "CHANCERY_OIDC_AUDIENCE",
      "What their claim aud must contain: the client id of this installation");
  add("--oidc-jwks", options.oidc_jwks, "CHANCERY_OIDC_JWKS",
      "URL or file of the issuer's keys (what ISSUER/.well-known/openid-configuration names)");
  add("--oidc-ca", options.oidc_ca, "CHANCERY_OIDC_CA",
      "Who may certify the issuer's servers, in PEM (whom this machine trusts)");
  add("--oidc-user-claim", options.oidc_user_claim, "CHANCERY_OIDC_USER_CLAIM",
      "Claim that names the user: sub, email, preferred_username or another");
  add("--oidc-account-claim", options.oidc_account_claim, "CHANCERY_OIDC_ACCOUNT_CLAIM",
      "Claim that names the account; tokens without it are of --account");
  add("--oidc-groups-claim", options.oidc_groups_claim, "CHANCERY_OIDC_GROUPS_CLAIM",
      "Claim that lists the user's groups");
  command.add_flag("--strict", options.strict, "Also refuse what only AWS's client-side tools refused")
      ->envname("CHANCERY_STRICT");
  add("--audit-log", options.audit_log, "CHANCERY_AUDIT_LOG",
      "File of one JSON line for each call of the API (DATA_DIR/audit.log); 'none': nowhere");
  add("--log-level", options.log_level, "CHANCERY_LOG_LEVEL", "trace, debug, info, warn, error or off");
  add("--xds-loops", options.xds_loops, "CHANCERY_XDS_LOOPS", "Event loops for Envoys; 0: one per core");
  command
      .add_option_function<unsigned>(
          "--settle-ms", [&options](unsigned value) { options.settle = std::chrono::milliseconds(value); },
          "How long a route to a new DNS cluster waits for it to resolve, in milliseconds (1000)")
      ->envname("CHANCERY_SETTLE_MS")
      ->check(CLI::Range(0, 60'000));
  command
      .add_flag("--vcluster-stats", options.proxies.vcluster_stats,
                "Proxies have the stats vhost.NAME.vcluster.other.*, as App Mesh's did")
      ->envname("CHANCERY_VCLUSTER_STATS");
  command
      .add_flag("--envoy-limits", options.proxies.envoys_own_limits,
                "As App Mesh accounts from before 2020-07-29: Envoy's own circuit breakers, no default retries")
      ->envname("CHANCERY_ENVOY_LIMITS");
  command
      .add_flag("--insecure-no-auth", options.insecure_no_auth,
                "Serve the API without authentication, on loopback only")
      ->envname("CHANCERY_INSECURE_NO_AUTH");
  command
      .add_flag("--insecure-xds-no-auth", options.insecure_xds_no_auth,
                "Serve proxies without authentication; --insecure-no-auth does that too")
      ->envname("CHANCERY_INSECURE_XDS_NO_AUTH");
  command
      .add_flag("--insecure-xds-bind", options.insecure_xds_bind,
                "Allow --xds beyond loopback without TLS: anyone there may connect, and read what is sent")
      ->envname("CHANCERY_INSECURE_XDS_BIND");
  command
      .add_flag("--insecure-admin-bind", options.insecure_admin_bind,
                "Allow --admin beyond loopback: anyone there may read it")
      ->envname("CHANCERY_INSECURE_ADMIN_BIND");
}

base::Status CheckServeOptions(const ServeOptions& options) {
  if (options.tls_certificate.empty() != options.tls_key.empty()) {
    return Misuse("--tls-cert and --tls-key: both are needed, or none");
  }
  if (!frontend::QuotaProfile(options.quota_profile)) {
    return Misuse(fmt::format("--quota-profile: '{}' is not unlimited or aws", options.quota_profile));
  }
  CHANCERY_RETURN_IF_ERROR(CheckOidc(options));
  if (options.api_rate < 0 || options.api_burst < 0) return Misuse("--api-rate, --api-burst: must not be negative");
  if (options.insecure_no_auth && options.api_rate > 0) {
    return Misuse("--api-rate: with --insecure-no-auth there are no accounts to count by");
  }
  // Signatures keep a secret safe on any wire, but not the answers.
  const bool beyond = !options.insecure_no_auth && !options.tls_certificate.empty();
  CHANCERY_RETURN_IF_ERROR(CheckAddress("--api", options.api, beyond,
                                        options.insecure_no_auth ? ", which --insecure-no-auth does not allow"
                                                                 : ": that needs --tls-cert and --tls-key"));
  CHANCERY_RETURN_IF_ERROR(CheckXds(options));
  CHANCERY_RETURN_IF_ERROR(
      CheckAddress("--admin", options.admin, options.insecure_admin_bind, ": that needs --insecure-admin-bind"));
  if (options.installation.data_dir.empty()) return Misuse("--data-dir: must not be empty");
  if (options.account.size() != 12 || options.account.find_first_not_of("0123456789") != std::string::npos) {
    return Misuse(fmt::format("--account: '{}' is not 12 digits", options.account));
  }
  for (const auto& [flag, value] :
       {std::pair{"--region", options.region}, std::pair{"--partition", options.installation.partition}}) {
    if (value.empty() || value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
      return Misuse(fmt::format("{}: '{}' is not made of small letters, digits and hyphens", flag, value));
    }
  }
  constexpr std::array<std::string_view, 6> kLevels = {"trace", "debug", "info", "warn", "error", "off"};
  if (std::ranges::find(kLevels, options.log_level) == kLevels.end()) {
    return Misuse(fmt::format("--log-level: '{}' is not trace, debug, info, warn, error or off", options.log_level));
  }
  return base::Status::Ok();
}

}  // namespace chancery::app
