#include "ems/socket_gate.h"

#include <fmt/format.h>

#include <utility>

#include "ems/ownership.h"

namespace chancery::ems {

SocketGate::SocketGate(std::string address, std::string account, iam::Claims claims, const store::Store& store)
    : address_(std::move(address)), account_(std::move(account)), claims_(std::move(claims)), store_(store) {}

base::Result<Caller> SocketGate::Identify(const StreamHead&) const {
  return Caller{.principal = {account_, "", address_, ""}};
}

base::Status SocketGate::Authorize(const Caller&, const compile::ProxyKey& key, std::string_view) const {
  const model::ResourceKey resource{key.mesh, key.kind, "", key.name};
  if (!claims_.Allow(resource, account_)) {
    return base::Error{base::Code::kAccessDenied,
                       fmt::format("{} does not allow mesh/{}/{}/{}", address_, key.mesh.name,
                                   model::DescriptorOf(key.kind).segment, key.name),
                       {}};
  }
  const auto record = RecordOf(store_, resource);
  if (!record) return record.error();
  return CheckOwner(store_, account_, resource, record->resource_owner());
}

}  // namespace chancery::ems
