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
#include "frontend/access.h"
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

// What was sent, as far as it can be read, and every rule that it breaks. Error: a body that is no JSON.
base::Result<std::unique_ptr<Message>> ParseInput(const Route& route, std::string_view query, const Request& request,
                                                  bool strict, std::vector<Violation>& violations) {
  auto input = NewMessage(route.operation->method->input_type());
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
  return input;
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

Api::Api(Settings settings, store::Store& store, const base::Clock& clock, const Gate& gate, AuditLog audit)
    : settings_(std::move(settings)), store_(store), clock_(clock), gate_(gate), audit_(std::move(audit)) {}

Answer Api::Handle(const Request& request) const {
  AuditEvent event;
  event.time_ms = WallMs(clock_);
  event.request_id = base::NewUuid();
  event.source = request.peer;
  Answer answer = Run(request, event);
  event.status = answer.status;
  event.error = HeaderOf(answer.headers, "x-amzn-ErrorType");
  if (audit_) audit_(event);
  return answer;
}

Answer Api::Run(const Request& request, AuditEvent& event) const {
  const std::string& id = event.request_id;
  const std::string_view target = request.target;
  const size_t question = target.find('?');
  const std::string_view path = target.substr(0, question);
  const std::string_view query = question == std::string_view::npos ? "" : target.substr(question + 1);
  const std::optional<Route> route = path.starts_with('/') ? router_.Match(request.method, path) : std::nullopt;
  if (!route) return NoOperation(request, router_.MethodsOf(path), id);
  event.operation = route->operation->name;
  auto outcome = Perform(*route, query, request, event);
  if (!outcome) {
    Answer answer = ToAnswer(outcome.error(), id);
    if (outcome.error().code == Code::kTooManyRequests) answer.headers.emplace_back("Retry-After", "1");
    if (answer.status >= 500) spdlog::error("{} {}: {}", event.operation, id, base::ToString(outcome.error()));
    return answer;
  }
  event.txn = outcome->txn;
  Answer answer{200, {{"Content-Type", "application/json"}, {"x-amzn-RequestId", id}}, std::move(outcome->body)};
  if (outcome->txn) answer.headers.emplace_back("x-chancery-txn", std::to_string(*outcome->txn));
  return answer;
}

// Who are you, may you, is it right, keep it: in this order (architecture.md §5).
base::Result<Outcome> Api::Perform(const Route& route, std::string_view query, const Request& request,
                                   AuditEvent& event) const {
  const auto caller = gate_.Identify(request);
  if (!caller) {
    event.claimed_access_key_id = gate_.ClaimedKey(request);
    return caller.error();
  }
  event.actor = caller->actor;
  event.access_key_id = caller->principal.access_key_id;
  CHANCERY_RETURN_IF_ERROR(gate_.Admit(*caller));
  std::vector<Violation> violations;
  const auto input = ParseInput(route, query, request, settings_.strict, violations);
  if (!input) return input.error();
  const Context context{settings_, store_, refs_, *caller, event.time_ms, event.source, event.request_id};
  CHANCERY_RETURN_IF_ERROR(Authorize(context, *route.operation, **input, request, event));
  if (!violations.empty()) return Error{Code::kBadRequest, "invalid request", std::move(violations)};
  return route.operation->kind == nullptr ? RunTags(context, *route.operation, **input)
                                          : RunCrud(context, *route.operation, **input);
}

base::Status Api::Authorize(const Context& context, const Operation& operation, const Message& input,
                            const Request& request, AuditEvent& event) const {
  const auto accesses = AccessesOf(context, operation, input);
  if (!accesses) return accesses.error();
  for (const Access& access : *accesses) event.resources.push_back(access.resources.front());
  for (const Access& access : *accesses) {
    CHANCERY_RETURN_IF_ERROR(gate_.Authorize(context.caller, request, operation.name, access));
  }
  return base::Status::Ok();
}

}  // namespace chancery::frontend
