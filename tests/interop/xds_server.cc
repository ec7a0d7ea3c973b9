// The protocol core and the edge without App Mesh, for tests that give a real Envoy what the compiler does not make
// yet:
//   xds_server HOST:PORT
// prints the address that it listens on. Each line of stdin is the state that all clients are to have from then on, as
// JSON: {"txn": 1, "clusters": [...], "endpoints": [...], "listeners": [...]}, in Envoy's own form. It ends with stdin.
#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/endpoint/v3/endpoint.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "edge/server.h"
#include "xds/response_cache.h"
#include "xds/session.h"

namespace chancery {
namespace {

namespace json = boost::json;
using envoy::config::cluster::v3::Cluster;
using envoy::config::endpoint::v3::ClusterLoadAssignment;
using envoy::config::listener::v3::Listener;

const std::string& NameOf(const Cluster& cluster) { return cluster.name(); }
const std::string& NameOf(const Listener& listener) { return listener.name(); }
const std::string& NameOf(const ClusterLoadAssignment& assignment) { return assignment.cluster_name(); }

std::vector<std::string> ChildrenOf(const Cluster& cluster) {
  return cluster.type() == Cluster::EDS ? std::vector{cluster.name()} : std::vector<std::string>{};
}
template <typename Message>
std::vector<std::string> ChildrenOf(const Message& /*unused*/) {
  return {};
}

template <typename Message>
xds::ResourceSetPtr Read(uint64_t txn, const json::value& state, std::string_view member) {
  std::vector<xds::ResourcePtr> resources;
  for (const json::value& given : state.at(member).as_array()) {
    Message message;
    const auto read = google::protobuf::util::JsonStringToMessage(json::serialize(given), &message);
    if (!read.ok()) throw std::runtime_error(read.ToString());
    auto made = std::make_shared<xds::Resource>();
    made->name = NameOf(message);
    made->body = std::make_shared<const std::string>(message.SerializeAsString());
    made->hash = base::HashOf(*made->body);
    made->children = ChildrenOf(message);
    resources.push_back(std::move(made));
  }
  std::sort(resources.begin(), resources.end(), [](const auto& a, const auto& b) { return a->name < b->name; });
  return std::make_shared<const xds::ResourceSet>(txn, std::move(resources));
}

xds::ConfigPtr ReadState(const std::string& line) {
  const json::value state = json::parse(line);
  const auto txn = state.at("txn").to_number<uint64_t>();
  auto config = std::make_shared<xds::Config>();
  config->sets[static_cast<size_t>(xds::Type::kCluster)] = Read<Cluster>(txn, state, "clusters");
  config->sets[static_cast<size_t>(xds::Type::kEndpoint)] = Read<ClusterLoadAssignment>(txn, state, "endpoints");
  config->sets[static_cast<size_t>(xds::Type::kListener)] = Read<Listener>(txn, state, "listeners");
  return config;
}

// A session and nothing besides; lives on the one loop.
class Client : public xds::StreamHandler, private xds::SessionObserver {
 public:
  struct World {
    xds::ResponseCache cache{1U << 20U};
    xds::ConfigPtr state;
    std::set<Client*> clients;
  };

  Client(xds::Transport& transport, xds::Executor& executor, World& world)
      : world_(world), executor_(executor), session_(transport, *this, world.cache, base::Clock::System(), {}) {
    world_.clients.insert(this);
  }
  ~Client() override { world_.clients.erase(this); }

  void Refresh() {
    if (admitted_ && world_.state) session_.SetTarget(world_.state);
  }

  void OnMessage(std::string_view message) override { session_.OnMessage(message); }
  void OnWriteDone() override { session_.OnWriteDone(); }
  void OnTimer() override { session_.OnTimer(); }
  void OnHalfClosed() override { session_.OnHalfClosed(); }
  void OnClosed() override { session_.OnClosed(); }

 private:
  Admission OnNode(const xds::Node& /*node*/) override {
    admitted_ = true;
    World& world = world_;
    executor_.Post([&world, this] {
      if (world.clients.count(this) != 0) Refresh();
    });
    return {};
  }
  void OnSubscribed(xds::Type /*type*/) override {}
  void OnUnknownType(std::string_view /*type_url*/) override {}
  void OnSent(xds::Type /*type*/, const xds::ResourceSetPtr& /*sent*/, size_t /*bytes*/) override {}
  void OnAcknowledged(xds::Type /*type*/, const xds::ResourceSetPtr& /*acknowledged*/) override {}
  void OnRejected(xds::Type type, const xds::ResourceSetPtr& /*sent*/, const std::vector<std::string>& /*rejected*/,
                  std::string_view message) override {
    std::cerr << xds::DescriptorOf(type).label << " rejected: " << message << "\n";
  }
  void OnSettled(xds::Type /*type*/, bool /*in_force*/) override {}
  void OnWarming(xds::Type /*type*/, bool /*warming*/) override {}

  World& world_;
  xds::Executor& executor_;
  xds::SotwSession session_;
  bool admitted_ = false;
};

int Run(const char* address) {
  base::InitLogging("warn");
  // So that the linker keeps what listeners name by their type alone.
  envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy::descriptor();
  Client::World world;
  edge::ServerOptions options;
  options.listeners = {{.address = address}};
  options.loops = 1;
  edge::Server server(options, [&world](const edge::Call& call) {
    return std::make_unique<Client>(call.transport, call.executor, world);
  });
  if (const auto started = server.Start(); !started) {
    std::cerr << started.error().message << "\n";
    return 1;
  }
  std::cout << server.address() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    server.executors().front()->Post([&world, state = ReadState(line)] {
      world.state = state;
      for (Client* client : world.clients) client->Refresh();
    });
  }
  server.Stop();
  return 0;
}

}  // namespace
}  // namespace chancery

int main(int argc, char** argv) { return argc == 2 ? chancery::Run(argv[1]) : 2; }
