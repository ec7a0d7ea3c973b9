#include "model/codec.h"

#include <chancery/model/mesh.pb.h>
#include <chancery/model/route.pb.h>
#include <chancery/model/tags.pb.h>
#include <chancery/model/virtual_gateway.pb.h>
#include <chancery/model/virtual_node.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace chancery::model {
namespace {

using base::Violation;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <typename T>
T Read(std::string_view text, std::vector<Violation>* violations = nullptr) {
  T message;
  std::vector<Violation> found;
  const base::Status status = ParseJson(text, message, found);
  EXPECT_TRUE(status) << status.error().message;
  if (violations != nullptr) {
    *violations = found;
  } else {
    EXPECT_THAT(found, IsEmpty());
  }
  return message;
}

template <typename T>
std::vector<Violation> Refused(std::string_view text) {
  std::vector<Violation> violations;
  Read<T>(text, &violations);
  return violations;
}

template <typename T>
std::string SyntaxErrorOf(std::string_view text) {
  T message;
  std::vector<Violation> violations;
  const base::Status status = ParseJson(text, message, violations);
  if (status) return "accepted";
  EXPECT_EQ(status.error().code, base::Code::kBadRequest);
  EXPECT_THAT(violations, IsEmpty());
  return status.error().message;
}

// What is sent is echoed byte by byte, as long as it stands in the model's order.
template <typename T>
void ExpectEchoed(const std::string& text) {
  EXPECT_EQ(ToJson(Read<T>(text)), text);
}

TEST(Codec, EchoesWhatWasSent) {
  ExpectEchoed<CreateMeshInput>("{}");
  ExpectEchoed<CreateMeshInput>(R"({"meshName":"m","spec":{},"tags":[{"key":"k","value":""}]})");
  ExpectEchoed<VirtualNodeSpec>(
      R"({"backends":[{"virtualService":{"virtualServiceName":"z"}},{"virtualService":{"virtualServiceName":"a"}}],)"
      R"("listeners":[{"portMapping":{"port":8080,"protocol":"http"}}],)"
      R"("serviceDiscovery":{"dns":{"hostname":"a.b","responseType":"ENDPOINTS"}}})");
}

TEST(Codec, KeepsZeroAndFalseAndEmptyText) {
  ExpectEchoed<RouteSpec>(R"({"httpRoute":{"action":{"weightedTargets":[{"virtualNode":"n","weight":0}]},)"
                          R"("match":{"headers":[{"invert":false,"name":""}],"prefix":""},)"
                          R"("retryPolicy":{"maxRetries":0,"perRetryTimeout":{"unit":"ms","value":0}}},"priority":0})");
}

TEST(Codec, KeepsListsThatWereSentEmpty) {
  ExpectEchoed<VirtualNodeSpec>(R"({"backends":[],"listeners":[]})");
  ExpectEchoed<VirtualNodeSpec>(R"({"listeners":[]})");
  ExpectEchoed<LoggingFormat>(R"({"json":[]})");
}

TEST(Codec, PrintsRequiredListsThatAreEmpty) {
  EXPECT_EQ(ToJson(ListMeshesOutput()), R"({"meshes":[]})");
  EXPECT_EQ(ToJson(ListTagsForResourceOutput()), R"({"tags":[]})");
}

TEST(Codec, NullIsAbsent) {
  EXPECT_EQ(ToJson(Read<VirtualNodeSpec>(R"({"backends":null,"listeners":[{"healthCheck":null}],"logging":null})")),
            R"({"listeners":[{}]})");
}

TEST(Codec, IgnoresUnknownMembers) {
  EXPECT_EQ(
      ToJson(Read<MeshSpec>(R"({"new":{"deep":[1,{}]},"egressFilter":{"type":"DROP_ALL","x":1},"sentEmpty":[1]})")),
      R"({"egressFilter":{"type":"DROP_ALL"}})");
}

TEST(Codec, ALaterKeyWins) {
  EXPECT_EQ(Read<Duration>(R"({"value":1,"value":2})").value(), 2);
  EXPECT_EQ(Refused<Duration>(R"({"value":"x","value":2})"), std::vector<Violation>{});
}

TEST(Codec, ReplacesTheBodyAndLeavesUriAndQueryAlone) {
  CreateVirtualNodeInput message;
  std::vector<Violation> violations;
  ASSERT_TRUE(SetFromText(message, "meshName", "m", violations));
  ASSERT_TRUE(SetFromText(message, "meshOwner", "123456789012", violations));
  message.set_virtual_node_name("old");
  message.add_tags()->set_key("old");
  ASSERT_TRUE(ParseJson(R"({"meshName":"other","meshOwner":5,"spec":{"backends":[]}})", message, violations));
  EXPECT_THAT(violations, IsEmpty());
  EXPECT_EQ(message.mesh_name(), "m");
  EXPECT_EQ(message.mesh_owner(), "123456789012");
  EXPECT_EQ(ToJson(message), R"({"spec":{"backends":[]}})");
}

TEST(Codec, ReadsTheSameTwice) {
  VirtualNodeSpec spec = Read<VirtualNodeSpec>(R"({"listeners":[]})");
  std::vector<Violation> violations;
  ASSERT_TRUE(ParseJson(R"({"listeners":[]})", spec, violations));
  EXPECT_EQ(spec.sent_empty_size(), 1);
}

TEST(Codec, APayloadIsTheWholeBody) {
  CreateMeshOutput output;
  output.mutable_mesh()->set_mesh_name("m");
  output.mutable_mesh()->mutable_spec();
  EXPECT_EQ(ToJson(output), R"({"meshName":"m","spec":{}})");
  EXPECT_EQ(Read<CreateMeshOutput>(ToJson(output)).mesh().mesh_name(), "m");
}

TEST(Codec, EmptyAnswersAndBodies) {
  EXPECT_EQ(ToJson(TagResourceOutput()), "{}");
  EXPECT_EQ(ToJson(UntagResourceOutput()), "{}");
  EXPECT_EQ(ToJson(Read<UpdateMeshInput>("")), "{}");
}

TEST(Codec, TimesAreSecondsWithMilliseconds) {
  ResourceMetadata metadata;
  metadata.set_created_at(1592578534.868);
  EXPECT_EQ(ToJson(metadata), R"({"createdAt":1592578534.868})");
  metadata.set_created_at(1e9);
  EXPECT_EQ(ToJson(metadata), R"({"createdAt":1000000000.000})");
  EXPECT_EQ(Read<ResourceMetadata>(R"({"createdAt":1592578534.868})").created_at(), 1592578534.868);
  EXPECT_EQ(Read<ResourceMetadata>(R"({"createdAt":1592578534})").created_at(), 1592578534);
  EXPECT_EQ(Read<ResourceMetadata>(R"({"createdAt":1592578534.8684})").created_at(), 1592578534.868);
  EXPECT_THAT(Refused<ResourceMetadata>(R"({"createdAt":"2020","lastUpdatedAt":1e300})"),
              ElementsAre(Violation{"createdAt", "must be a number of seconds, is a string"},
                          Violation{"lastUpdatedAt", "must be seconds since 1970 up to the year 9999, is 1e+300"}));
}

TEST(Codec, EscapesText) {
  ExpectEchoed<TagRef>(R"({"key":"\"\\\n\t\u0001é漢😀","value":"/"})");
  EXPECT_EQ(Read<TagRef>(R"({"key":"\u00e9\ud83d\ude00\/"})").key(), "é😀/");
}

