#include "frontend/router.h"

#include <chancery/model/options.pb.h>
#include <chancery/model/service.pb.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "frontend/url.h"

namespace chancery::frontend {
namespace {

struct VerbName {
  std::string_view prefix;
  Verb verb;
};
constexpr std::array<VerbName, 5> kCrudVerbs = {{{"Create", Verb::kCreate},
                                                 {"Describe", Verb::kDescribe},
                                                 {"Update", Verb::kUpdate},
                                                 {"Delete", Verb::kDelete},
                                                 {"List", Verb::kList}}};
constexpr std::array<VerbName, 3> kTagVerbs = {
    {{"ListTagsForResource", Verb::kListTags}, {"TagResource", Verb::kTag}, {"UntagResource", Verb::kUntag}}};

// "VirtualNode", or after List "VirtualNodes", whose input calls it "virtualNodes".
const model::KindDescriptor* KindNamed(std::string_view text, Verb verb) {
  for (const model::KindDescriptor& kind : model::AllKinds()) {
    if (verb != Verb::kList && text == kind.name) return &kind;
    if (verb == Verb::kList && text.substr(1) == kind.plural.substr(1)) return &kind;
  }
  return nullptr;
}

void SetVerb(Operation& operation) {
  for (const auto& [name, verb] : kTagVerbs) {
    if (operation.name == name) {
      operation.verb = verb;
      return;
    }
  }
  for (const auto& [prefix, verb] : kCrudVerbs) {
    if (!operation.name.starts_with(prefix)) continue;
    operation.verb = verb;
    operation.kind = KindNamed(std::string_view(operation.name).substr(prefix.size()), verb);
  }
  // A new operation of the service needs a verb here.
  CHANCERY_CHECK(operation.kind != nullptr);
}

bool IsLabel(std::string_view part) { return part.starts_with('{'); }

bool Fits(const std::vector<std::string>& parts, const std::vector<std::string_view>& path) {
  return std::equal(parts.begin(), parts.end(), path.begin(), path.end(),
                    [](const std::string& part, std::string_view given) { return IsLabel(part) || part == given; });
}

// The name comes from the generated table so that the linker keeps the file, which has no messages.
const google::protobuf::ServiceDescriptor& Service() {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  const auto* file = pool->FindFileByName(descriptor_table_chancery_2fmodel_2fservice_2eproto.filename);
  CHANCERY_CHECK(file != nullptr && file->service_count() == 1);
  return *file->service(0);
}

}  // namespace

Router::Router() {
  const auto& service = Service();
  for (int i = 0; i < service.method_count(); ++i) {
    const auto* method = service.method(i);
    const model::HttpBinding& http = method->options().GetExtension(model::http);
    Operation operation{method->name(), Verb::kCreate, nullptr, method, http.method(), {}};
    for (std::string_view part : SplitPath(http.uri())) operation.parts.emplace_back(part);
    SetVerb(operation);
    operations_.push_back(std::move(operation));
  }
}

std::optional<Route> Router::Match(std::string_view method, std::string_view path) const {
  const std::vector<std::string_view> given = SplitPath(path);
  for (const Operation& operation : operations_) {
    if (operation.http_method != method || !Fits(operation.parts, given)) continue;
    Route route{&operation, {}};
    for (size_t i = 0; i < given.size(); ++i) {
      const std::string_view part = operation.parts[i];
      if (IsLabel(part)) route.labels.emplace_back(part.substr(1, part.size() - 2), given[i]);
    }
    return route;
  }
  return std::nullopt;
}

std::vector<std::string_view> Router::MethodsOf(std::string_view path) const {
  const std::vector<std::string_view> given = SplitPath(path);
  std::vector<std::string_view> methods;
  for (const Operation& operation : operations_) {
    if (Fits(operation.parts, given)) methods.push_back(operation.http_method);
  }
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  return methods;
}

}  // namespace chancery::frontend
