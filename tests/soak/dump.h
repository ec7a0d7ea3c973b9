#pragma once

#include <boost/json.hpp>
#include <string>

#include "frontend/api.h"

namespace chancery::soak {

// Calls the API as an account that says who it is in the header x-account, as `AccountGate` believes.
frontend::Answer CallAs(const frontend::Api& api, const std::string& account, frontend::Request request);
frontend::OpenGate AccountGate();

// Everything that an account is shown: its meshes and those shared with it, each with all that lists,
// describes and ListTagsForResource tell. An answer that is no 200 is noted as {"failed": body}, tags
// of a resource of another account apart.
boost::json::object DumpAccount(const frontend::Api& api, const std::string& account);

}  // namespace chancery::soak
