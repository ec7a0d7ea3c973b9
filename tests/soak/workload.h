#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/message.h"
#include "frontend/quotas.h"

namespace chancery::soak {

// What one writer does, at random, over few names, so that all writers get in each other's way.

inline const std::vector<std::string> kAccounts = {"111111111111", "222222222222", "333333333333"};
// In force from the start; those of kMovingQuota move between this and one more.
inline const frontend::QuotaLimits kQuotas = {{"meshes-per-account", 2},
                                              {"virtual-nodes-per-mesh", 4},
                                              {"virtual-routers-per-mesh", 2},
                                              {"virtual-services-per-mesh", 3},
                                              {"virtual-gateways-per-mesh", 1},
                                              {"routes-per-virtual-router", 3},
                                              {"gateway-routes-per-virtual-gateway", 3},
                                              {"backends-per-virtual-node", 2},
                                              {"weighted-targets-per-route", 2}};
inline constexpr std::string_view kMovingQuota = "virtual-nodes-per-mesh";

enum class Act { kCall, kShare, kUnshare, kSetQuota };

struct Step {
  Act act = Act::kCall;
  // Counts are kept under it: "create route", "share".
  std::string what;
  std::string caller;
  // The mesh that it is about.
  std::string owner;
  std::string mesh;
  frontend::Request request = {};
  // kShare, kUnshare: with whom. kSetQuota: whose, and what.
  std::string account = {};
  int64_t limit = 0;
};

// Confined to one thread. Equal seeds, equal steps.
class Workload {
 public:
  explicit Workload(uint64_t seed) : random_(seed) {}
  Step Next();

 private:
  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  bool Chance(int percent) { return Below(100) < percent; }
  // One of prefix0 ... prefix<n-1>.
  std::string Name(std::string_view prefix, int n);
  // Most of the time the same.
  std::string Owner();
  std::string Mesh();
  int Port() { return Chance(70) ? 80 : 81; }

  std::string Listeners(bool several);
  std::string PortMember(int percent);
  std::string Spec(std::string_view kind);
  std::string NodeSpec();
  std::string ServiceSpec();
  std::string RouteSpec();
  std::string GatewayRouteSpec();
  std::string Tags();

  Step Write(std::string_view verb);
  Step TagCall();
  Step ShareStep();
  Step QuotaStep();

  std::mt19937_64 random_;
};

}  // namespace chancery::soak
