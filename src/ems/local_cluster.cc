#include "ems/local_cluster.h"

#include <envoy/config/endpoint/v3/endpoint.pb.h>

#include <memory>

#include "base/hash.h"

namespace chancery::ems {

const xds::ResourcePtr& LocalCluster() {
  static const xds::ResourcePtr resource = [] {
    envoy::config::endpoint::v3::ClusterLoadAssignment assignment;
    assignment.set_cluster_name(std::string(kLocalCluster));
    auto made = std::make_shared<xds::Resource>();
    made->name = kLocalCluster;
    made->body = std::make_shared<const std::string>(assignment.SerializeAsString());
    made->hash = base::HashOf(made->name + '\0' + *made->body);
    made->optional = true;
    return made;
  }();
  return resource;
}

}  // namespace chancery::ems
