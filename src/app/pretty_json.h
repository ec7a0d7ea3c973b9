#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace chancery::app {

// JSON for people: members on lines of their own, indented by four as the AWS CLI does. Pure.
std::string Pretty(const boost::json::value& value);

}  // namespace chancery::app
