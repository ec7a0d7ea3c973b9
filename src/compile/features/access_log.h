#pragma once

#include <chancery/model/common.pb.h>

#include <optional>

#include "compile/ir.h"

// spec.logging (contract/envoy.md §2.3): both listeners write it.
namespace chancery::compile {

// `Logging` is that of a node or of a gateway.
template <typename Logging>
std::optional<ir::AccessLog> ToAccessLog(const Logging& logging) {
  const auto& file = logging.access_log().file();
  if (file.path().empty()) return std::nullopt;
  ir::AccessLog log{file.path(), std::monostate{}};
  if (file.format().has_text()) {
    log.format = file.format().text();
  } else if (file.format().json_size() > 0) {
    std::map<std::string, std::string> json;
    for (const auto& entry : file.format().json()) json.insert_or_assign(entry.key(), entry.value());
    log.format = std::move(json);
  }
  return log;
}

}  // namespace chancery::compile
