#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

// The gRPC layer that is pure bytes: length-prefixed messages and the text of a status
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). No socket, no HTTP/2.

namespace chancery::edge {

constexpr size_t kPrefixBytes = 5;

// Not compressed, big-endian length. REQUIRES: size < 2^32.
std::array<char, kPrefixBytes> MessagePrefix(size_t size);

// The form of grpc-message: printable ASCII as it is, the rest and '%' as %XX. Cut to what fits
// a client's usual header bound.
std::string EncodeGrpcMessage(std::string_view message);
// Back to what was said; a broken escape stands for itself.
std::string DecodeGrpcMessage(std::string_view text);

// Cuts a byte stream into messages. Keeps nothing between whole messages, and never more than was
// received: the length that a client claims allocates nothing. Confined to its stream.
class MessageAssembler {
 public:
  enum class Outcome { kOk, kCompressed, kBadFlag, kTooLong, kStopped };
  // Returns false to stop (its stream has ended).
  using Sink = std::function<bool(std::string_view)>;

  // Gives each whole message to `sink`; the bytes live until it returns. After anything but kOk
  // the assembler is not to be fed again.
  Outcome Feed(std::string_view bytes, size_t max_message_bytes, const Sink& sink);
  // Between two messages.
  bool empty() const { return prefix_size_ == 0; }
  // What is kept of the message begun.
  size_t buffered() const { return message_.size(); }
  void Clear();

 private:
  // Takes what belongs to the prefix.
  void TakePrefix(std::string_view& bytes);
  size_t length() const;

  std::string message_;
  std::array<uint8_t, kPrefixBytes> prefix_{};
  uint8_t prefix_size_ = 0;
};

}  // namespace chancery::edge