TEST(Codec, IntegersAreWhateverIsWholeAndInRange) {
  const std::pair<std::string, int64_t> accepted[] = {{"0", 0},
                                                      {"-0", 0},
                                                      {"5.0", 5},
                                                      {"5e2", 500},
                                                      {"-1", -1},
                                                      {"9223372036854775807", INT64_MAX},
                                                      {"-9223372036854775808", INT64_MIN}};
  for (const auto& [text, number] : accepted) {
    EXPECT_EQ(Read<Duration>(R"({"value":)" + text + "}").value(), number) << text;
  }
  const std::pair<std::string, std::string> refused[] = {
      {"1.5", "must be a whole number, is 1.5"},
      {"\"1\"", "must be a whole number, is a string"},
      {"true", "must be a whole number, is a boolean"},
      {"[]", "must be a whole number, is a list"},
      {"9223372036854775808", "must be between 0 and 9223372036854775807, is 9223372036854775808"},
      {"9223372036854775808.0", "must be between 0 and 9223372036854775807, is 9.223372036854776e+18"},
      {"1e99", "must be between 0 and 9223372036854775807, is 1e+99"}};
  for (const auto& [text, rule] : refused) {
    EXPECT_THAT(Refused<Duration>(R"({"value":)" + text + "}"), ElementsAre(Violation{"value", rule}));
  }
}

