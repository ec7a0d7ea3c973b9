#include "model/path.h"

#include <fmt/format.h>

namespace chancery::model {

std::string Path::ToString() const {
  std::string text;
  AppendTo(text);
  return text;
}

void Path::AppendTo(std::string& text) const {
  if (parent_ == nullptr) return;
  parent_->AppendTo(text);
  if (name_.empty()) {
    text += fmt::format("[{}]", index_);
    return;
  }
  if (!text.empty()) text += '.';
  text += name_;
}

}  // namespace chancery::model
