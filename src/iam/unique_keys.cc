#include "iam/unique_keys.h"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/system/system_error.hpp>
#include <set>
#include <string>

namespace chancery::iam {
namespace {

namespace json = boost::json;

// Where the parser is: one for each object and list that is open.
struct Level {
  bool is_list = false;
  size_t items = 0;
  std::string key = {};
  std::set<std::string, std::less<>> seen = {};
};

// What basic_parser calls for each token; the names are Boost.JSON's.
struct Handler {
  // NOLINTBEGIN(readability-identifier-naming)
  constexpr static size_t max_object_size = -1;
  constexpr static size_t max_array_size = -1;
  constexpr static size_t max_key_size = -1;
  constexpr static size_t max_string_size = -1;
  // NOLINTEND(readability-identifier-naming)
  using Code = json::error_code;

  std::vector<Level> levels;
  std::string key;
  std::vector<base::Violation> repeated;

  std::string Here() const {
    std::string path;
    for (const Level& level : levels) {
      if (level.is_list) path += fmt::format("[{}]", level.items);
      if (!level.is_list) path += fmt::format("{}{}", path.empty() ? "" : ".", level.key);
    }
    return path;
  }

  bool Open(bool is_list) {
    levels.push_back({is_list});
    return true;
  }
  bool Close() {
    levels.pop_back();
    return Next();
  }
  bool Next() {
    if (!levels.empty() && levels.back().is_list) ++levels.back().items;
    return true;
  }

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return Open(false); }
  bool on_object_end(size_t, Code&) { return Close(); }
  bool on_array_begin(Code&) { return Open(true); }
  bool on_array_end(size_t, Code&) { return Close(); }
  bool on_key_part(json::string_view part, size_t, Code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, size_t, Code&) {
    key.append(part.data(), part.size());
    Level& level = levels.back();
    level.key = key;
    if (!level.seen.insert(key).second) repeated.push_back({Here(), "must not occur twice"});
    key.clear();
    return true;
  }
  bool on_string_part(json::string_view, size_t, Code&) { return true; }
  bool on_string(json::string_view, size_t, Code&) { return Next(); }
  bool on_number_part(json::string_view, Code&) { return true; }
  bool on_int64(int64_t, json::string_view, Code&) { return Next(); }
  bool on_uint64(uint64_t, json::string_view, Code&) { return Next(); }
  bool on_double(double, json::string_view, Code&) { return Next(); }
  bool on_bool(bool, Code&) { return Next(); }
  bool on_null(Code&) { return Next(); }
  bool on_comment_part(json::string_view, Code&) { return true; }
  bool on_comment(json::string_view, Code&) { return true; }
};

}  // namespace

std::vector<base::Violation> RepeatedKeys(std::string_view text, size_t max_depth) {
  json::parse_options options;
  options.max_depth = max_depth;
  json::basic_parser<Handler> parser(options);
  json::error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  return std::move(parser.handler().repeated);
}

}  // namespace chancery::iam
