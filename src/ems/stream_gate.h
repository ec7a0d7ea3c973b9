#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "compile/compile.h"
#include "ems/identity.h"
#include "iam/directory.h"
#include "iam/principal.h"
#include "store/store.h"

namespace chancery::ems {

// What a stream began with. Borrows all it names.
struct StreamHead {
  std::string_view path;
  // "127.0.0.1:4711".
  std::string_view peer;
  // In the order received; `host` is the :authority.
  std::span<const std::pair<std::string, std::string>> headers;
};

// Finds out who a stream comes from and which proxies it may be. Thread-safe; called on the streams' executors.
class StreamGate {
 public:
  virtual ~StreamGate() = default;
  // Errors: those of base::Code about who asks.
  virtual base::Result<iam::Principal> Identify(const StreamHead& head) const = 0;
  // Whether that one may be given the configuration of `key`; asked when a proxy says who it is, when its resource
  // comes into being, and again whenever keys, policies or shares change. kAccessDenied.
  virtual base::Status Authorize(const iam::Principal& who, const compile::ProxyKey& key,
                                 std::string_view peer) const = 0;
};

// Gives every proxy of one account to everybody.
class OpenStreamGate : public StreamGate {
 public:
  explicit OpenStreamGate(std::string account) : nobody_{std::move(account), "", "anonymous", ""} {}
  base::Result<iam::Principal> Identify(const StreamHead&) const override { return nobody_; }
  base::Status Authorize(const iam::Principal&, const compile::ProxyKey&, std::string_view) const override {
    return base::Status::Ok();
  }

 private:
  const iam::Principal nobody_;
};

// Streams signed by SigV4 as Envoy's aws_request_signing does it, or the App Mesh images up to Envoy 1.34
// (contract/envoy.md §7.4), allowed by appmesh:StreamAggregatedResources on the proxy's resource. A proxy's resource
// must be of the credential's account: a policy alone gives nobody another account's configuration.
class IamStreamGate : public StreamGate {
 public:
  // Borrows the directory, the store and the clock.
  IamStreamGate(Installation installation, const iam::Directory& directory, const store::Store& store,
                const base::Clock& clock);

  base::Result<iam::Principal> Identify(const StreamHead& head) const override;
  base::Status Authorize(const iam::Principal& who, const compile::ProxyKey& key, std::string_view peer) const override;

 private:
  // `resource_owner` is empty while the resource does not exist.
  base::Status CheckOwner(const iam::Principal& who, const model::ResourceKey& key,
                          const std::string& resource_owner) const;

  const Installation installation_;
  const iam::Directory& directory_;
  const store::Store& store_;
  const base::Clock& clock_;
};

}  // namespace chancery::ems
