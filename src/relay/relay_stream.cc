#include "relay/relay_stream.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "model/resource.h"
#include "model/utf8.h"
#include "xds/node.h"
#include "xds/wire.h"

namespace chancery::relay {
namespace {

constexpr xds::RequestLimits kLimits{50'000, 4096};
constexpr size_t kMostLogged = 1024;
// Whose a bare path is, is the control plane's to say.
constexpr char kAnyAccount[] = "000000000000";

}  // namespace

RelayStream::RelayStream(const edge::Call& call, const iam::Claims& claims, const Upstream& upstream,
                         Resolver& resolver, const base::Clock& clock)
    : peer_(call.peer),
      path_(call.path),
      transport_(call.transport),
      // The edge's executors are its loops.
      loop_(static_cast<edge::Loop&>(call.executor)),
      claims_(claims),
      upstream_(upstream),
      resolver_(resolver),
      clock_(clock) {}

RelayStream::~RelayStream() { DropCall(); }

void RelayStream::OnMessage(std::string_view message) {
  if (finished_) return;
  if (!call_) {
    if (!Admit(message)) return;
    Connect();
    if (finished_) return;
  }
  if (!call_->Send(message)) {
    Finish(xds::StatusCode::kResourceExhausted, "the control plane does not take what the proxy sends");
  }
}

bool RelayStream::Admit(std::string_view message) {
  xds::Request request;
  if (auto refusal = xds::DecodeRequest(message, kLimits, request); refusal.code != xds::StatusCode::kOk) {
    Finish(refusal.code, std::move(refusal.message));
    return false;
  }
  const auto node = xds::ParseNode(request.node);
  const auto id = node ? model::ParseNodeId(node->id, kAnyAccount) : node.error();
  if (!id) {
    Finish(xds::StatusCode::kInvalidArgument, id.error().message);
    return false;
  }
  if (claims_.Allow(id->key, id->account)) {
    spdlog::info("relay: {} from {} passes", model::Quoted(node->id, kMostLogged), peer_);
    return true;
  }
  Finish(xds::StatusCode::kPermissionDenied,
         fmt::format("this relay does not allow {}", model::Quoted(node->id, kMostLogged)));
  return false;
}

void RelayStream::Connect() {
  auto headers = HeadersFor(upstream_.credentials, path_, upstream_.authority, clock_.WallNow());
  if (!headers) return Finish(xds::StatusCode::kUnavailable, headers.error().message);
  edge::ClientCallOptions options;
  options.path = path_;
  options.authority = upstream_.authority;
  options.headers = *std::move(headers);
  options.tls = upstream_.tls;
  options.server_name = upstream_.host;
  call_ = std::make_unique<edge::ClientCall>(loop_, std::move(options), *this);
  resolver_.Resolve(loop_, [self = std::weak_ptr(self_)](const base::Result<Resolver::Addresses>& addresses) {
    const auto stream = self.lock();
    if (!stream || *stream == nullptr || !(*stream)->call_) return;
    if (addresses) return (*stream)->call_->Start(*addresses);
    (*stream)->Finish(xds::StatusCode::kUnavailable, addresses.error().message);
  });
}

void RelayStream::OnReadable() { PassOn(); }

void RelayStream::OnWriteDone() {
  writing_ = false;
  PassOn();
}

void RelayStream::PassOn() {
  if (finished_ || writing_ || !call_) return;
  if (auto message = call_->Take()) {
    writing_ = true;
    return transport_.Write({nullptr, *std::move(message)});
  }
  if (ended_) Finish(static_cast<xds::StatusCode>(ended_->first), std::move(ended_->second));
}

void RelayStream::OnEnd(int status, std::string message) {
  ended_ = {status, std::move(message)};
  PassOn();
}

void RelayStream::OnHalfClosed() { Finish(xds::StatusCode::kOk, ""); }

void RelayStream::OnClosed() {
  finished_ = true;
  DropCall();
}

void RelayStream::Finish(xds::StatusCode code, std::string message) {
  if (std::exchange(finished_, true)) return;
  if (code != xds::StatusCode::kOk) {
    spdlog::warn("relay: the stream of {} ends with {}: {}", peer_, static_cast<int>(code),
                 model::Quoted(message, kMostLogged));
  }
  transport_.Close(code, std::move(message));
}

void RelayStream::DropCall() {
  *self_ = nullptr;
  if (!call_) return;
  call_->Close();
  loop_.Bury(std::move(call_));
}

}  // namespace chancery::relay
