#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "relay/relay.h"

namespace CLI {
class App;
}

namespace chancery::app {

// What `chancery relay` is told. Every flag has an environment variable: --xds is CHANCERY_RELAY_XDS and so on.
struct RelayFlags {
  std::vector<std::string> listen;
  std::vector<std::string> allow;
  std::string xds;
  std::string tls_ca;
  std::string client_certificate;
  std::string client_key;
  std::string token_file;
  std::string auth;
  std::string region = "us-east-1";
  std::string log_level = "info";
  bool insecure_plaintext = false;
};

void AddRelayOptions(CLI::App& command, RelayFlags& flags);

// The value of an environment variable, or nothing.
using Variables = std::function<std::optional<std::string>(const std::string&)>;

// What the flags mean; a key for signatures comes from AWS's variables. kBadRequest naming the flag.
base::Result<relay::RelayOptions> ToRelayOptions(const RelayFlags& flags, const Variables& variables);

}  // namespace chancery::app
