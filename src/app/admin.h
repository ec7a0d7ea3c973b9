#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "ems/status.h"
#include "frontend/message.h"

namespace chancery::app {

// What the admin port tells. Called on several threads at once.
struct AdminSources {
  const ems::StatusBoard& status;
  std::function<bool()> ready;
  std::function<std::string()> metrics;
  // The owner of a mesh that is asked for without ?owner=.
  std::string account;
  // The newest transaction of the store.
  std::function<store::Txn()> newest;
  // Whether the store has a mesh, which may not be compiled yet.
  std::function<bool(const model::MeshId&)> has_mesh;
};

// The read-only admin port: GET (and HEAD) of /healthz, /readyz, /metrics, /proxies and
// /meshes/{mesh}/txn/{n}[?owner=ACCOUNT]; a list of them at /. Anything else is 404, another method 405.
frontend::Answer HandleAdmin(const AdminSources& sources, const frontend::Request& request);

}  // namespace chancery::app
