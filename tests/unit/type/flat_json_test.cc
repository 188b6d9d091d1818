#include "type/flat_json.h"

#include <doctest/doctest.h>

#include <string>

using rowan::type::FlatJson;
using rowan::type::FlatJsonWriter;

TEST_CASE("fields come as what they are, and nothing else") {
  const auto json = FlatJson::parse(
      R"({"a": "text é\n", "b": -7, "c": true, "list": ["x", "y"], "none": [], "big": 18446744073709551615,
          "f": 1.5, "null": null, "mixed": ["x", 1], "deep": [["x"], "y"], "object": {"a": ["z"]}, "end": 9})");
  REQUIRE(json);
  CHECK(*json->get<std::string>("a") == "text \xC3\xA9\n");
  CHECK(*json->get<int64_t>("b") == -7);
  CHECK(*json->get<bool>("c"));
  CHECK(*json->get<FlatJson::Texts>("list") == FlatJson::Texts{"x", "y"});
  CHECK(json->get<FlatJson::Texts>("none")->empty());
  for (const char* other : {"big", "f", "null", "mixed", "deep", "object"}) {
    CAPTURE(other);
    CHECK(json->contains(other));
    CHECK(json->get<FlatJson::Other>(other) != nullptr);
  }
  CHECK(*json->get<int64_t>("end") == 9);
  CHECK(json->get<int64_t>("a") == nullptr);
  CHECK(json->get<int64_t>("z") == nullptr);
  CHECK(json->fields().size() == 12);
}

TEST_CASE("of a name that stands twice the last one counts") {
  CHECK(*FlatJson::parse(R"({"a": 1, "a": 2})")->get<int64_t>("a") == 2);
  CHECK(FlatJson::parse("{}")->fields().empty());
}

TEST_CASE("what is no object is nothing, however deep it nests") {
  for (const char* text : {"", "1", "true", "null", "\"a\"", "[]", "[{\"a\": 1}]", "{", "{\"a\"}", "{\"a\": 1} x",
                           "{\"a\": \"\xFF\"}", "{\"a\": nan}"}) {
    CAPTURE(text);
    CHECK_FALSE(FlatJson::parse(text));
  }
  const std::string deep(1000000, '[');
  CHECK_FALSE(FlatJson::parse(deep));
  CHECK_FALSE(FlatJson::parse("{\"a\": " + deep));
  CHECK(FlatJson::parse("{\"a\": " + deep + std::string(deep.size(), ']') + "}")->contains("a"));
}

TEST_CASE("what is written is read again") {
  FlatJsonWriter line;
  line.add("n", int64_t{-1});
  line.add("t", std::string_view("quoted \" \\ \x01 \xC3\xA9"));
  line.add("bad", std::string_view("a\xFFz"));
  line.add("b", false);
  const std::string text = std::move(line).text();
  CHECK(text == "{\"n\":-1,\"t\":\"quoted \\\" \\\\ \\u0001 \xC3\xA9\",\"bad\":\"a\xEF\xBF\xBDz\",\"b\":false}\n");
  CHECK(*FlatJson::parse(text)->get<std::string>("t") == "quoted \" \\ \x01 \xC3\xA9");

  FlatJsonWriter lines("  ");
  lines.add("a", int64_t{1});
  lines.add("b", true);
  CHECK(std::move(lines).text() == "{\n  \"a\": 1,\n  \"b\": true\n}\n");
  CHECK(FlatJsonWriter().text() == "{}\n");
}