TEST(Codec, AnIntegerJustBelow64BitsIsNotTheLeastOne) {
  EXPECT_THAT(Refused<MatchRange>(R"({"start":-9223372036854775809,"end":0})"),
              ElementsAre(Violation{"start",
                                    "must be between -9223372036854775808 and 9223372036854775807, is "
                                    "-9.223372036854776e+18"}));
}

TEST(Codec, IntegersOf32BitsDoNotWrap) {
  EXPECT_THAT(Refused<PortMapping>(R"({"port":4294967376})"),
              ElementsAre(Violation{"port", "must be between 1 and 65535, is 4294967376"}));
  EXPECT_EQ(Read<PortMapping>(R"({"port":70000})").port(), 70000);  // a constraint, not a type
}

TEST(Codec, NamesEveryWrongType) {
  EXPECT_THAT(
      Refused<VirtualNodeSpec>(
          R"({"backends":{},"listeners":[5,null,{"portMapping":[]},{"tls":{"mode":"strict"}}],"logging":"x",)"
          R"("backendDefaults":{"clientPolicy":{"tls":{"enforce":"yes","ports":[1,"2"]}}}})"),
      ElementsAre(Violation{"backendDefaults.clientPolicy.tls.enforce", "must be true or false, is a string"},
                  Violation{"backendDefaults.clientPolicy.tls.ports[1]", "must be a whole number, is a string"},
                  Violation{"backends", "must be a list, is an object"},
                  Violation{"listeners[0]", "must be an object, is a number"},
                  Violation{"listeners[1]", "must be an object, is null"},
                  Violation{"listeners[2].portMapping", "must be an object, is a list"},
                  Violation{"listeners[3].tls.mode", "must be one of STRICT, PERMISSIVE, DISABLED; is 'strict'"},
                  Violation{"logging", "must be an object, is a string"}));
}

TEST(Codec, UnknownEnumValuesListTheAllowedOnes) {
  EXPECT_THAT(Refused<PortMapping>(R"({"port":80,"protocol":"smtp"})"),
              ElementsAre(Violation{"protocol", "must be one of http, tcp, http2, grpc; is 'smtp'"}));
  EXPECT_THAT(Refused<PortMapping>(R"({"protocol":""})"),
              ElementsAre(Violation{"protocol", "must be one of http, tcp, http2, grpc; is ''"}));
  EXPECT_THAT(Refused<PortMapping>(R"({"protocol":1})"),
              ElementsAre(Violation{"protocol", "must be a string, is a number"}));
}

TEST(Codec, QuotesLittleAndNothingThatControls) {
  const std::string longer = R"({"protocol":"\n)" + std::string(62, 'x') + R"(éyyyy"})";
  EXPECT_THAT(Refused<PortMapping>(longer),
              ElementsAre(Violation{"protocol",
                                    "must be one of http, tcp, http2, grpc; is '?" + std::string(62, 'x') + "...'"}));
}

TEST(Codec, CountsViolationsUpToAHundred) {
  std::string items = "1";
  for (int i = 0; i < 5000; ++i) items += ",1";
  EXPECT_EQ(Refused<VirtualNodeSpec>(R"({"listeners":[)" + items + R"(],"backends":[)" + items + "]}").size(), 100u);
}

TEST(Codec, NamesThePlaceOfASyntaxError) {
  EXPECT_EQ(SyntaxErrorOf<MeshSpec>("{\n  \"a\": tru }"),
            "the body is not valid JSON: syntax error at byte 9 (line 2, column 8)");
  EXPECT_THAT(SyntaxErrorOf<MeshSpec>("{"), HasSubstr("incomplete JSON at byte 1 "));
  EXPECT_THAT(SyntaxErrorOf<MeshSpec>("{} {}"), HasSubstr("extra data at byte 3 "));
}

