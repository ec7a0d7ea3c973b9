#include "compile/testing/simulation/outcome.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace chancery::compile::testing {
namespace {

std::string ChoicesOf(const Hop& hop) {
  if (hop.choices.size() == 1) return hop.choices.front().cluster;
  std::vector<std::string> shares;
  for (const Choice& choice : hop.choices) {
    const std::string lost = choice.end == End::kForwarded ? "" : fmt::format(" ({})", StatusFor(choice.end));
    shares.push_back(fmt::format("{}:{}{}", choice.cluster, choice.weight, lost));
  }
  return fmt::format("{}", fmt::join(shares, " "));
}

std::string Limits(const Hop& hop) {
  std::string text = fmt::format("timeout {} ms, idle {} ms", hop.timeout_millis, hop.idle_millis);
  if (hop.retry_on.empty()) return text;
  text += fmt::format(", {} retries on {}", hop.retries, hop.retry_on);
  return hop.per_try_millis == 0 ? text : text + fmt::format(" of {} ms each", hop.per_try_millis);
}

std::string TextOf(const Hop& hop) {
  std::string text = fmt::format("{} chain {}", hop.listener, hop.chain);
  if (!hop.stat_prefix.empty()) text += fmt::format(" ({})", hop.stat_prefix);
  if (!hop.http) return text;
  text += fmt::format(" > {}", hop.route_config);
  if (hop.route < 0) return text;
  text += fmt::format(" > {} route {}: {}://{}{}", hop.virtual_host, hop.route, hop.scheme, hop.host, hop.path);
  for (const auto& [name, value] : hop.headers) text += fmt::format(" {}={}", name, value);
  return hop.choices.empty() ? text : text + "; " + Limits(hop);
}

}  // namespace

std::string_view WordFor(End end) {
  switch (end) {
    case End::kForwarded:
      return "forwarded";
    case End::kAnswered:
      return "answered";
    case End::kNotFound:
      return "no route";
    case End::kNoCluster:
      return "no cluster";
    case End::kNoEndpoints:
      return "no endpoints";
    case End::kUpgradeRefused:
      return "upgrade refused";
    case End::kNoListener:
      return "no listener";
    case End::kNoChain:
      return "no chain";
    case End::kNotTls:
      return "not TLS";
    case End::kNotHttp:
      return "not HTTP";
    case End::kNoCertificate:
      return "no certificate";
    case End::kWaitedInVain:
      return "waited in vain";
    case End::kAmbiguous:
      return "ambiguous";
    case End::kNotSimulated:
      return "not simulated";
  }
  return "";
}

uint32_t StatusFor(End end) {
  switch (end) {
    case End::kNotFound:
      return 404;
    case End::kNoCluster:
    case End::kNoEndpoints:
      return 503;
    case End::kUpgradeRefused:
      return 403;
    default:
      return 0;
  }
}

std::string HeaderOf(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

std::string Outcome::Short() const {
  if (end == End::kForwarded) return ChoicesOf(last());
  if (end == End::kAmbiguous || end == End::kNotSimulated) return fmt::format("{}: {}", WordFor(end), note);
  if (status == 0) return fmt::format("closed: {}", WordFor(end));
  std::string text = std::to_string(status);
  if (end != End::kNotFound && end != End::kAnswered) text += fmt::format(" {}", WordFor(end));
  return grpc_status ? text + fmt::format(", grpc-status {}", *grpc_status) : text;
}

std::string Outcome::Text() const {
  std::string text;
  for (const Hop& hop : hops) text += TextOf(hop) + "\n";
  text += "= " + Short();
  return note.empty() ? text : text + " (" + note + ")";
}

}  // namespace chancery::compile::testing
