#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "iam/sigv4_sign.h"

namespace chancery::relay {

using Headers = std::vector<std::pair<std::string, std::string>>;

// What a relay adds to each stream, apart from the certificate of its TLS.
struct Credentials {
  // A file that holds a bearer token, read for each stream; empty: none.
  std::string token_file = {};
  // Signs each stream; without an access key none is signed.
  iam::SigV4Key key = {};
  // Goes with a temporary key.
  std::string session_token = {};
};

// The headers of a stream for `path` at `host`, signed at `now`. kUnavailable when the token cannot be read.
base::Result<Headers> HeadersFor(const Credentials& credentials, std::string_view path, const std::string& host,
                                 std::chrono::system_clock::time_point now);

}  // namespace chancery::relay
