#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace envoy::config::listener::v3 {
class Listener;
}

namespace chancery::compile::testing {

// What a listener's filters have found out about a connection when a chain is chosen for it.
struct Arrival {
  std::string address = {};
  uint32_t port = 0;
  std::string server_name = {};
  std::string transport = "raw_buffer";
  std::vector<std::string> alpn = {};
};

struct ChainChoice {
  int chain = -1;  // none fits
  // Several are left, or two chains on one port say "any address" in two ways: Envoy refuses the
  // listener or takes either (contract/envoy.md §2.2).
  bool ambiguous = false;
};

// The filter chain for a connection, as Envoy chooses it: stage by stage (destination port, prefix of
// the destination address, server name, transport protocol, application protocol), in each stage the
// best of those left, and never back to an earlier stage.
ChainChoice ChooseChain(const envoy::config::listener::v3::Listener& listener, const Arrival& arrival);

}  // namespace chancery::compile::testing
