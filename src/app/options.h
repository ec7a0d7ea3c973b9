#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "app/installation.h"
#include "base/result.h"
#include "compile/options.h"

namespace CLI {
class App;
}

namespace chancery::app {

// What `chancery serve` is told. Every flag has an environment variable: --data-dir is
// CHANCERY_DATA_DIR and so on.
struct ServeOptions {
  InstallationOptions installation;
  std::string api = "127.0.0.1:8480";
  // Each as app/xds_listeners.h reads it.
  std::vector<std::string> xds = {"127.0.0.1:8481"};
  std::string admin = "127.0.0.1:8482";
  std::string account = "000000000000";
  std::string region = "us-east-1";
  std::string log_level = "info";
  unsigned xds_loops = 0;
  std::chrono::milliseconds settle{1000};
  // Of what all proxies are given.
  compile::Options proxies;
  // Files in PEM; both or none.
  std::string tls_certificate;
  std::string tls_key;
  // The same for the TCP addresses of xds, and who may certify proxies; empty: no client certificate is asked for.
  std::string xds_tls_certificate;
  std::string xds_tls_key;
  std::string xds_client_ca;
  // Calls of the API per second and account; 0: no limit. A burst of 0 is one second's worth.
  double api_rate = 0;
  double api_burst = 0;
  // Limits on what an account may create: "unlimited" or "aws".
  std::string quota_profile = "unlimited";
  bool strict = false;
  // Whose bearer tokens are accepted; empty: none.
  std::string oidc_issuer;
  std::string oidc_audience;
  // URL or file of the issuer's keys; empty: the issuer is asked.
  std::string oidc_jwks;
  // File in PEM of those who may certify the issuer's servers; empty: the machine's.
  std::string oidc_ca;
  std::string oidc_user_claim = "sub";
  std::string oidc_account_claim = "account";
  std::string oidc_groups_claim = "groups";
  // Where each call is noted; empty: DATA_DIR/audit.log, "none": nowhere.
  std::string audit_log;
  bool insecure_no_auth = false;
  // Serve streams of proxies without authentication; part of insecure_no_auth.
  bool insecure_xds_no_auth = false;
  bool insecure_xds_bind = false;
  bool insecure_admin_bind = false;
};

// Declares the flags on `command`; they are written to `options`, which outlives the parse.
void AddServeOptions(CLI::App& command, ServeOptions& options);

// What the flags cannot say one by one. Errors: kBadRequest naming the flag.
base::Status CheckServeOptions(const ServeOptions& options);

}  // namespace chancery::app
