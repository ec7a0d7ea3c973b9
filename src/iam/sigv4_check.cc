// Decides the cases on standard input (sigv4_testing.h), one line of output each: tests/api/test_sigv4.py compares them
// with what botocore signs.

#include <iostream>
#include <iterator>
#include <string>

#include "iam/sigv4_testing.h"

int main() {
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  const auto cases = chancery::iam::testing::ReadSigV4Cases(text);
  if (!cases) {
    std::cerr << "sigv4_check: the input is no list of cases\n";
    return 2;
  }
  for (const auto& test : *cases) std::cout << chancery::iam::testing::Decide(test) << '\n';
  return 0;
}
