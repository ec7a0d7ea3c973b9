#include "compile/compile.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>

#include "base/check.h"
#include "compile/apply_options.h"
#include "compile/emit/emit.h"
#include "compile/reader.h"
#include "compile/resolve.h"

namespace chancery::compile {
namespace {

// Services that lost their port to another have clusters that nothing uses: a proxy is not given
// them. Its own (cds_ingress_…) stay, used or not.
void DropUnused(std::vector<FragmentPtr>& fragments, const ir::Proxy& proxy) {
  std::set<std::string_view> used;
  for (const FragmentPtr& fragment : fragments) used.insert(fragment->clusters.begin(), fragment->clusters.end());
  std::erase_if(fragments, [&](const FragmentPtr& fragment) {
    if (fragment->type != FragmentType::kCluster || used.contains(fragment->name)) return false;
    const ir::Cluster& cluster = proxy.clusters.at(fragment->name);
    return cluster.target_node.has_value() || cluster.host.empty();
  });
}

}  // namespace

ProxyConfig Compile(const model::Snapshot& snapshot, const ProxyKey& key) { return CompileWith({}, snapshot, key); }

ProxyConfig CompileWith(const Options& options, const model::Snapshot& snapshot, const ProxyKey& key) {
  CHANCERY_CHECK(key.kind == model::Kind::kVirtualNode || key.kind == model::Kind::kVirtualGateway);
  Reader reader(snapshot, key.profile);
  const bool node = key.kind == model::Kind::kVirtualNode;
  ir::Proxy proxy = node ? ResolveNode(reader, key.name) : ResolveGateway(reader, key.name);
  ApplyOptions(options, proxy);

  ProxyConfig config;
  for (const auto& [name, cluster] : proxy.clusters) config.fragments.push_back(emit::EmitCluster(cluster));
  for (const ir::Listener& listener : proxy.listeners) config.fragments.push_back(emit::EmitListener(listener));
  for (const ir::RouteConfig& routes : proxy.route_configs) config.fragments.push_back(emit::EmitRoutes(routes));
  DropUnused(config.fragments, proxy);
  std::sort(config.fragments.begin(), config.fragments.end(), [](const FragmentPtr& a, const FragmentPtr& b) {
    return std::tie(a->type, a->name) < std::tie(b->type, b->name);
  });
  config.warnings = reader.TakeWarnings();
  config.reads = reader.TakeReads();
  return config;
}

}  // namespace chancery::compile
