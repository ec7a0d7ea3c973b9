#include "frontend/api.h"

#include <chancery/model/options.pb.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include "base/log.h"
#include "base/random.h"
#include "frontend/aws_errors.h"
#include "frontend/crud.h"
#include "frontend/field_rules.h"
#include "frontend/reflect.h"
#include "frontend/tags.h"
#include "frontend/url.h"
#include "model/codec.h"

namespace chancery::frontend {
namespace {

using base::Code;
using base::Error;
using base::Violation;
using google::protobuf::Message;

// Sets a member that travels at `location`; others, and unknown ones, are ignored, as unknown members
// of a body are. A query parameter is no way around a label of the path.
void SetFromUrl(model::Location location, std::string_view name, std::string_view raw, Message& input,
                std::vector<Violation>& violations) {
  const auto* member = FindMember(input, name);
  if (member == nullptr || member->options().GetExtension(model::rules).location() != location) return;
  const std::optional<std::string> value = PercentDecode(raw);
  if (value) {
    model::SetFromText(input, name, *value, violations);
  } else {
    violations.push_back({std::string(name), "is not percent-encoded UTF-8"});
  }
}

// What could not be read is absent from the message: rules that miss it are not told as well.
void DropFollowing(size_t unread, std::vector<Violation>& violations) {
  const auto first = violations.begin();
  const auto rest = first + static_cast<std::ptrdiff_t>(unread);
  const auto follows = [first, rest](const Violation& violation) {
    return std::any_of(first, rest, [&violation](const Violation& cause) { return cause.path == violation.path; });
  };
  violations.erase(std::remove_if(rest, violations.end(), follows), violations.end());
}

base::Result<std::unique_ptr<Message>> ParseInput(const Route& route, std::string_view query, const Request& request,
                                                  bool strict) {
  auto input = NewMessage(route.operation->method->input_type());
  std::vector<Violation> violations;
  if (request.method == "PUT") {
    CHANCERY_RETURN_IF_ERROR(model::ParseJson(request.body, *input, violations));
  }
  for (const auto& [name, raw] : route.labels) {
    SetFromUrl(model::LOCATION_URI, name, raw, *input, violations);
  }
  for (const auto& [name, raw] : SplitQuery(query)) {
    SetFromUrl(model::LOCATION_QUERY, name, raw, *input, violations);
  }
  const size_t unread = violations.size();
  model::CheckConstraints(*input, violations);
  CheckFieldRules(route.operation->kind, *input, strict, violations);
  DropFollowing(unread, violations);
  if (violations.empty()) return input;
  return Error{Code::kBadRequest, "invalid request", std::move(violations)};
}

Answer NoOperation(const Request& request, const std::vector<std::string_view>& methods, const std::string& id) {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  if (methods.empty()) {
    return ToAnswer(AwsError{404, "UnknownOperationException"}, fmt::format("no operation has the path {}", path), id);
  }
  const std::string allowed = fmt::format("{}", fmt::join(methods, ", "));
  Answer answer = ToAnswer(AwsError{405, "UnknownOperationException"},
                           fmt::format("{} is not allowed for {}; allowed: {}", request.method, path, allowed), id);
  answer.headers.emplace_back("Allow", allowed);
  return answer;
}

int64_t WallMs(const base::Clock& clock) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.WallNow().time_since_epoch()).count();
}

}  // namespace

Api::Api(Settings settings, store::Store& store, const base::Clock& clock, Identify identify)
    : settings_(std::move(settings)), store_(store), clock_(clock), identify_(std::move(identify)) {}

Api::Api(Settings settings, store::Store& store, const base::Clock& clock)
    : Api(settings, store, clock, [caller = Caller{settings.account, "anonymous"}](const Request&) { return caller; }) {
}

Answer Api::Handle(const Request& request) const {
  const std::string id = base::NewUuid();
  const std::string_view target = request.target;
  const size_t question = target.find('?');
  const std::string_view path = target.substr(0, question);
  const std::string_view query = question == std::string_view::npos ? "" : target.substr(question + 1);
  const std::optional<Route> route = path.starts_with('/') ? router_.Match(request.method, path) : std::nullopt;
  if (!route) return NoOperation(request, router_.MethodsOf(path), id);
  return Run(*route, query, request, id);
}

Answer Api::Run(const Route& route, std::string_view query, const Request& request, const std::string& id) const {
  const auto caller = identify_(request);
  if (!caller) return ToAnswer(caller.error(), id);
  const auto input = ParseInput(route, query, request, settings_.strict);
  if (!input) return ToAnswer(input.error(), id);
  const Context context{settings_, store_, *caller, WallMs(clock_)};
  const auto outcome = route.operation->kind == nullptr ? RunTags(context, *route.operation, **input)
                                                        : RunCrud(context, *route.operation, **input);
  if (!outcome) {
    Answer answer = ToAnswer(outcome.error(), id);
    if (answer.status >= 500) spdlog::error("{} {}: {}", route.operation->name, id, base::ToString(outcome.error()));
    return answer;
  }
  Answer answer{200, {{"Content-Type", "application/json"}, {"x-amzn-RequestId", id}}, outcome->body};
  if (outcome->txn) answer.headers.emplace_back("x-chancery-txn", std::to_string(*outcome->txn));
  return answer;
}

}  // namespace chancery::frontend
