#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chancery::iam {

// What is known of one request, for conditions and policy variables: keys such as aws:SourceIp, each with its values.
// Key names ignore case, as IAM's do (the key of a tag, in aws:RequestTag/<key>, is part of the name); values do not.
// appmesh:ResourceTag/<key>, which the App Mesh guide writes, is the same key as aws:ResourceTag/<key>.
// A value; a request has some ten keys, so that a list is searched faster than a map.
class ContextKeys {
 public:
  // Adds one value. Keys with several values are added once for each; one added never is absent.
  void Add(std::string_view key, std::string value);
  // All values of all keys of `other`.
  void AddAll(const ContextKeys& other);

  // The values of a key, or nullptr when it is absent. `name` is in the form of CanonicalKey.
  const std::vector<std::string>* Find(std::string_view name) const;

 private:
  struct Entry {
    std::string name;
    std::vector<std::string> values;
  };
  std::vector<Entry> entries_;
};

// The one spelling under which a key is compared: ASCII lower case, appmesh:ResourceTag/ as aws:ResourceTag/.
std::string CanonicalKey(std::string_view key);

}  // namespace chancery::iam
