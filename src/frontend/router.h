#pragma once

#include <google/protobuf/descriptor.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/kind.h"

namespace chancery::frontend {

enum class Verb { kCreate, kDescribe, kUpdate, kDelete, kList, kListTags, kTag, kUntag };

// One of the 38 operations, as the service descriptor declares it. Immutable.
struct Operation {
  std::string name;
  Verb verb;
  // Null for the three tag operations.
  const model::KindDescriptor* kind;
  const google::protobuf::MethodDescriptor* method;
  std::string http_method;
  // Parts of the path template; a label is written {name}.
  std::vector<std::string> parts;
};

struct Route {
  const Operation* operation;
  // The labels' names and their raw values.
  std::vector<std::pair<std::string_view, std::string_view>> labels;
};

// Finds the operation of a request by the HttpBinding options of api/chancery/model/service.proto;
// nothing is routed by hand. Immutable, thread-safe.
class Router {
 public:
  Router();

  // `path` is raw, without the query; what the route points to lives as long as it and the router.
  std::optional<Route> Match(std::string_view method, std::string_view path) const;
  // The methods that a path has, sorted; empty for a path that no operation has.
  std::vector<std::string_view> MethodsOf(std::string_view path) const;

  const std::vector<Operation>& operations() const { return operations_; }

 private:
  std::vector<Operation> operations_;
};

}  // namespace chancery::frontend
