#include "edge/address.h"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace chancery::edge {
namespace {

// The kernel cuts it to net.core.somaxconn.
constexpr int kBacklog = 4'096;
constexpr std::string_view kUnix = "unix:";

struct AddressDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressDeleter>;

base::Error CannotListen(std::string_view address, std::string_view why) {
  return {base::Code::kUnavailable, "cannot listen on " + std::string(address) + ": " + std::string(why), {}};
}

base::Result<AddressList> Lookup(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return CannotListen(address, "HOST:PORT expected");
  std::string host(address.substr(0, colon));
  const std::string port(address.substr(colon + 1));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int result = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &found);
  if (result != 0) return CannotListen(address, ::gai_strerror(result));
  return AddressList(found);
}

std::string Text(const sockaddr_storage& address, socklen_t size) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host.data(), host.size(), port.data(),
                    port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "unknown";
  }
  const std::string name = host.data();
  return (address.ss_family == AF_INET6 ? "[" + name + "]" : name) + ":" + port.data();
}

std::string UnixPeer(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "unix:unknown";
  return "unix:pid=" + std::to_string(peer.pid) + ",uid=" + std::to_string(peer.uid);
}

}  // namespace

bool IsUnix(std::string_view address) { return address.starts_with(kUnix); }

std::string_view UnixPathOf(std::string_view address) { return address.substr(kUnix.size()); }

base::Result<base::UniqueFd> Listen(std::string_view address) {
  auto found = Lookup(address);
  if (!found) return found.error();
  const addrinfo& target = **found;
  base::UniqueFd socket(::socket(target.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  // No SO_REUSEPORT: a second process on the same address must fail, not take half of the proxies.
  if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(socket.get(), target.ai_addr, target.ai_addrlen) != 0 || ::listen(socket.get(), kBacklog) != 0) {
    return CannotListen(address, std::strerror(errno));
  }
  return socket;
}

std::string LocalAddressOf(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "unknown";
  return Text(address, size);
}

std::string PeerOf(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "unknown";
  if (address.ss_family == AF_UNIX) return UnixPeer(socket);
  return Text(address, size);
}

}  // namespace chancery::edge
