#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chancery::compile::testing {

// Name and value; names in lower case, in the order in which they are sent.
using Headers = std::vector<std::pair<std::string, std::string>>;

// Test support: a call as it arrives at a proxy, written tersely:
//   Out(80).Get("api.local", "/orders?x=1").With("x-canary", "yes")
// A plain value; nothing is sent.
struct Call {
  enum class Speaks : uint8_t { kHttp, kBytes, kNothing };

  // The port that the connection arrives on, and where its maker wanted to go.
  uint32_t listener_port = 0;
  std::string address = "10.0.0.7";
  uint32_t port = 0;

  bool tls = false;
  std::string server_name;
  std::vector<std::string> alpn;
  // The client has a certificate that whoever asks for one takes.
  bool client_certificate = false;

  Speaks speaks = Speaks::kHttp;
  std::string method = "GET";
  // Empty: what HTTP/1 makes of the connection.
  std::string scheme;
  std::string host;
  std::string path = "/";
  Headers headers;

  Call& At(std::string_view where) { return address = where, *this; }
  Call& Get(std::string_view to, std::string_view target) { return Send("GET", to, target); }
  Call& Send(std::string_view how, std::string_view to, std::string_view target) {
    method = how, host = to, path = target;
    return *this;
  }
  // A gRPC call of `target`, which is /package.Service/Method.
  Call& Grpc(std::string_view to, std::string_view target) {
    return Send("POST", to, target).With("content-type", "application/grpc");
  }
  Call& WebSocket() { return With("connection", "upgrade").With("upgrade", "websocket"); }
  Call& With(std::string_view name, std::string_view value) {
    headers.emplace_back(name, value);
    return *this;
  }
  Call& Scheme(std::string_view of) { return scheme = of, *this; }
  Call& Tls(std::string_view sni = "") { return tls = true, server_name = sni, *this; }
  Call& Alpn(std::vector<std::string> names) { return alpn = std::move(names), *this; }
  Call& Certificate() { return client_certificate = true, *this; }
  // Some protocol over TCP in which the client speaks first; and one in which it waits for the server.
  Call& Bytes() { return speaks = Speaks::kBytes, *this; }
  Call& Waits() { return speaks = Speaks::kNothing, *this; }
};

// From the application, to `port` of some other host, as the redirect rules bring it.
inline Call Out(uint32_t port) {
  Call call;
  call.listener_port = 15001;
  call.port = port;
  return call;
}

// From outside to `port` of the application, as the redirect rules bring it.
inline Call In(uint32_t port) {
  Call call;
  call.listener_port = 15000;
  call.port = port;
  return call;
}

// To a port that the proxy itself listens on: a gateway's.
inline Call To(uint32_t port) {
  Call call;
  call.listener_port = port;
  call.port = port;
  return call;
}

}  // namespace chancery::compile::testing
