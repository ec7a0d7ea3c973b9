// Goldens: testdata/<case>/input.json is a mesh in the API's JSON, expect.json what each of its
// proxies is given under the stock profile. What differs under another is in expect.<profile>.json: the proxies
// concerned, as a whole; there is no such file where nothing does. `make golden` (CHANCERY_GOLDEN_REWRITE=1) writes
// them anew.

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "compile/compile.h"
#include "compile/testing/golden_input.h"
#include "compile/testing/invariants.h"
#include "compile/testing/world.h"

namespace chancery::compile {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr char kRewrite[] = "make golden";

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> Cases() {
  std::vector<std::string> cases;
  std::error_code absent;  // run from elsewhere: then there are none, which fails below
  for (const auto& entry : fs::directory_iterator("testdata", absent)) cases.push_back(entry.path().filename());
  std::sort(cases.begin(), cases.end());
  return cases;
}

std::string ReadableFragment(const Fragment& fragment) {
  static const std::unique_ptr<google::protobuf::util::TypeResolver> resolver(
      google::protobuf::util::NewTypeResolverForDescriptorPool("type.googleapis.com",
                                                               google::protobuf::DescriptorPool::generated_pool()));
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto status = google::protobuf::util::BinaryToJsonString(resolver.get(), std::string(TypeUrl(fragment.type)),
                                                                 fragment.bytes, &text, options);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return text;
}

std::string Indented(const std::string& text, const std::string& indent) {
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) result += (result.empty() ? "" : "\n") + indent + line;
  return result;
}

std::string JsonList(const std::vector<std::string>& items) {
  std::string text = "[";
  for (size_t i = 0; i < items.size(); ++i) text += (i == 0 ? "\n" : ",\n") + Indented(items[i], "      ");
  return text + (items.empty() ? "]" : "\n    ]");
}

std::string Readable(const ProxyConfig& config) {
  const auto list = [&](FragmentType type) {
    std::vector<std::string> items;
    for (const FragmentPtr& fragment : config.fragments) {
      if (fragment->type == type) items.push_back(ReadableFragment(*fragment));
    }
    return JsonList(items);
  };
  std::vector<std::string> warnings;
  for (const Warning& warning : config.warnings) {
    const std::string parent = warning.parent.empty() ? "" : warning.parent + "/";
    const std::string kind(model::DescriptorOf(warning.kind).segment);
    warnings.push_back(json::serialize(json::value(kind + " " + parent + warning.name + ": " + warning.text)));
  }
  return "{\n    \"clusters\": " + list(FragmentType::kCluster) +
         ",\n    \"listeners\": " + list(FragmentType::kListener) + ",\n    \"routes\": " + list(FragmentType::kRoute) +
         ",\n    \"warnings\": " + JsonList(warnings) + "\n  }";
}

// Every proxy of the mesh as text, by kind and name in the order of these.
using Proxies = std::vector<std::pair<std::string, std::string>>;

// From resources put in this order.
Proxies CompileAll(const std::vector<model::ResourcePtr>& resources, Profile profile) {
  model::Snapshot snapshot(testing::kMesh);
  for (const auto& resource : resources) snapshot.Put(resource);
  Proxies proxies;
  for (const model::Kind kind : {model::Kind::kVirtualNode, model::Kind::kVirtualGateway}) {
    for (const model::Resource* resource : snapshot.All(kind)) {
      const ProxyConfig config = Compile(snapshot, {testing::kMesh, kind, resource->key.name, profile});
      EXPECT_THAT(testing::BrokenInvariants(config), ::testing::IsEmpty());
      proxies.emplace_back(std::string(model::DescriptorOf(kind).segment) + "/" + resource->key.name, Readable(config));
    }
  }
  return proxies;
}

// Empty for none.
std::string ToText(const Proxies& proxies) {
  if (proxies.empty()) return "";
  std::string text = "{";
  for (const auto& [name, config] : proxies) {
    text += (text.size() == 1 ? "\n  " : ",\n  ") + json::serialize(json::value(name)) + ": " + config;
  }
  return text + "\n}\n";
}

// Content by name of each file of a golden.
std::map<std::string, std::string> Files(const std::vector<model::ResourcePtr>& resources) {
  std::map<std::string, std::string> files;
  const Proxies stock = CompileAll(resources, Profile::kStock);
  for (const Profile profile : kAllProfiles) {
    Proxies proxies = CompileAll(resources, profile);
    const bool common = profile == Profile::kStock;
    // Of another profile, what is not among the stock one's.
    if (!common) std::erase_if(proxies, [&](const auto& p) { return std::ranges::find(stock, p) != stock.end(); });
    files[common ? "expect.json" : "expect." + std::string(Label(profile)) + ".json"] = ToText(proxies);
  }
  return files;
}

class GoldenTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, IsAsWritten) {
  const fs::path folder = fs::path("testdata") / GetParam();
  std::vector<model::ResourcePtr> resources = testing::ReadGoldenInput(folder / "input.json");
  const auto compiled = Files(resources);
  std::shuffle(resources.begin(), resources.end(), std::mt19937(7));
  EXPECT_EQ(Files(resources), compiled) << "the order of the input shows";

  if (std::getenv("CHANCERY_GOLDEN_REWRITE") != nullptr) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename() != "input.json") fs::remove_all(entry.path());
    }
    for (const auto& [name, text] : compiled) {
      if (!text.empty()) std::ofstream(folder / name) << text;
    }
  }
  for (const auto& [name, text] : compiled) {
    EXPECT_EQ(ReadFile(folder / name), text) << name << "; if this is intended: " << kRewrite;
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTest, ::testing::ValuesIn(Cases()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace chancery::compile
