#include "compile/testing/simulation/connection.h"

#include <envoy/config/listener/v3/listener.pb.h>

#include <algorithm>

#include "compile/testing/simulation/chains.h"
#include "compile/testing/validate_rules.h"
#include "compile/testing/world.h"

namespace chancery::compile::testing {
namespace {

using envoy::config::listener::v3::FilterChain;
using envoy::config::listener::v3::Listener;
using Predicate = envoy::config::listener::v3::ListenerFilterChainMatchPredicate;

bool Holds(const Predicate& predicate, uint32_t port) {
  const auto holds = [port](const Predicate& each) { return Holds(each, port); };
  switch (predicate.rule_case()) {
    case Predicate::kOrMatch:
      return std::ranges::any_of(predicate.or_match().rules(), holds);
    case Predicate::kAndMatch:
      return std::ranges::all_of(predicate.and_match().rules(), holds);
    case Predicate::kNotMatch:
      return !holds(predicate.not_match());
    case Predicate::kAnyMatch:
      return predicate.any_match();
    case Predicate::kDestinationPortRange:
      return predicate.destination_port_range().start() <= static_cast<int64_t>(port) &&
             static_cast<int64_t>(port) < predicate.destination_port_range().end();
    default:
      return false;
  }
}

// Whether the listener has the filter, and it looks at a connection to `port`.
bool Uses(const Listener& listener, std::string_view type, uint32_t port) {
  return std::ranges::any_of(listener.listener_filters(), [&](const auto& filter) {
    const bool off = filter.has_filter_disabled() && Holds(filter.filter_disabled(), port);
    return filter.typed_config().type_url().ends_with(type) && !off;
  });
}

// Read by reflection: nothing else of the TLS context takes part here.
bool AsksForCertificate(const FilterChain& chain) {
  const auto& config = chain.transport_socket().typed_config();
  const auto context = ParseEnvoy(config.type_url(), config.value());
  const auto* field = context ? context->GetDescriptor()->FindFieldByName("require_client_certificate") : nullptr;
  if (field == nullptr || !context->GetReflection()->HasField(*context, field)) return false;
  const auto& wrapper = context->GetReflection()->GetMessage(*context, field);
  return wrapper.GetReflection()->GetBool(wrapper, wrapper.GetDescriptor()->FindFieldByName("value"));
}

// What the chain's transport socket makes of it.
Accepted Secure(const FilterChain& chain, int index, const Call& connection) {
  Accepted accepted{.chain = index, .over_tls = chain.has_transport_socket()};
  if (!accepted.over_tls) return accepted;
  if (!connection.tls) {
    accepted.end = End::kNotTls;
  } else if (AsksForCertificate(chain) && !connection.client_certificate) {
    accepted.end = End::kNoCertificate;
  }
  return accepted;
}

}  // namespace

std::string ListenerAt(const ProxyConfig& config, uint32_t port) {
  for (const std::string& name : NamesOf(config, FragmentType::kListener)) {
    const auto listener = Parsed<Listener>(config, FragmentType::kListener, name);
    if (listener.address().socket_address().port_value() == port) return name;
  }
  return "";
}

Accepted Accept(const Listener& listener, const Call& connection) {
  const bool original = Uses(listener, ".OriginalDst", connection.port);
  Arrival arrival{.address = connection.address, .port = original ? connection.port : connection.listener_port};
  if (Uses(listener, ".TlsInspector", arrival.port)) {
    if (connection.speaks == Call::Speaks::kNothing && !connection.tls &&
        !listener.continue_on_listener_filters_timeout()) {
      return {.end = End::kWaitedInVain};
    }
    if (connection.tls) {
      arrival.transport = "tls";
      arrival.server_name = connection.server_name;
      arrival.alpn = connection.alpn;
    }
  }
  const ChainChoice choice = ChooseChain(listener, arrival);
  if (choice.chain < 0) return {.end = End::kNoChain};
  if (choice.ambiguous)
    return {.chain = choice.chain, .end = End::kAmbiguous, .note = "filter chains of " + listener.name()};
  return Secure(listener.filter_chains(choice.chain), choice.chain, connection);
}

}  // namespace chancery::compile::testing
