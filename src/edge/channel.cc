#include "edge/channel.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "base/check.h"

namespace chancery::edge {
namespace {

// What one TLS record holds (RFC 8446 §5.1).
constexpr size_t kRecordBytes = 16U << 10U;

bool IsBusy(int error) { return error == EAGAIN || error == ENOBUFS || error == ENOMEM; }

// Of the first `size` bytes, as many as the socket takes. -1: none, see errno.
ssize_t SendOn(int fd, const char* bytes, size_t size) {
  ssize_t sent = 0;
  do {
    sent = ::send(fd, bytes, size, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

}  // namespace

// OpenSSL writes through a BIO of ours, which takes everything: what the socket does not take at once waits in
// `sealed`. So a write that TLS has accepted is done, and need not be repeated with the same bytes.
struct Channel::Tls {
  tls::SessionHandle session;
  int fd;
  std::string sealed = {};
  bool broken = false;

  static const BIO_METHOD* Method();
  static Tls& Of(BIO* bio) { return *static_cast<Tls*>(BIO_get_data(bio)); }

  static int OnWrite(BIO* bio, const char* bytes, size_t size, size_t* written) {
    Tls& self = Of(bio);
    *written = size;
    size_t sent = 0;
    while (self.sealed.empty() && sent < size) {
      const ssize_t result = SendOn(self.fd, bytes + sent, size - sent);
      if (result < 0 && !IsBusy(errno)) {
        self.broken = true;
        return 0;
      }
      if (result < 0) break;
      sent += static_cast<size_t>(result);
    }
    self.sealed.append(bytes + sent, size - sent);
    return 1;
  }
  static int OnRead(BIO* bio, char* buffer, size_t size, size_t* got) {
    BIO_clear_retry_flags(bio);
    ssize_t result = 0;
    do {
      result = ::read(Of(bio).fd, buffer, size);
    } while (result < 0 && errno == EINTR);
    if (result < 0 && IsBusy(errno)) BIO_set_retry_read(bio);
    *got = result > 0 ? static_cast<size_t>(result) : 0;
    return result > 0 ? 1 : 0;
  }
  static long OnControl(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
};

const BIO_METHOD* Channel::Tls::Method() {
  // Never freed: a session may use it until the process ends.
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "chancery");
    CHANCERY_CHECK(made != nullptr);
    BIO_meth_set_write_ex(made, &Tls::OnWrite);
    BIO_meth_set_read_ex(made, &Tls::OnRead);
    BIO_meth_set_ctrl(made, &Tls::OnControl);
    return made;
  }();
  return method;
}

Channel::Channel(base::UniqueFd socket, tls::SessionHandle session) : socket_(std::move(socket)) {
  if (!session) return;
  tls_ = std::make_unique<Tls>(Tls{std::move(session), socket_.get()});
  BIO* bio = BIO_new(Tls::Method());
  CHANCERY_CHECK(bio != nullptr);
  BIO_set_data(bio, tls_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(tls_->session.get(), bio, bio);  // which owns it
}

Channel::~Channel() = default;

Channel::Outcome Channel::Judge(int result) {
  const int error = SSL_get_error(tls_->session.get(), result);
  if (!tls_->broken && (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)) return Outcome::kBlocked;
  failure_ = tls::LastError();
  return Outcome::kFailed;
}

Channel::Outcome Channel::Handshake() {
  if (established()) return Outcome::kDone;
  if (Flush() == Outcome::kFailed) return Outcome::kFailed;
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_->session.get());
  if (result != 1) return Judge(result);
  established_ = true;
  return Outcome::kDone;
}

std::optional<tls::PeerCertificate> Channel::PeerCertificate() const {
  return tls_ ? tls::PeerCertificateOf(*tls_->session) : std::nullopt;
}

Channel::Outcome Channel::Read(std::span<char> buffer, size_t& got) {
  got = 0;
  if (!tls_) {
    const ssize_t result = ::read(socket_.get(), buffer.data(), buffer.size());
    if (result < 0 && (errno == EAGAIN || errno == EINTR)) return Outcome::kBlocked;
    if (result <= 0) return Outcome::kFailed;
    got = static_cast<size_t>(result);
    return Outcome::kDone;
  }
  ERR_clear_error();
  const int result = SSL_read_ex(tls_->session.get(), buffer.data(), buffer.size(), &got);
  return result == 1 ? Outcome::kDone : Judge(result);
}

Channel::Outcome Channel::Write(std::span<const iovec> pieces, size_t& sent) {
  sent = 0;
  if (!tls_) return WritePlain(pieces, sent);
  if (const Outcome flushed = Flush(); flushed != Outcome::kDone) return flushed;
  std::array<char, kRecordBytes> record;
  size_t size = 0;
  for (const iovec& piece : pieces) {
    const size_t part = std::min(piece.iov_len, record.size() - size);
    if (part > 0) std::memcpy(record.data() + size, piece.iov_base, part);
    size += part;
  }
  ERR_clear_error();
  const int result = SSL_write_ex(tls_->session.get(), record.data(), size, &sent);
  return result == 1 ? Outcome::kDone : Judge(result);
}

Channel::Outcome Channel::WritePlain(std::span<const iovec> pieces, size_t& sent) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  ssize_t result = 0;
  do {
    result = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
  } while (result < 0 && errno == EINTR);
  if (result < 0) return IsBusy(errno) ? Outcome::kBlocked : Outcome::kFailed;
  sent = static_cast<size_t>(result);
  return Outcome::kDone;
}

Channel::Outcome Channel::Flush() {
  if (!tls_) return Outcome::kDone;
  if (tls_->broken) return Outcome::kFailed;
  size_t done = 0;
  while (done < tls_->sealed.size()) {
    const ssize_t result = SendOn(socket_.get(), tls_->sealed.data() + done, tls_->sealed.size() - done);
    if (result < 0) {
      tls_->sealed.erase(0, done);
      return IsBusy(errno) ? Outcome::kBlocked : Outcome::kFailed;
    }
    done += static_cast<size_t>(result);
  }
  std::string().swap(tls_->sealed);  // an idle connection keeps no buffer
  return Outcome::kDone;
}

size_t Channel::unsent() const { return tls_ ? tls_->sealed.size() : 0; }

void Channel::Close() {
  if (tls_ && established_ && !tls_->broken && socket_) {
    ERR_clear_error();
    SSL_shutdown(tls_->session.get());
    ERR_clear_error();
  }
  tls_.reset();
  socket_.Reset();
}

}  // namespace chancery::edge
