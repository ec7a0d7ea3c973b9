#include "compile/testing/golden_input.h"

#include <boost/json.hpp>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "compile/testing/world.h"

namespace chancery::compile::testing {

std::vector<model::ResourcePtr> ReadGoldenInput(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::vector<model::ResourcePtr> resources;
  const boost::json::value input = boost::json::parse(text.str());
  for (const boost::json::value& item : input.as_array()) {
    const boost::json::object& object = item.as_object();
    const auto kind = model::KindOfSegment(std::string(object.at("kind").as_string()));
    if (!kind) throw std::runtime_error("no such kind in " + path.string());
    const std::string parent = object.contains("parent") ? std::string(object.at("parent").as_string()) : "";
    resources.push_back(
        MakeResource(*kind, parent, std::string(object.at("name").as_string()), serialize(object.at("spec"))));
  }
  return resources;
}

}  // namespace chancery::compile::testing
