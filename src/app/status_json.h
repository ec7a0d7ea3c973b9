#pragma once

#include <string>
#include <vector>

#include "ems/status.h"

namespace chancery::app {

// {"proxies": [...]}: what GET /proxies answers; sorted by stream.
std::string ProxiesJson(const std::vector<ems::ProxyStatus>& proxies);

// What GET /meshes/{mesh}/txn/{n} answers.
std::string TxnJson(const std::string& mesh, store::Txn txn, const ems::TxnStatus& status);

}  // namespace chancery::app
