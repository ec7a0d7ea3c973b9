#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chancery::frontend {

using Headers = std::vector<std::pair<std::string, std::string>>;

// One HTTP request, apart from any transport.
struct Request {
  std::string method;
  // As on the request line: path and query, still percent-encoded.
  std::string target;
  Headers headers = {};
  std::string body = {};
  // IP address of the client, or "uid N" on a Unix socket.
  std::string peer = {};
  bool tls = false;
};

// One HTTP answer. The transport adds Content-Length, Date and Connection.
struct Answer {
  int status = 200;
  Headers headers = {};
  std::string body = {};
};

// The first header of that name, whatever its case; empty when there is none.
std::string_view HeaderOf(const Headers& headers, std::string_view name);

}  // namespace chancery::frontend
