#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/server.h"
#include "iam/claims.h"

namespace chancery::app {

// One value of --xds.
struct XdsListener {
  edge::ListenerOptions socket = {};
  // Of a Unix socket: what may be claimed there.
  iam::Claims claims = {};
  bool is_unix() const { return socket.address.starts_with("unix:"); }
};

// Reads the values of --xds, several in one text when white space is between them:
//   IP:PORT
//   unix:/PATH[,mode=0660][,owner=USER[:GROUP]][,allow=mesh/MESH/virtualNode/NAME]...
// Users and groups are names or numbers; a path has no comma. Errors: kBadRequest naming `flag` and the part.
base::Result<std::vector<XdsListener>> ParseXdsListeners(const std::vector<std::string>& values,
                                                         std::string_view flag = "--xds");

}  // namespace chancery::app
