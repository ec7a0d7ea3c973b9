#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chancery::model {

// Where the codec is inside a message, such as spec.listeners[0].port. A chain of borrowed steps on
// the caller's stack, so that only a violation pays for the text. Each step must outlive those below.
class Path {
 public:
  Path() = default;  // the message itself
  Path Member(std::string_view name) const { return {this, name, 0}; }
  Path Item(size_t index) const { return {this, {}, index}; }
  std::string ToString() const;

 private:
  Path(const Path* parent, std::string_view name, size_t index) : parent_(parent), name_(name), index_(index) {}
  void AppendTo(std::string& text) const;

  const Path* parent_ = nullptr;
  std::string_view name_;  // empty: an item
  size_t index_ = 0;
};

}  // namespace chancery::model
