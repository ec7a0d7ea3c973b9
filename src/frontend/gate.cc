#include "frontend/gate.h"

#include <utility>

namespace chancery::frontend {

OpenGate::OpenGate(std::string account)
    : who_([caller = Caller{std::move(account), "anonymous"}](const Request&) { return caller; }) {}

OpenGate::OpenGate(Who who) : who_(std::move(who)) {}

}  // namespace chancery::frontend
