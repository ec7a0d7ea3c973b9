#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "cli/endpoint.h"

namespace chancery::agent {

struct HttpCall {
  std::string method = "GET";
  std::string path = "/";  // with its query
  std::chrono::milliseconds timeout{2'000};
  // "Name: value" lines.
  std::string header = {};
};

struct HttpReply {
  int status = 0;
  std::string body;
};

// One HTTP/1.1 call over TCP or a unix socket, from connecting to the last byte within the call's timeout; no
// redirects, no proxy. At most 64 MiB of answer: Envoy's stats are what it is for. kUnavailable names what failed.
// Thread-safe, once InitHttpClient has run.
base::Result<HttpReply> CallHttp(const cli::Endpoint& server, const HttpCall& call);

// Once for the process, before other threads exist.
base::Status InitHttpClient();

}  // namespace chancery::agent
