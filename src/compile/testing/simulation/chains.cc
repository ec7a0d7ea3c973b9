#include "compile/testing/simulation/chains.h"

#include <arpa/inet.h>
#include <envoy/config/listener/v3/listener.pb.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

#include "compile/testing/simulation/text.h"

namespace chancery::compile::testing {
namespace {

using envoy::config::listener::v3::FilterChainMatch;
using envoy::config::listener::v3::Listener;

using Indexes = std::vector<int>;
using Bytes = std::vector<uint8_t>;

std::optional<Bytes> Parse(const std::string& address) {
  Bytes bytes(sizeof(in6_addr));
  const bool v6 = address.find(':') != std::string::npos;
  if (inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) != 1) return std::nullopt;
  bytes.resize(v6 ? sizeof(in6_addr) : sizeof(in_addr));
  return bytes;
}

bool Covers(const Bytes& prefix, uint32_t length, const Bytes& address) {
  if (prefix.size() != address.size()) return false;
  for (uint32_t bit = 0; bit < length; ++bit) {
    const auto mask = static_cast<uint8_t>(0x80u >> (bit % 8));
    if (((prefix[bit / 8] ^ address[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

// Walks the stages; each leaves some of the chains that the one before left.
class Stages {
 public:
  Stages(const Listener& listener, const Arrival& arrival) : listener_(listener), arrival_(arrival) {
    for (int i = 0; i < listener.filter_chains_size(); ++i) left_.push_back(i);
  }

  ChainChoice Choose() {
    TakePort();
    TakeAddress();
    TakeServerName();
    TakeTransport();
    TakeAlpn();
    if (left_.empty()) return {};
    return {.chain = left_.front(), .ambiguous = ambiguous_ || left_.size() > 1};
  }

 private:
  const FilterChainMatch& Match(int chain) const { return listener_.filter_chains(chain).filter_chain_match(); }

  Indexes Those(const std::function<bool(const FilterChainMatch&)>& fits) const {
    Indexes those;
    std::ranges::copy_if(left_, std::back_inserter(those), [&](int chain) { return fits(Match(chain)); });
    return those;
  }

  // The first of the keys that some chain asks for, or else the chains that ask for nothing.
  void TakeFirst(const std::vector<std::string>& keys,
                 const std::function<bool(const FilterChainMatch&, const std::string&)>& asks,
                 const std::function<bool(const FilterChainMatch&)>& asks_nothing) {
    for (const std::string& key : keys) {
      Indexes those = Those([&](const FilterChainMatch& match) { return asks(match, key); });
      if (those.empty()) continue;
      left_ = std::move(those);
      return;
    }
    left_ = Those(asks_nothing);
  }

  void TakePort() {
    const auto same = [&](const FilterChainMatch& match) {
      return match.has_destination_port() && match.destination_port().value() == arrival_.port;
    };
    Indexes those = Those(same);
    left_ = those.empty() ? Those([](const FilterChainMatch& match) { return !match.has_destination_port(); }) : those;
  }

  // The length of the longest prefix of `match` that covers the address; no prefix at all is 0.
  std::optional<uint32_t> Longest(const FilterChainMatch& match, const Bytes& address) const {
    if (match.prefix_ranges().empty()) return 0;
    std::optional<uint32_t> longest;
    for (const auto& range : match.prefix_ranges()) {
      const auto prefix = Parse(range.address_prefix());
      const uint32_t length = range.prefix_len().value();
      if (prefix && Covers(*prefix, length, address)) longest = std::max(longest.value_or(0), length);
    }
    return longest;
  }

  void TakeAddress() {
    const auto address = Parse(arrival_.address);
    if (!address) return left_.clear();
    std::optional<uint32_t> best;
    for (const int chain : left_) {
      if (const auto length = Longest(Match(chain), *address)) best = std::max(best.value_or(0), *length);
    }
    left_ = Those([&](const FilterChainMatch& match) { return best && Longest(match, *address) == best; });
    const Indexes unsaid = Those([](const FilterChainMatch& match) { return match.prefix_ranges().empty(); });
    ambiguous_ = !unsaid.empty() && unsaid.size() < left_.size();
  }

  void TakeServerName() {
    const std::string name = LowerCase(arrival_.server_name);
    std::vector<std::string> keys = {name};
    // "*.b.c" and "*.c" for "a.b.c"; the wildcard stands for one label or more.
    for (size_t dot = name.find('.', 1); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      keys.push_back("*" + name.substr(dot));
    }
    TakeFirst(
        keys,
        [](const FilterChainMatch& match, const std::string& key) {
          return std::ranges::any_of(match.server_names(), [&](const auto& own) { return LowerCase(own) == key; });
        },
        [](const FilterChainMatch& match) { return match.server_names().empty(); });
  }

  void TakeTransport() {
    TakeFirst(
        {arrival_.transport},
        [](const FilterChainMatch& match, const std::string& key) { return match.transport_protocol() == key; },
        [](const FilterChainMatch& match) { return match.transport_protocol().empty(); });
  }

  void TakeAlpn() {
    TakeFirst(
        arrival_.alpn,
        [](const FilterChainMatch& match, const std::string& key) {
          return std::ranges::find(match.application_protocols(), key) != match.application_protocols().end();
        },
        [](const FilterChainMatch& match) { return match.application_protocols().empty(); });
  }

  const Listener& listener_;
  const Arrival& arrival_;
  Indexes left_;
  bool ambiguous_ = false;
};

}  // namespace

ChainChoice ChooseChain(const Listener& listener, const Arrival& arrival) { return Stages(listener, arrival).Choose(); }

}  // namespace chancery::compile::testing
