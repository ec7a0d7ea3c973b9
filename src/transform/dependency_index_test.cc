#include "transform/dependency_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chancery::transform {
namespace {

using compile::ProxyKey;
using compile::ReadKey;
using model::Kind;
using testing::ElementsAre;
using testing::IsEmpty;

ProxyKey Proxy(std::string name) {
  return {{"000000000000", "m"}, Kind::kVirtualNode, std::move(name), compile::Profile::kStock};
}

std::set<ProxyKey> Affected(const DependencyIndex& index, const ReadKey& changed) {
  std::set<ProxyKey> affected;
  index.Collect(changed, affected);
  return affected;
}

TEST(DependencyIndex, FindsReadersOfAResourceAndOfItsSiblings) {
  DependencyIndex index;
  index.Set(Proxy("a"), {{Kind::kRoute, "r", ""}, {Kind::kVirtualService, "", "s"}});
  index.Set(Proxy("b"), {{Kind::kVirtualService, "", "s"}});
  EXPECT_THAT(Affected(index, {Kind::kVirtualService, "", "s"}), ElementsAre(Proxy("a"), Proxy("b")));
  EXPECT_THAT(Affected(index, {Kind::kRoute, "r", "any"}), ElementsAre(Proxy("a")));
  EXPECT_THAT(Affected(index, {Kind::kRoute, "other", "any"}), IsEmpty());
}

TEST(DependencyIndex, ForgetsWhatIsNoLongerRead) {
  DependencyIndex index;
  index.Set(Proxy("a"), {{Kind::kVirtualService, "", "s"}, {Kind::kVirtualService, "", "t"}});
  index.Set(Proxy("a"), {{Kind::kVirtualService, "", "t"}});
  EXPECT_THAT(Affected(index, {Kind::kVirtualService, "", "s"}), IsEmpty());
  EXPECT_THAT(Affected(index, {Kind::kVirtualService, "", "t"}), ElementsAre(Proxy("a")));
  index.Remove(Proxy("a"));
  EXPECT_THAT(Affected(index, {Kind::kVirtualService, "", "t"}), IsEmpty());
}

}  // namespace
}  // namespace chancery::transform
