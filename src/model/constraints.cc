#include <chancery/model/common.pb.h>
#include <chancery/model/tags.pb.h>
#include <fmt/format.h>
#include <re2/re2.h>

#include <map>
#include <memory>
#include <string>

#include "base/check.h"
#include "model/codec.h"
#include "model/field.h"
#include "model/kind.h"
#include "model/utf8.h"

namespace chancery::model {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using Patterns = std::map<const FieldDescriptor*, std::unique_ptr<const RE2>>;

void CompilePatternsOf(const FileDescriptor& file, Patterns& patterns) {
  for (int i = 0; i < file.message_type_count(); ++i) {
    const Descriptor& type = *file.message_type(i);
    for (int j = 0; j < type.field_count(); ++j) {
      const std::string& pattern = RulesOf(*type.field(j)).pattern();
      if (pattern.empty()) continue;
      auto compiled = std::make_unique<const RE2>(pattern, RE2::Quiet);
      CHANCERY_CHECK(compiled->ok());
      patterns.emplace(type.field(j), std::move(compiled));
    }
  }
}

// Every pattern of the model, compiled at the first use and not changed after.
const Patterns& AllPatterns() {
  static const Patterns patterns = [] {
    Patterns all;
    for (const KindDescriptor& kind : AllKinds()) CompilePatternsOf(*kind.data->file(), all);
    CompilePatternsOf(*TagResourceInput::descriptor()->file(), all);
    CompilePatternsOf(*TagRef::descriptor()->file(), all);
    return all;
  }();
  return patterns;
}

std::string Bounds(bool has_min, int64_t min, bool has_max, int64_t max) {
  if (!has_max) return fmt::format("at least {}", min);
  if (!has_min) return fmt::format("at most {}", max);
  return min == max ? fmt::format("{}", min) : fmt::format("{} to {}", min, max);
}

class Walker {
 public:
  explicit Walker(std::vector<base::Violation>& violations)
      : violations_(violations), earlier_(violations.size()), findings_(violations) {}

  void CheckMessage(const Message& message, const Path& path) {
    const Descriptor& type = *message.GetDescriptor();
    if (type.options().GetExtension(union_)) CheckUnion(message, path);
    for (int i = 0; i < type.field_count() && !findings_.full(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (RulesOf(field).internal()) continue;
      const Path member = path.Member(field.json_name());
      if (IsPresent(message, field)) {
        CheckMember(message, field, member);
      } else if (RulesOf(field).required()) {
        Add(member, "is required");
      }
    }
  }

 private:
  void CheckMember(const Message& message, const FieldDescriptor& field, const Path& path) {
    if (!field.is_repeated()) return CheckValue(message, field, 0, path);
    const int size = message.GetReflection()->FieldSize(message, &field);
    CheckItems(size, RulesOf(field), path);
    for (int i = 0; i < size && !findings_.full(); ++i) {
      CheckValue(message, field, i, path.Item(static_cast<size_t>(i)));
    }
  }

  void CheckItems(int size, const FieldRules& rules, const Path& path) {
    const auto count = static_cast<uint32_t>(size);
    const bool few = rules.has_min_items() && count < rules.min_items();
    const bool many = rules.has_max_items() && count > rules.max_items();
    if (!few && !many) return;
    Add(path,
        fmt::format("must have {} items, has {}",
                    Bounds(rules.has_min_items(), rules.min_items(), rules.has_max_items(), rules.max_items()), count));
  }

  void CheckValue(const Message& message, const FieldDescriptor& field, int index, const Path& path) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const auto* reflection = message.GetReflection();
      return CheckMessage(field.is_repeated() ? reflection->GetRepeatedMessage(message, &field, index)
                                              : reflection->GetMessage(message, &field),
                          path);
    }
    const Scalar value = Load(message, field, index);
    if (const auto* number = std::get_if<int64_t>(&value)) CheckRange(*number, field, path);
    if (const auto* text = std::get_if<std::string_view>(&value)) CheckText(*text, field, path);
  }

  void CheckRange(int64_t number, const FieldDescriptor& field, const Path& path) {
    const FieldRules& rules = RulesOf(field);
    const bool low = rules.has_min() && number < rules.min();
    const bool high = rules.has_max() && number > rules.max();
    if (!low && !high) return;
    if (rules.has_min() && rules.has_max()) return Add(path, OutOfRange(field, fmt::format("{}", number)));
    Add(path,
        fmt::format("must be {}, is {}", Bounds(rules.has_min(), rules.min(), rules.has_max(), rules.max()), number));
  }

  void CheckText(std::string_view text, const FieldDescriptor& field, const Path& path) {
    const FieldRules& rules = RulesOf(field);
    const size_t length = CountCharacters(text);
    const bool low = rules.has_min_length() && length < rules.min_length();
    const bool high = rules.has_max_length() && length > rules.max_length();
    if (low || high) {
      return Add(path, fmt::format("must be {} characters long, is {}",
                                   Bounds(rules.has_min_length(), rules.min_length(), rules.has_max_length(),
                                          rules.max_length()),
                                   length));
    }
    if (rules.pattern().empty()) return;
    const RE2& pattern = *AllPatterns().at(&field);
    if (!RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern)) {
      Add(path, fmt::format("must match {}, is {}", rules.pattern(), Quoted(text)));
    }
  }

  void CheckUnion(const Message& message, const Path& path) {
    const Descriptor& type = *message.GetDescriptor();
    std::string names;
    int present = 0;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (RulesOf(field).internal()) continue;
      if (!names.empty()) names += ", ";
      names += field.json_name();
      present += IsPresent(message, field) ? 1 : 0;
    }
    if (present == 1 || (present == 0 && IsSpoiled(path))) return;
    Add(path, fmt::format("must have exactly one of {}; has {}", names, present));
  }

  // What could not be read at all has been reported: not again as missing or too small.
  void Add(const Path& path, std::string text) {
    const std::string place = path.ToString();
    for (size_t i = 0; i < earlier_; ++i) {
      if (IsWithin(place, violations_[i].path)) return;
    }
    findings_.Add(path, std::move(text));
  }

  // Whether the reader reported something within `path`.
  bool IsSpoiled(const Path& path) const {
    const std::string place = path.ToString();
    for (size_t i = 0; i < earlier_; ++i) {
      if (IsWithin(violations_[i].path, place)) return true;
    }
    return false;
  }

  // Whether `path` names `outer` or something below it; everything is below the message itself, "".
  static bool IsWithin(std::string_view path, std::string_view outer) {
    if (!path.starts_with(outer)) return false;
    return outer.empty() || path.size() == outer.size() || path[outer.size()] == '.' || path[outer.size()] == '[';
  }

  std::vector<base::Violation>& violations_;
  const size_t earlier_;
  Findings findings_;
};

}  // namespace

void CheckConstraints(const Message& message, std::vector<base::Violation>& violations) {
  Walker(violations).CheckMessage(message, Path());
}

}  // namespace chancery::model
