#pragma once

#include <string>

namespace chancery::iam {

// Who asks, once it is proven. A value.
struct Principal {
  // 12 digits.
  std::string account;
  // The user's name; without a path.
  std::string user;
  // arn:<partition>:iam::<account>:user/<user>, as policies and the change record name it.
  std::string arn;
  // The access key it came with; empty for a bearer token.
  std::string access_key_id;
};

}  // namespace chancery::iam