TEST(Codec, RefusesWhatIsNoJsonObject) {
  EXPECT_EQ(SyntaxErrorOf<MeshSpec>("[1]"), "the body must be a JSON object, is a list");
  EXPECT_EQ(SyntaxErrorOf<MeshSpec>("null"), "the body must be a JSON object, is null");
  for (const char* text : {" ", "{'a':1}", "{\"a\":1,}", "{\"a\":NaN}", "// c\n{}", "{\"a\":01}", "\xEF\xBB\xBF{}"}) {
    EXPECT_THAT(SyntaxErrorOf<MeshSpec>(text), HasSubstr("not valid JSON")) << text;
  }
}

TEST(Codec, RefusesTextThatIsNoUtf8) {
  for (const char* bytes : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC3", "\\ud800", "\\udc00"}) {
    const std::string text = std::string(R"({"key":")") + bytes + R"("})";
    EXPECT_THAT(SyntaxErrorOf<TagRef>(text), HasSubstr("not valid JSON")) << text;
  }
}

TEST(Codec, RefusesDeepNesting) {
  const auto nested = [](size_t depth) {
    return R"({"a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_EQ(SyntaxErrorOf<MeshSpec>(nested(64)), "accepted");
  EXPECT_THAT(SyntaxErrorOf<MeshSpec>(nested(65)), HasSubstr("too deep"));
  EXPECT_THAT(SyntaxErrorOf<MeshSpec>(R"({"a":)" + std::string(1000000, '[')), HasSubstr("too deep"));
}

TEST(Codec, ABrokenBodyLeavesTheMessageAlone) {
  MeshData data;
  data.set_mesh_name("m");
  std::vector<Violation> violations;
  EXPECT_FALSE(ParseJson(R"({"meshName":"x",)", data, violations));
  EXPECT_EQ(data.mesh_name(), "m");
}

TEST(SetFromText, SetsLabelsAndQueryValues) {
  ListVirtualNodesInput input;
  std::vector<Violation> violations;
  EXPECT_TRUE(SetFromText(input, "meshName", "a/b c", violations));
  EXPECT_TRUE(SetFromText(input, "limit", "7", violations));
  EXPECT_TRUE(SetFromText(input, "nextToken", "", violations));
  EXPECT_THAT(violations, IsEmpty());
  EXPECT_EQ(input.mesh_name(), "a/b c");
  EXPECT_EQ(input.limit(), 7);
  EXPECT_TRUE(input.has_next_token());
}

TEST(SetFromText, KnowsOnlyMembersOfUriAndQuery) {
  CreateVirtualNodeInput input;
  std::vector<Violation> violations;
  EXPECT_FALSE(SetFromText(input, "virtualNodeName", "x", violations));  // in the body
  EXPECT_FALSE(SetFromText(input, "mesh_name", "x", violations));
  EXPECT_FALSE(SetFromText(input, "limit", "x", violations));
  EXPECT_THAT(violations, IsEmpty());
}

TEST(SetFromText, RefusesWhatIsNoNumberOrNoText) {
  const std::pair<std::string, std::string> refused[] = {
      {"", "must be a whole number, is ''"},
      {"7x", "must be a whole number, is '7x'"},
      {" 7", "must be a whole number, is ' 7'"},
      {"1.0", "must be a whole number, is '1.0'"},
      {"4294967297", "must be between 1 and 100, is '4294967297'"},
      {"99999999999999999999", "must be between 1 and 100, is '99999999999999999999'"},
      {"\xFF", "must be valid UTF-8"}};
  for (const auto& [text, rule] : refused) {
    ListMeshesInput input;
    std::vector<Violation> violations;
    EXPECT_TRUE(SetFromText(input, "limit", text, violations));
    EXPECT_THAT(violations, ElementsAre(Violation{"limit", rule}));
    EXPECT_FALSE(input.has_limit());
  }
}

}  // namespace
}  // namespace chancery::model
