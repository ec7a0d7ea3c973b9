#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/unique_fd.h"
#include "tls/context.h"
#include "tls/peer_certificate.h"

namespace chancery::edge {

// The bytes of one non-blocking stream socket, in the clear or through TLS. Never waits. What TLS has made of bytes
// that it took and the socket did not is kept: at most one record of 16 KiB, and what a handshake sends. Confined to
// its connection; stays where it was made, for OpenSSL points to it.
class Channel {
 public:
  enum class Outcome { kDone, kBlocked, kFailed };

  // Takes the socket. `session`: null for bytes in the clear, else told which side it is.
  Channel(base::UniqueFd socket, tls::SessionHandle session);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  int fd() const { return socket_.get(); }
  bool is_tls() const { return tls_ != nullptr; }
  // False until Handshake has returned kDone.
  bool established() const { return !tls_ || established_; }
  // Goes on with the handshake as far as the socket allows. On kFailed see failure().
  Outcome Handshake();
  // What the other end has shown. REQUIRES: established().
  std::optional<tls::PeerCertificate> PeerCertificate() const;

  // At least one byte on kDone. kFailed: the end, in whatever way. REQUIRES: established().
  Outcome Read(std::span<char> buffer, size_t& got);
  // Takes a part of the pieces, `sent` bytes; on kDone at least one. Behind kBlocked the next call may have other
  // pieces. REQUIRES: established(), some piece is not empty.
  Outcome Write(std::span<const iovec> pieces, size_t& sent);
  // Sends what TLS keeps. kDone: nothing is kept.
  Outcome Flush();
  bool has_unsent() const { return unsent() > 0; }
  size_t unsent() const;

  // Tells the other end of the end, if there is room, and closes.
  void Close();
  // What TLS says of its failure; empty: the other end has closed.
  const std::string& failure() const { return failure_; }

 private:
  struct Tls;

  Outcome WritePlain(std::span<const iovec> pieces, size_t& sent);
  // What a call of OpenSSL that did not succeed means.
  Outcome Judge(int result);

  base::UniqueFd socket_;
  std::unique_ptr<Tls> tls_;
  bool established_ = false;
  std::string failure_;
};

}  // namespace chancery::edge
