#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace chancery::edge {

// A non-blocking listening socket on HOST:PORT (IPv6 in brackets, port 0 takes a free one).
// Error: kUnavailable naming the address and the cause.
base::Result<base::UniqueFd> Listen(std::string_view address);

// "unix:/path" and what stands behind the colon.
bool IsUnix(std::string_view address);
std::string_view UnixPathOf(std::string_view address);

// "127.0.0.1:4711", "[::1]:4711" or "unknown"; the peer on a Unix socket is "unix:pid=4711,uid=0".
std::string LocalAddressOf(int socket);
std::string PeerOf(int socket);

}  // namespace chancery::edge
