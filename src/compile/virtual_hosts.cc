#include "compile/virtual_hosts.h"

#include <utility>

#include "compile/features/matches.h"

namespace chancery::compile {
namespace {

std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

std::vector<std::string> Domains::Take(std::vector<std::string> wanted) {
  std::erase_if(wanted, [this](const std::string& domain) {
    return domain.empty() || !IsHeaderText(domain) || !taken_.insert(LowerCase(domain)).second;
  });
  return wanted;
}

std::vector<std::string> DomainsOf(std::string_view name, uint32_t port) {
  return {std::string(name), std::string(name) + ":" + std::to_string(port)};
}

}  // namespace chancery::compile
