#pragma once

#include <map>
#include <string>
#include <vector>

namespace envoy::config::core::v3 {
class Node;
}

// What a proxy tells of the host it runs on (contract/envoy.md §1.1). Pure and thread-safe; who gathers it is not here.
namespace chancery::cli {

struct Platform {
  // As the injector's variables give it: k8sVersion, podUid, appMeshControllerVersion.
  std::map<std::string, std::string> k8s;
  // ecsLaunchType, ecsClusterArn, ecsTaskArn, CPU, Memory, ecsContainerInstanceArn.
  std::map<std::string, std::string> ecs;
  // systemPlatform, systemKernelVersion.
  std::map<std::string, std::string> system;
  // By interface: "10.0.0.7/24".
  std::map<std::string, std::vector<std::string>> ipv4;
  std::map<std::string, std::vector<std::string>> ipv6;
  // ALL, IPv4_ONLY or IPv6_ONLY.
  std::string ip_families;
  std::string region;
  std::string zone;     // "us-east-1a"
  std::string zone_id;  // "use1-az4", the same for all accounts: the zone of the locality
  bool fips = false;
  // The metrics extension was asked for.
  bool metric_filter = false;
};

// Sets the metadata keys aws.appmesh.* of what is known, and the locality when the zone's id is.
void SetPlatform(const Platform& platform, envoy::config::core::v3::Node& node);

}  // namespace chancery::cli
