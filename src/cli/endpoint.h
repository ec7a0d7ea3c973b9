#pragma once

#include <cstdint>
#include <string>

namespace chancery::cli {

// HOST:PORT, or the path of a unix socket.
struct Endpoint {
  std::string host;  // without brackets
  uint16_t port = 0;
  std::string pipe;  // set: host and port are empty
  bool operator==(const Endpoint&) const = default;
};

}  // namespace chancery::cli
