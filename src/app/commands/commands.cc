#include "app/commands/commands.h"

#include <chrono>
#include <utility>

namespace chancery::app::commands {

namespace json = boost::json;

base::Error Bad(std::string_view argument, std::string text) {
  return {base::Code::kBadRequest, "invalid arguments", {{"--" + std::string(argument), std::move(text)}}};
}

std::string Text(const json::object& arguments, std::string_view name) {
  const json::value* value = arguments.if_contains(name);
  return value == nullptr ? std::string() : std::string(value->as_string());
}

base::Result<json::value> Done(const base::Status& status) {
  if (!status) return status.error();
  return json::value(json::object{});
}

base::Result<json::value> TxnJson(const base::Result<store::Txn>& txn) {
  if (!txn) return txn.error();
  return json::value(json::object{{"Txn", *txn}});
}

int64_t NowMs(const CommandContext& context) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(context.clock.WallNow().time_since_epoch()).count();
}

}  // namespace chancery::app::commands
