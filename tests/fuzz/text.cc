#include "fuzz/text.h"

namespace chancery::fuzz {
namespace {

constexpr size_t kMaxHeaders = 64;

}  // namespace

Cut CutAt(std::string_view text, std::string_view separator) {
  const size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + separator.size())};
}

std::vector<std::string_view> Split(std::string_view text, std::string_view separator, size_t max) {
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < max && text.find(separator) != std::string_view::npos) {
    const Cut cut = CutAt(text, separator);
    parts.push_back(cut.head);
    text = cut.rest;
  }
  parts.push_back(text);
  return parts;
}

frontend::Request ReadRequest(std::string_view text) {
  const Cut message = CutAt(text, "\n\n");
  const Cut head = CutAt(message.head, "\n");
  const Cut line = CutAt(head.head, " ");
  frontend::Request request{std::string(line.head), std::string(line.rest), {}, std::string(message.rest)};
  if (head.rest.empty()) return request;
  for (const std::string_view header : Split(head.rest, "\n", kMaxHeaders)) {
    const Cut pair = CutAt(header, ":");
    request.headers.emplace_back(pair.head, pair.rest);
  }
  return request;
}

}  // namespace chancery::fuzz
