#include "cli/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <exception>
#include <limits>
#include <optional>

namespace chancery::cli {
namespace {

namespace json = boost::json;
using base::Error;

constexpr size_t kMaxNodes = 100'000;
constexpr int kMaxDepth = 100;

json::value ToScalar(const YAML::Node& node) {
  if (node.Tag() == "!") return json::string(node.Scalar());
  bool truth = false;
  if (YAML::convert<bool>::decode(node, truth)) return truth;
  int64_t number = 0;
  if (!YAML::convert<int64_t>::decode(node, number)) return json::string(node.Scalar());
  if (number < std::numeric_limits<int32_t>::min() || number > std::numeric_limits<int32_t>::max()) {
    return json::string(std::to_string(number));
  }
  return number;
}

// Confined to one call of ParseYaml.
class Converter {
 public:
  // Nothing when there is too much of it.
  std::optional<json::value> Convert(const YAML::Node& node, int depth) {
    if (++nodes_ > kMaxNodes || depth > kMaxDepth) return std::nullopt;
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return ToScalar(node);
      case YAML::NodeType::Sequence:
        return ConvertList(node, depth);
      case YAML::NodeType::Map:
        return ConvertMap(node, depth);
      default:
        return json::value(nullptr);
    }
  }

 private:
  std::optional<json::value> ConvertList(const YAML::Node& node, int depth) {
    json::array list;
    for (const YAML::Node& item : node) {
      auto value = Convert(item, depth + 1);
      if (!value) return std::nullopt;
      list.push_back(*std::move(value));
    }
    return list;
  }

  std::optional<json::value> ConvertMap(const YAML::Node& node, int depth) {
    json::object object;
    for (const auto& member : node) {
      auto value = Convert(member.second, depth + 1);
      if (!value) return std::nullopt;
      object[member.first.as<std::string>()] = *std::move(value);
    }
    return object;
  }

  size_t nodes_ = 0;
};

}  // namespace

base::Result<json::value> ParseYaml(const std::string& text) {
  try {
    auto value = Converter().Convert(YAML::Load(text), 0);
    if (value) return *std::move(value);
    return Error{base::Code::kBadRequest, fmt::format("has more than {} nodes or {} levels", kMaxNodes, kMaxDepth), {}};
  } catch (const std::exception& error) {
    return Error{base::Code::kBadRequest, fmt::format("is no YAML: {}", error.what()), {}};
  }
}

}  // namespace chancery::cli
