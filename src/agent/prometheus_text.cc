#include "agent/prometheus_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace chancery::agent {
namespace {

constexpr std::string_view kType = "# TYPE ";
constexpr std::string_view kExtension = "envoy_appmesh_";

// Takes the text up to `separator` off the front.
std::string_view Cut(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

// The value is behind the last space: labels may hold some.
std::optional<std::pair<std::string, double>> ParseSample(std::string_view line) {
  const size_t space = line.rfind(' ');
  if (space == std::string_view::npos || space == 0) return std::nullopt;
  const std::string_view number = line.substr(space + 1);
  double value = 0;
  const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || stop != number.data() + number.size()) return std::nullopt;
  return std::pair(std::string(line.substr(0, space)), value);
}

// Envoy's counts are whole numbers, and so they are written.
std::string ToText(double value) {
  if (std::floor(value) == value && std::abs(value) < 1e15) return fmt::format("{}", static_cast<int64_t>(value));
  return fmt::format("{}", value);
}

}  // namespace

MetricFamilies ParsePrometheus(const std::string& text) {
  MetricFamilies families;
  MetricFamily* current = nullptr;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = Cut(rest, '\n');
    if (line.starts_with(kType)) {
      line.remove_prefix(kType.size());
      const std::string name(Cut(line, ' '));
      current = &families[name];
      current->kind = std::string(line);
    } else if (!line.starts_with('#') && current != nullptr) {
      if (auto sample = ParseSample(line)) current->samples.push_back(*std::move(sample));
    }
  }
  return families;
}

std::string WritePrometheus(const MetricFamilies& families) {
  std::string text;
  for (const auto& [name, family] : families) {
    text += fmt::format("# TYPE {} {}\n", name, family.kind);
    for (const auto& [sample, value] : family.samples) text += fmt::format("{} {}\n", sample, ToText(value));
  }
  return text;
}

MetricFamilies OnlyMetricsExtension(const MetricFamilies& families) {
  MetricFamilies kept;
  for (auto found = families.lower_bound(std::string(kExtension)); found != families.end(); ++found) {
    if (!found->first.starts_with(kExtension)) break;
    MetricFamily& family = kept[found->first.substr(kExtension.size())];
    family.kind = found->second.kind;
    for (const auto& [sample, value] : found->second.samples) {
      family.samples.emplace_back(sample.starts_with(kExtension) ? sample.substr(kExtension.size()) : sample, value);
    }
  }
  return kept;
}

MetricFamilies DeltaOf(const MetricFamilies& before, const MetricFamilies& now) {
  MetricFamilies delta = now;
  for (auto& [name, family] : delta) {
    const auto old = before.find(name);
    if (family.kind == "gauge" || old == before.end()) continue;
    const std::unordered_map<std::string, double> values(old->second.samples.begin(), old->second.samples.end());
    for (auto& [sample, value] : family.samples) {
      const auto found = values.find(sample);
      if (found != values.end() && found->second <= value) value -= found->second;
    }
  }
  return delta;
}

}  // namespace chancery::agent
