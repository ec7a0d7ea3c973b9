#include "xds/blame.h"

#include <algorithm>
#include <cctype>

namespace chancery::xds {
namespace {

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool IsWord(char c) { return IsAlnum(c) || c == '_' || c == '-'; }

// A dot or a slash goes on a word when more of it follows; at the end of a sentence it does not.
bool EndsWord(std::string_view message, size_t at) {
  if (at >= message.size()) return true;
  if (IsWord(message[at])) return false;
  const bool joins = message[at] == '.' || message[at] == '/';
  return !joins || at + 1 >= message.size() || !IsWord(message[at + 1]);
}

bool BeginsWord(std::string_view message, size_t at) {
  if (at == 0) return true;
  if (IsWord(message[at - 1])) return false;
  const bool joins = message[at - 1] == '.' || message[at - 1] == '/';
  return !joins || at == 1 || !IsWord(message[at - 2]);
}

// Whether `name` stands in `message` outside what longer names have `taken`; takes its places.
bool Occurs(std::string_view message, std::string_view name, std::vector<bool>& taken) {
  bool occurs = false;
  for (size_t at = message.find(name); at != std::string_view::npos; at = message.find(name, at + 1)) {
    if (taken[at] || !BeginsWord(message, at) || !EndsWord(message, at + name.size())) continue;
    std::fill_n(taken.begin() + static_cast<std::ptrdiff_t>(at), name.size(), true);
    occurs = true;
  }
  return occurs;
}

}  // namespace

std::vector<std::string> Blamed(std::string_view message, const std::vector<std::string_view>& names) {
  std::vector<std::string_view> longest_first = names;
  std::stable_sort(longest_first.begin(), longest_first.end(), [](auto a, auto b) { return a.size() > b.size(); });
  std::vector<bool> taken(message.size(), false);
  std::vector<std::string> blamed;
  for (const std::string_view name : longest_first) {
    if (!name.empty() && Occurs(message, name, taken)) blamed.emplace_back(name);
  }
  std::sort(blamed.begin(), blamed.end());
  return blamed;
}

}  // namespace chancery::xds
