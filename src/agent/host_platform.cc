#include "agent/host_platform.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/utsname.h>

#include <array>
#include <bit>
#include <boost/json.hpp>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "agent/http_client.h"
#include "base/address.h"

namespace chancery::agent {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kTimeout{1'000};
constexpr std::string_view kHttp = "http://";

struct InterfacesRelease {
  void operator()(ifaddrs* list) const { freeifaddrs(list); }
};

int BitsOf(const unsigned char* mask, size_t size) {
  int bits = 0;
  for (size_t i = 0; i < size; ++i) bits += std::popcount(mask[i]);
  return bits;
}

template <typename Address>
std::string WithMask(int family, const Address& address, const Address* mask) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, &address, text.data(), text.size());
  const int bits = mask == nullptr ? static_cast<int>(sizeof(Address) * 8)
                                   : BitsOf(reinterpret_cast<const unsigned char*>(mask), sizeof(Address));
  return std::string(text.data()) + "/" + std::to_string(bits);
}

// Which families lead anywhere: loopback and link-local addresses do not.
struct Families {
  bool ipv4 = false;
  bool ipv6 = false;
};

void AddInterface(const ifaddrs& found, cli::Platform& platform, Families& families) {
  const bool loopback = (found.ifa_flags & IFF_LOOPBACK) != 0;
  if (found.ifa_addr->sa_family == AF_INET) {
    const auto& address = reinterpret_cast<const sockaddr_in*>(found.ifa_addr)->sin_addr;
    const auto* mask = reinterpret_cast<const sockaddr_in*>(found.ifa_netmask);
    platform.ipv4[found.ifa_name].push_back(WithMask(AF_INET, address, mask == nullptr ? nullptr : &mask->sin_addr));
    families.ipv4 |= !loopback;
  } else if (found.ifa_addr->sa_family == AF_INET6) {
    const auto& address = reinterpret_cast<const sockaddr_in6*>(found.ifa_addr)->sin6_addr;
    const auto* mask = reinterpret_cast<const sockaddr_in6*>(found.ifa_netmask);
    platform.ipv6[found.ifa_name].push_back(WithMask(AF_INET6, address, mask == nullptr ? nullptr : &mask->sin6_addr));
    families.ipv6 |= !loopback && !IN6_IS_ADDR_LINKLOCAL(&address);
  }
}

void GatherInterfaces(cli::Platform& platform) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return;
  const std::unique_ptr<ifaddrs, InterfacesRelease> owned(list);
  Families families;
  for (const ifaddrs* found = list; found != nullptr; found = found->ifa_next) {
    if (found->ifa_addr != nullptr) AddInterface(*found, platform, families);
  }
  if (families.ipv4 || families.ipv6) {
    platform.ip_families = families.ipv4 && families.ipv6 ? "ALL" : families.ipv4 ? "IPv4_ONLY" : "IPv6_ONLY";
  }
}

void GatherSystem(cli::Platform& platform) {
  utsname names{};
  if (uname(&names) != 0) return;
  platform.system["systemPlatform"] = names.machine;
  platform.system["systemKernelVersion"] = names.release;
}

// The body of an answer of 200, or nothing. `url` is http://HOST[:PORT]/PATH.
std::optional<std::string> Fetch(const std::string& url, HttpCall call) {
  if (!url.starts_with(kHttp)) return std::nullopt;
  const size_t slash = url.find('/', kHttp.size());
  std::string authority = url.substr(kHttp.size(), slash == std::string::npos ? slash : slash - kHttp.size());
  auto parts = base::SplitHostPort(authority);
  if (!parts) parts = base::SplitHostPort(authority + ":80");
  if (!parts) return std::nullopt;
  call.path = slash == std::string::npos ? "/" : url.substr(slash);
  call.timeout = kTimeout;
  auto reply = CallHttp({parts->host, parts->port, ""}, call);
  if (reply && reply->status == 200) return std::move(reply->body);
  spdlog::info("no metadata from {}", url);
  return std::nullopt;
}

void GatherEcs(const cli::Environment& environment, cli::Platform& platform) {
  const auto launch_type = environment("AWS_EXECUTION_ENV");
  if (!launch_type || launch_type->empty()) return;
  platform.ecs["ecsLaunchType"] = *launch_type;
  platform.ecs["ecsContainerInstanceArn"] = environment("ECS_CONTAINER_INSTANCE_ARN").value_or("");
  auto uri = environment("ECS_CONTAINER_METADATA_URI_V4");
  if (!uri || uri->empty()) uri = environment("ECS_CONTAINER_METADATA_URI");
  if (!uri || uri->empty()) return;
  ReadEcsMetadata(Fetch(*uri + "/task", {}).value_or(""), Fetch(*uri, {}).value_or(""), platform);
}

// EC2's metadata service, with a token as its second version wants it.
void GatherEc2(const cli::Environment& environment, cli::Platform& platform) {
  if (platform.k8s.size() < 3 || environment("AWS_EC2_METADATA_DISABLED").value_or("") == "true") return;
  std::string service = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or("http://169.254.169.254");
  while (service.ends_with('/')) service.pop_back();
  HttpCall ask_token{"PUT", "", kTimeout, "X-aws-ec2-metadata-token-ttl-seconds: 60"};
  const auto token = Fetch(service + "/latest/api/token", ask_token);
  if (!token) return;
  const HttpCall ask{"GET", "", kTimeout, "X-aws-ec2-metadata-token: " + *token};
  const std::string placement = service + "/latest/meta-data/placement/";
  platform.zone = Fetch(placement + "availability-zone", ask).value_or("");
  platform.zone_id = Fetch(placement + "availability-zone-id", ask).value_or("");
}

// A zone's name is its region's and a letter.
std::string RegionOf(const cli::Environment& environment, const std::string& zone) {
  const std::string set = environment("AWS_REGION").value_or("");
  return set.empty() && !zone.empty() ? zone.substr(0, zone.size() - 1) : set;
}

void CopyText(const json::object& from, std::string_view member, std::string& to) {
  const json::value* value = from.if_contains(member);
  if (value == nullptr || value->is_null()) return;
  to = value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

}  // namespace

void ReadEcsMetadata(const std::string& task, const std::string& container, cli::Platform& platform) {
  json::error_code error;
  if (const json::value tree = json::parse(task, error); !error && tree.is_object()) {
    CopyText(tree.get_object(), "Cluster", platform.ecs["ecsClusterArn"]);
    CopyText(tree.get_object(), "TaskARN", platform.ecs["ecsTaskArn"]);
    CopyText(tree.get_object(), "AvailabilityZone", platform.zone);
  }
  if (const json::value tree = json::parse(container, error); !error && tree.is_object()) {
    const json::value* limits = tree.get_object().if_contains("Limits");
    if (limits == nullptr || !limits->is_object()) return;
    CopyText(limits->get_object(), "CPU", platform.ecs["CPU"]);
    CopyText(limits->get_object(), "Memory", platform.ecs["Memory"]);
  }
}

void GatherPlatform(const cli::Environment& environment, cli::Platform& platform) {
  GatherInterfaces(platform);
  GatherSystem(platform);
  GatherEcs(environment, platform);
  GatherEc2(environment, platform);
  platform.region = RegionOf(environment, platform.zone);
}

}  // namespace chancery::agent
