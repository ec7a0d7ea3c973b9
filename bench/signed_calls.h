#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace chancery::bench {

// What the calls are about: the mesh that bench/mesh.py makes. Names are those of bench/mesh.py.
struct Target {
  // HOST:PORT, also the signed `Host`.
  std::string address;
  std::string region = "us-east-1";
  std::string access_key_id;
  std::string secret;
};

// Requests as bytes for the wire, signed before the measurement so that it does not pay for that. A request that may
// be sent again under its signature is in the list once; updates carry a clientToken, which makes each its own.
struct SignedCalls {
  std::vector<std::string> requests;
  // Whether the list may be gone through again; else the measurement ends with it.
  bool repeats = true;
};

// `mix`: "describe" (DescribeRoute of every route in turn), "list" (ListVirtualNodes, 100 a page) or "update"
// (UpdateRoute with other weights, every route in turn, `updates` of them). kBadRequest for another name.
base::Result<SignedCalls> SignCalls(const Target& target, const std::string& mix, size_t updates);

}  // namespace chancery::bench
