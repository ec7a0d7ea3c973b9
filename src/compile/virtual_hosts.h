#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compile/ir.h"

namespace chancery::compile {

// The domains of one route configuration. Envoy lower-cases them and refuses the whole
// configuration when one appears twice, under whatever virtual host.
class Domains {
 public:
  // Those of `wanted` that nobody has yet and that Envoy takes; they are taken from now on.
  std::vector<std::string> Take(std::vector<std::string> wanted);

 private:
  std::set<std::string> taken_;
};

// [name, name:port].
std::vector<std::string> DomainsOf(std::string_view name, uint32_t port);

}  // namespace chancery::compile
