#include "cli/config_files.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <cctype>
#include <fstream>
#include <string_view>

#include "cli/setting.h"
#include "cli/yaml.h"

namespace chancery::cli {
namespace {

namespace json = boost::json;
using base::Code;
using base::Error;
using base::Status;

constexpr size_t kMaxFile = 1 << 20;
constexpr std::string_view kStaticResources = "static_resources";
constexpr std::string_view kStatsSinks = "stats_sinks";

Error Wrong(std::string message) { return {Code::kBadRequest, std::move(message), {}}; }

std::string ToSnakeCase(std::string_view name) {
  std::string snake;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') snake += '_';
    snake += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return snake;
}

// The object with its members' names in snake_case; those below keep theirs.
base::Result<json::object> WithSnakeCase(const json::object& object) {
  json::object result;
  for (const auto& [name, value] : object) {
    const std::string snake = ToSnakeCase(name);
    if (result.contains(snake)) return Wrong(fmt::format("has {} twice, in snake_case and in lowerCamelCase", snake));
    result[snake] = value;
  }
  return result;
}

Status Append(std::string_view name, const json::value& from, json::object& to) {
  if (!from.is_array()) return Wrong(fmt::format("{} must be a list", name));
  if (!to.contains(name)) to[name] = json::array();
  for (const json::value& item : from.get_array()) to[name].as_array().push_back(item);
  return Status::Ok();
}

Status MergeStaticResources(const json::value& from, json::object& bootstrap) {
  if (!from.is_object()) return Wrong("static_resources must be a mapping");
  if (!bootstrap.contains(kStaticResources)) bootstrap[kStaticResources] = json::object();
  for (const auto& [name, list] : from.get_object()) {
    CHANCERY_RETURN_IF_ERROR(Append(name, list, bootstrap[kStaticResources].as_object()));
  }
  return Status::Ok();
}

// One member of a file.
Status MergeMember(std::string_view name, const json::value& value, json::object& bootstrap,
                   std::vector<std::string>& warnings) {
  if (name == kStatsSinks) return Append(name, value, bootstrap);
  if (name == kStaticResources) return MergeStaticResources(value, bootstrap);
  if (bootstrap.contains(name)) {
    if (name == "tracing" || name == "stats_config") return Wrong(fmt::format("{} is given more than once", name));
    warnings.push_back(fmt::format("{} replaces the generated one", name));
  }
  bootstrap[name] = value;
  return Status::Ok();
}

Status MergeText(const ConfigFile& file, json::object& bootstrap, std::vector<std::string>& warnings) {
  auto tree = ParseYaml(file.text);
  if (!tree) return tree.error();
  if (tree->is_null()) return Wrong("is empty");
  if (!tree->is_object()) return Wrong("must be a mapping");
  auto members = WithSnakeCase(tree->get_object());
  if (!members) return members.error();
  for (const auto& [name, value] : *members) CHANCERY_RETURN_IF_ERROR(MergeMember(name, value, bootstrap, warnings));
  return Status::Ok();
}

Status MergeFile(const ConfigFile& file, json::object& bootstrap, std::vector<std::string>& warnings) {
  std::vector<std::string> found;
  auto status = MergeText(file, bootstrap, found);
  if (!status) return NamedError(file.variable, Wrong(fmt::format("{} {}", file.path, status.error().message)));
  for (const std::string& warning : found) warnings.push_back(fmt::format("{}: {}", file.variable, warning));
  return Status::Ok();
}

}  // namespace

base::Result<std::string> ReadConfigFile(const std::string& name, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFile + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() || file.bad()) {
    const bool large = file && !file.eof();
    return Wrong(fmt::format("{}: {} {}", name, path, large ? "is larger than 1 MiB" : "cannot be read"));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

base::Result<std::string> MergeFiles(const std::string& bootstrap, const ConfigFiles& files,
                                     std::vector<std::string>& warnings) {
  const std::array<const ConfigFile*, 4> all = {&files.tracing, &files.stats, &files.sinks, &files.resources};
  json::value merged;
  for (const ConfigFile* file : all) {
    if (file->path.empty()) continue;
    if (merged.is_null()) merged = json::parse(bootstrap);
    CHANCERY_RETURN_IF_ERROR(MergeFile(*file, merged.as_object(), warnings));
    if (file == &files.sinks && !merged.as_object().contains(kStatsSinks)) {
      return Wrong(fmt::format("{}: {} has no stats_sinks", file->variable, file->path));
    }
  }
  return merged.is_null() ? bootstrap : json::serialize(merged) + "\n";
}

}  // namespace chancery::cli
