// Prints the table of field rules as JSON, for the page that tests/api writes of what holds.

#include <boost/json.hpp>
#include <iostream>

#include "frontend/field_rules.h"

int main() {
  boost::json::array rules;
  for (const chancery::frontend::RuleInfo& rule : chancery::frontend::AllRules()) {
    rules.push_back(boost::json::object{{"number", rule.number},
                                        {"name", rule.name},
                                        {"rule", rule.rule},
                                        {"grade", chancery::frontend::ToString(rule.grade)},
                                        {"enforced", chancery::frontend::ToString(rule.enforced)}});
  }
  std::cout << boost::json::serialize(rules) << '\n';
  return std::cout.good() ? 0 : 1;
}
