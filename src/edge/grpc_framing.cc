#include "edge/grpc_framing.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace chancery::edge {
namespace {

// Of the text before encoding; threefold at most, clients accept 8 KB of headers by default.
constexpr size_t kMaxStatusTextBytes = 2'000;

}  // namespace

std::array<char, kPrefixBytes> MessagePrefix(size_t size) {
  return {0, static_cast<char>(size >> 24U), static_cast<char>(size >> 16U), static_cast<char>(size >> 8U),
          static_cast<char>(size)};
}

std::string DecodeGrpcMessage(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    unsigned byte = 0;
    const char* const end = text.data() + std::min<size_t>(3, text.size());
    const bool escaped =
        text.front() == '%' && text.size() >= 3 && std::from_chars(text.data() + 1, end, byte, 16).ptr == end;
    decoded += escaped ? static_cast<char>(byte) : text.front();
    text.remove_prefix(escaped ? 3 : 1);
  }
  return decoded;
}

std::string EncodeGrpcMessage(std::string_view message) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : message.substr(0, kMaxStatusTextBytes)) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x20 && byte <= 0x7e && byte != '%') {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte >> 4U], kDigits[byte & 0xfU]};
    }
  }
  return encoded;
}

void MessageAssembler::TakePrefix(std::string_view& bytes) {
  const size_t wanted = std::min(kPrefixBytes - prefix_size_, bytes.size());
  std::memcpy(prefix_.data() + prefix_size_, bytes.data(), wanted);
  prefix_size_ = static_cast<uint8_t>(prefix_size_ + wanted);
  bytes.remove_prefix(wanted);
}

size_t MessageAssembler::length() const {
  return static_cast<size_t>(prefix_[1]) << 24U | static_cast<size_t>(prefix_[2]) << 16U |
         static_cast<size_t>(prefix_[3]) << 8U | prefix_[4];
}

MessageAssembler::Outcome MessageAssembler::Feed(std::string_view bytes, size_t max_message_bytes, const Sink& sink) {
  while (!bytes.empty()) {
    if (prefix_size_ < kPrefixBytes) {
      TakePrefix(bytes);
      if (prefix_[0] > 1) return Outcome::kBadFlag;
      if (prefix_[0] == 1) return Outcome::kCompressed;
      if (prefix_size_ < kPrefixBytes) return Outcome::kOk;
      if (length() > max_message_bytes) return Outcome::kTooLong;
    }
    const size_t missing = length() - message_.size();
    const std::string_view piece = bytes.substr(0, missing);
    bytes.remove_prefix(piece.size());
    if (piece.size() < missing) {
      message_.append(piece);
      return Outcome::kOk;
    }
    // A message that lies whole in `bytes` is not copied.
    std::string whole;
    whole.swap(message_);
    if (!whole.empty()) whole.append(piece);
    Clear();
    if (!sink(whole.empty() ? piece : std::string_view(whole))) return Outcome::kStopped;
  }
  return Outcome::kOk;
}

void MessageAssembler::Clear() {
  std::string().swap(message_);
  prefix_size_ = 0;
}

}  // namespace chancery::edge
