#include "frontend/field_rules.h"

#include <chancery/model/route.pb.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <string>
#include <string_view>

#include "frontend/reflect.h"
#include "frontend/rules.h"

namespace chancery::frontend {
namespace {

using base::Violation;
using google::protobuf::Message;
using model::Kind;
using model::KindDescriptor;

constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr size_t kMaxName = 255;
constexpr size_t kMaxToken = 64;

bool OnlyOf(std::string_view text, std::string_view extra) {
  for (char c : text) {
    if (kNameCharacters.find(c) == std::string_view::npos && extra.find(c) == std::string_view::npos) return false;
  }
  return true;
}

// An absent, empty or long name is told by its shape; only the service's has no length there.
void CheckName(Kind kind, std::string_view path, std::string_view name, std::vector<Violation>& violations) {
  const bool service = kind == Kind::kVirtualService;
  if (service && name.size() > kMaxName) violations.push_back({std::string(path), "must have 1 to 255 characters"});
  if (!service && !OnlyOf(name, "")) {
    violations.push_back({std::string(path), "may hold letters, digits, '-' and '_' only"});
  }
  if (service && !OnlyOf(name, ".")) {
    violations.push_back({std::string(path), "may hold letters, digits, '-', '_' and '.' only"});
  }
}

void CheckNames(const KindDescriptor* kind, const Message& input, std::vector<Violation>& violations) {
  for (const KindDescriptor& named : model::AllKinds()) {
    const auto* member = FindMember(input, named.name_member);
    if (member == nullptr || !input.GetReflection()->HasField(input, member)) continue;
    const std::string name = StringMember(input, named.name_member);
    if (name.empty() && named.kind == Kind::kVirtualService) {
      violations.push_back({std::string(named.name_member), "must have 1 to 255 characters"});
    }
    CheckName(named.kind, named.name_member, name, violations);
  }
  const Message* spec = MessageMember(input, "spec");
  if (kind == nullptr || spec == nullptr) return;
  for (const Reference& reference : ReferencesOf({}, kind->kind, *spec)) {
    CheckName(reference.target.kind, reference.path, reference.target.name, violations);
  }
}

void CheckClientToken(const KindDescriptor*, const Message& input, std::vector<Violation>& violations) {
  const auto* member = FindMember(input, "clientToken");
  if (member == nullptr || !input.GetReflection()->HasField(input, member)) return;
  const std::string token = StringMember(input, "clientToken");
  if (token.empty() || token.size() > kMaxToken || !OnlyOf(token, "")) {
    violations.push_back({"clientToken", "must be 1 to 64 letters, digits, '-' and '_'"});
  }
}

void CheckMeshOwner(const KindDescriptor*, const Message& input, std::vector<Violation>& violations) {
  const std::string owner = StringMember(input, "meshOwner");
  if (owner.find_first_not_of("0123456789") == std::string::npos) return;
  violations.push_back({"meshOwner", "must be an account of 12 digits"});
}

void CheckOneRouteKind(const KindDescriptor* kind, const Message& input, std::vector<Violation>& violations) {
  const Message* spec = MessageMember(input, "spec");
  if (kind == nullptr || spec == nullptr) return;
  if (kind->kind != Kind::kRoute && kind->kind != Kind::kGatewayRoute) return;
  std::vector<std::string_view> known;
  int set = 0;
  for (std::string_view member : {"httpRoute", "http2Route", "grpcRoute", "tcpRoute"}) {
    if (FindMember(*spec, member) == nullptr) continue;
    known.push_back(member);
    if (MessageMember(*spec, member) != nullptr) ++set;
  }
  if (set == 1) return;
  violations.push_back({"spec", fmt::format("must have exactly one of {}", fmt::join(known, ", "))});
}

void CheckWeights(const KindDescriptor* kind, const Message& input, std::vector<Violation>& violations) {
  const Message* spec = MessageMember(input, "spec");
  if (kind == nullptr || kind->kind != Kind::kRoute || spec == nullptr) return;
  const auto& route = static_cast<const model::RouteSpec&>(*spec);
  const auto check = [&violations](std::string_view member, const auto& targets) {
    int64_t sum = 0;
    for (const model::WeightedTarget& target : targets) sum += target.weight();
    if (sum <= 100) return;
    violations.push_back({fmt::format("spec.{}.action.weightedTargets", member),
                          fmt::format("must have weights that sum to at most 100, not {}", sum)});
  };
  check("httpRoute", route.http_route().action().weighted_targets());
  check("http2Route", route.http2_route().action().weighted_targets());
  check("grpcRoute", route.grpc_route().action().weighted_targets());
  check("tcpRoute", route.tcp_route().action().weighted_targets());
}

void CheckRegexesBelow(const Message& message, const std::string& path, std::vector<Violation>& violations) {
  const auto& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    const std::string here = path + "." + field->json_name();
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        CheckRegexesBelow(reflection.GetMessage(message, field), here, violations);
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        CheckRegexesBelow(reflection.GetRepeatedMessage(message, field, i), fmt::format("{}[{}]", here, i), violations);
      }
    } else if (field->name() == "regex") {
      const re2::RE2 regex(reflection.GetString(message, field), re2::RE2::Quiet);
      if (!regex.ok()) violations.push_back({here, "must be a regular expression of RE2: " + regex.error()});
    }
  }
}

void CheckRegexes(const KindDescriptor*, const Message& input, std::vector<Violation>& violations) {
  if (const Message* spec = MessageMember(input, "spec")) CheckRegexesBelow(*spec, "spec", violations);
}

struct FieldRule {
  std::string_view name;
  void (*check)(const KindDescriptor* kind, const Message& input, std::vector<Violation>& violations);
};

constexpr FieldRule kFieldRules[] = {
    {"name-characters", CheckNames},       {"client-token", CheckClientToken}, {"mesh-owner", CheckMeshOwner},
    {"one-route-kind", CheckOneRouteKind}, {"weights-sum", CheckWeights},      {"regex", CheckRegexes},
};

}  // namespace

void CheckFieldRules(const KindDescriptor* kind, const Message& input, std::vector<Violation>& violations) {
  for (const FieldRule& rule : kFieldRules) rule.check(kind, input, violations);
}

}  // namespace chancery::frontend
