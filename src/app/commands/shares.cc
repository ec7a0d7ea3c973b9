#include "app/commands/commands.h"
#include "frontend/sharing.h"
#include "model/resource.h"

namespace chancery::app::commands {
namespace {

namespace json = boost::json;
using base::Result;

constexpr CommandArgument kOwner{"account", "Account that owns the mesh"};
constexpr CommandArgument kMesh{"mesh", "Name of the mesh"};

model::MeshId MeshOf(const json::object& arguments) { return {Text(arguments, "account"), Text(arguments, "mesh")}; }

Result<json::value> CreateShare(const CommandContext& context, const json::object& arguments) {
  return TxnJson(frontend::ShareMesh(context.store, NowMs(context), std::string(kActor), MeshOf(arguments),
                                     Text(arguments, "with")));
}

Result<json::value> DeleteShare(const CommandContext& context, const json::object& arguments) {
  return TxnJson(frontend::UnshareMesh(context.store, NowMs(context), std::string(kActor), MeshOf(arguments),
                                       Text(arguments, "with")));
}

Result<json::value> ListShares(const CommandContext& context, const json::object& arguments) {
  const auto accounts = frontend::ListShares(context.store, MeshOf(arguments));
  if (!accounts) return accounts.error();
  return json::value(json::object{{"SharedWith", json::array(accounts->begin(), accounts->end())}});
}

}  // namespace

std::vector<Command> Shares() {
  return {
      {"share",
       "create",
       "Let another account use a mesh",
       {kOwner, kMesh, {"with", "The other account"}},
       CreateShare},
      {"share",
       "delete",
       "End a share; what the other account made stays, for the owner alone",
       {kOwner, kMesh, {"with", "The other account"}},
       DeleteShare},
      {"share", "list", "List the accounts that a mesh is shared with", {kOwner, kMesh}, ListShares},
  };
}

}  // namespace chancery::app::commands
