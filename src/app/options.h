#pragma once

#include <chrono>
#include <string>

#include "base/result.h"

namespace CLI {
class App;
}

namespace chancery::app {

// What `chancery serve` is told. Every flag has an environment variable: --data-dir is
// CHANCERY_DATA_DIR and so on.
struct ServeOptions {
  std::string data_dir = "chancery-data";
  std::string api = "127.0.0.1:8480";
  std::string xds = "127.0.0.1:8481";
  std::string admin = "127.0.0.1:8482";
  std::string account = "000000000000";
  std::string region = "us-east-1";
  std::string partition = "aws";
  std::string log_level = "info";
  unsigned xds_loops = 0;
  std::chrono::milliseconds settle{1000};
  bool insecure_no_auth = false;
  bool insecure_xds_bind = false;
  bool insecure_admin_bind = false;
};

// Declares the flags on `command`; they are written to `options`, which outlives the parse.
void AddServeOptions(CLI::App& command, ServeOptions& options);

// What the flags cannot say one by one. Errors: kBadRequest naming the flag.
base::Status CheckServeOptions(const ServeOptions& options);

}  // namespace chancery::app
