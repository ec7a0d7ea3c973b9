#pragma once

#include <chancery/store/resource_header.pb.h>

#include <string>
#include <string_view>

#include "frontend/settings.h"
#include "frontend/unit_of_work.h"

namespace chancery::frontend {

// Stored resources as the API shows them (contract/api.md §4.1). Pure.

enum class Shown {
  // The spec as it was sent: answers of Create and Update.
  kAsSent,
  // As reads give it: health check ports filled in, a virtual node's backends present and without
  // duplicates.
  kAsRead,
  // As read, with the status DELETED.
  kDeleted,
};

// A resource as lists show it: without its spec.
struct Listed {
  model::ResourceKey key;
  store::ResourceHeader header;
};

// Who looks, and where: an ARN says mesh/<name>@<owner> to all but the mesh's owner (contract/api.md
// §3.1).
struct Viewer {
  const Settings& settings;
  std::string_view account;
};

// The flat ...Data object.
std::string DataJson(const Viewer& viewer, model::Resource resource, Shown shown);

// Appends the ...Ref object. Not by way of the model's messages: an answer has up to 100 of them.
void AppendRefJson(const Viewer& viewer, const Listed& listed, std::string& json);

}  // namespace chancery::frontend
