#include "iam/context_keys.h"

#include <algorithm>
#include <utility>

#include "iam/ascii.h"

namespace chancery::iam {
namespace {

constexpr std::string_view kGuide = "appmesh:resourcetag/";

}  // namespace

void ContextKeys::Add(std::string_view key, std::string value) {
  std::string name = CanonicalKey(key);
  auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.name == name; });
  if (at == entries_.end()) at = entries_.insert(at, {std::move(name), {}});
  at->values.push_back(std::move(value));
}

void ContextKeys::AddAll(const ContextKeys& other) {
  for (const Entry& entry : other.entries_) {
    for (const std::string& value : entry.values) Add(entry.name, value);
  }
}

const std::vector<std::string>* ContextKeys::Find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) return &entry.values;
  }
  return nullptr;
}

std::string CanonicalKey(std::string_view key) {
  std::string name(key);
  std::transform(name.begin(), name.end(), name.begin(), ToLower);
  if (name.starts_with(kGuide)) name.replace(0, kGuide.find(':'), "aws");
  return name;
}

}  // namespace chancery::iam
