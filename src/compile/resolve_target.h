#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compile/features/client_tls.h"
#include "compile/features/listener_ports.h"
#include "compile/ir.h"
#include "compile/reader.h"

namespace chancery::compile {

// Virtual nodes as seen by their clients: each listener that is reached becomes a cluster. What
// cannot be served takes its share of the traffic to a cluster without endpoints (503) instead of
// giving it to the others, or of going out in plaintext. Confined to one Compile.
class TargetResolver {
 public:
  // `clusters` collects what is used; borrowed.
  TargetResolver(Reader& reader, std::map<std::string, ir::Cluster>& clusters);

  // One listener of a node and the cluster that leads there.
  struct Upstream {
    uint32_t port = 0;
    ir::Protocol protocol = ir::Protocol::kHttp;
    std::string cluster;
    bool served = false;  // else `cluster` is the one without endpoints
  };

  // All listeners of a node, by port; none when it does not exist.
  std::vector<Upstream> All(const std::string& node, const ClientPolicy& policy);
  // The listener on `port`; without a port the only one, else the first of `protocol`, else the
  // first. Nothing when there is none.
  std::optional<Upstream> One(const std::string& node, std::optional<uint32_t> port, ir::Protocol protocol,
                              const ClientPolicy& policy);

  // The cluster without endpoints.
  std::string NotServed();

 private:
  using Ports = ListenersByPort<chancery::model::Listener>;
  Upstream ToUpstream(const std::string& node, const chancery::model::VirtualNodeSpec& spec,
                      const Ports::value_type& entry, const ClientPolicy& policy);
  // Adds it under the name that dashboards know, under a further one when that is taken by a cluster
  // with another TLS. Nothing when both are.
  std::optional<std::string> AddCluster(const std::string& node, ir::Protocol protocol, ir::Cluster cluster);
  // Health check and outlier detection, which are the listener's and act at its clients.
  void SetUpstream(const std::string& node, const chancery::model::Listener& listener, ir::Protocol protocol,
                   ir::Cluster& cluster);

  Reader& reader_;
  std::map<std::string, ir::Cluster>& clusters_;
};

}  // namespace chancery::compile
