#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "edge/client_call.h"
#include "edge/loop.h"
#include "edge/server.h"
#include "iam/claims.h"
#include "relay/credentials.h"
#include "relay/resolver.h"
#include "xds/transport.h"

namespace chancery::relay {

// Where a relay's streams lead. Confined to their loop.
struct Upstream {
  std::string host;
  // HOST:PORT as it was given, and as :authority names it.
  std::string authority;
  tls::ContextPtr tls;
  Credentials credentials;
};

// One stream of a proxy and its counterpart at the control plane: the first message says who the proxy is; if it is
// allowed, all of it goes on, both ways, message by message. When one side ends, the other is ended with its status.
// Confined to its loop.
class RelayStream final : public xds::StreamHandler, public edge::ClientCallObserver {
 public:
  // All references outlive the stream. `claims`: those of the socket that it came by.
  RelayStream(const edge::Call& call, const iam::Claims& claims, const Upstream& upstream, Resolver& resolver,
              const base::Clock& clock);
  ~RelayStream() override;

  void OnMessage(std::string_view message) override;
  void OnWriteDone() override;
  void OnTimer() override {}
  void OnHalfClosed() override;
  void OnClosed() override;

 private:
  void OnReadable() override;
  void OnEnd(int status, std::string message) override;

  // Whether the first message's node may pass; ends the stream if not.
  bool Admit(std::string_view message);
  void Connect();
  void PassOn();
  void Finish(xds::StatusCode code, std::string message);
  void DropCall();

  const std::string peer_;
  const std::string path_;
  xds::Transport& transport_;
  edge::Loop& loop_;
  const iam::Claims& claims_;
  const Upstream& upstream_;
  Resolver& resolver_;
  const base::Clock& clock_;
  // Outlived by what waits for the resolver.
  const std::shared_ptr<RelayStream*> self_ = std::make_shared<RelayStream*>(this);
  std::unique_ptr<edge::ClientCall> call_;
  bool writing_ = false;
  bool finished_ = false;
  // The control plane's last word, said behind its last message.
  std::optional<std::pair<int, std::string>> ended_;
};

}  // namespace chancery::relay
