// Calls an App Mesh API for some seconds and prints one JSON line of how fast it answered. Exit code 1 when a call was
// not answered 200. bench/run.py fills the mesh, runs this, and compares.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <exception>
#include <iostream>
#include <string>

#include "closed_loop.h"
#include "signed_calls.h"

namespace chancery::bench {
namespace {

// In milliseconds.
double Quantile(const LoopResult& result, double q) {
  const auto last = static_cast<double>(result.latencies.size() - 1);
  return static_cast<double>(result.latencies[static_cast<size_t>(q * last)].count()) / 1000;
}

std::string ToJson(const LoopResult& result) {
  const auto requests = result.latencies.size() + result.errors;
  const double seconds = result.elapsed.count();
  return boost::json::serialize(boost::json::object{
      {"requests", requests},
      {"errors", result.errors},
      {"first_error", result.first_error},
      {"seconds", seconds},
      {"requests_per_second", static_cast<double>(result.latencies.size()) / seconds},
      {"p50_ms", Quantile(result, 0.5)},
      {"p99_ms", Quantile(result, 0.99)},
      {"max_ms", Quantile(result, 1)},
      {"generator_cpus", result.cpu.count() / seconds},
  });
}

int Run(int argc, char** argv) {
  CLI::App app("Calls an App Mesh API in a closed loop and measures it", "api_load");
  Target target;
  LoopOptions options;
  std::string mix;
  size_t updates = 50'000;
  double seconds = 3;
  app.add_option("--address", options.address, "IP:PORT of the API")->required();
  app.add_option("--mix", mix, "describe, list or update")->required();
  app.add_option("--region", target.region)->capture_default_str();
  app.add_option("--access-key-id", target.access_key_id)->envname("AWS_ACCESS_KEY_ID")->required();
  app.add_option("--secret", target.secret)->envname("AWS_SECRET_ACCESS_KEY")->required();
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 10'000))->capture_default_str();
  app.add_option("--seconds", seconds)->check(CLI::Range(0.01, 3600.0))->capture_default_str();
  app.add_option("--updates", updates, "At most so many updates: they are signed before the measurement")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  target.address = options.address;
  options.duration = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  const auto calls = SignCalls(target, mix, updates);
  const auto result = calls ? RunClosedLoop(options, *calls) : calls.error();
  if (!result) {
    std::cerr << "api_load: " << result.error().message << "\n";
    return 1;
  }
  std::cout << ToJson(*result) << std::endl;
  return result->errors == 0 ? 0 : 1;
}

}  // namespace
}  // namespace chancery::bench

int main(int argc, char** argv) {
  try {
    return chancery::bench::Run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "api_load: " << error.what() << "\n";
    return 1;
  }
}
