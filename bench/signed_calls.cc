#include "signed_calls.h"

#include <fmt/format.h>

#include <chrono>

#include "base/clock.h"
#include "base/random.h"
#include "iam/sigv4_testing.h"

namespace chancery::bench {
namespace {

constexpr size_t kRouters = 10;
constexpr size_t kRoutesPerRouter = 10;
constexpr size_t kRoutes = kRouters * kRoutesPerRouter;

// Neighbours in the list are of different routers.
std::string RoutePath(size_t i) {
  return fmt::format("/v20190125/meshes/bench/virtualRouter/router-{}/routes/route-{}", i % kRouters,
                     i / kRouters % kRoutesPerRouter);
}

std::string Spec(size_t weight) {
  return fmt::format(R"({{"httpRoute":{{"match":{{"prefix":"/"}},"action":{{"weightedTargets":[)"
                     R"({{"virtualNode":"node-000","weight":{}}},{{"virtualNode":"node-001","weight":{}}}]}}}}}})",
                     weight, 100 - weight);
}

std::string Sign(const Target& target, std::string method, std::string path, std::string body) {
  iam::testing::OwnedRequest request{std::move(method), std::move(path), {{"Host", target.address}}, std::move(body)};
  if (!request.body.empty()) request.Header("Content-Type") = "application/json";
  const iam::testing::Signer signer{target.access_key_id, target.secret, target.region, "appmesh",
                                    std::chrono::floor<std::chrono::seconds>(base::Clock::System().WallNow())};
  iam::testing::SignSigV4(signer, request);
  std::string wire = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
  for (const auto& [name, value] : request.headers) wire += fmt::format("{}: {}\r\n", name, value);
  return wire + fmt::format("Content-Length: {}\r\n\r\n{}", request.body.size(), request.body);
}

std::string SignUpdate(const Target& target, size_t i) {
  // Each route has other weights with each turn of the list.
  const size_t weight = 1 + (i / kRoutes) % 99;
  return Sign(target, "PUT", RoutePath(i),
              fmt::format(R"({{"clientToken":"{}","spec":{}}})", base::NewUuid(), Spec(weight)));
}

}  // namespace

base::Result<SignedCalls> SignCalls(const Target& target, const std::string& mix, size_t updates) {
  SignedCalls calls;
  if (mix == "list") {
    calls.requests.push_back(Sign(target, "GET", "/v20190125/meshes/bench/virtualNodes?limit=100", ""));
  } else if (mix == "describe") {
    for (size_t i = 0; i < kRoutes; ++i) calls.requests.push_back(Sign(target, "GET", RoutePath(i), ""));
  } else if (mix == "update") {
    for (size_t i = 0; i < updates; ++i) calls.requests.push_back(SignUpdate(target, i));
    calls.repeats = false;
  } else {
    return base::Error{base::Code::kBadRequest, fmt::format("--mix: '{}' is not describe, list or update", mix), {}};
  }
  return calls;
}

}  // namespace chancery::bench
