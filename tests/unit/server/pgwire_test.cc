// The wire's codec: every message as clients send it, truncated at every length, cut at every
// place, claiming more than it holds, and out of place; and that memory follows what came, not what
// was claimed.
#include <doctest/doctest.h>

#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "server/pgwire/backend.h"
#include "server/pgwire/frame.h"
#include "server/pgwire/frontend.h"

namespace rowan::server::pgwire {
namespace {

std::string number(uint32_t value, int size) {
  std::string out;
  for (int i = size - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}
std::string text(std::string_view value) { return std::string(value) + '\0'; }
std::string framed(char type, const std::string& body) {
  std::string out = type == 0 ? "" : std::string(1, type);
  return out + number(static_cast<uint32_t>(body.size() + 4), 4) + body;
}

InputBudget no_end(size_t{1} << 40);

void feed(FrameReader& reader, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = reader.room();
    REQUIRE(room.has_value());
    const size_t size = std::min(room->size(), bytes.size());
    std::memcpy(room->data(), bytes.data(), size);
    reader.received(size);
    bytes.remove_prefix(size);
  }
}

const std::string kStartup = number(3u << 16, 4) + text("user") + text("ada") + text("database") +
                             text("shop") + std::string(1, '\0');
const std::string kParse =
    text("s1") + text("SELECT $1") + number(2, 2) + number(23, 4) + number(0, 4);
const std::string kBind = text("p1") + text("s1") + number(2, 2) + number(0, 2) + number(1, 2) +
                          number(2, 2) + number(3, 4) + "abc" + number(0xffffffff, 4) +
                          number(1, 2) + number(1, 2);
const std::string kExecute = text("p1") + number(100, 4);
const std::string kSasl = text("SCRAM-SHA-256") + number(5, 4) + "n,,r=";

// Every kind of message with a body that is right, and what reads it.
struct Kind {
  const char* name;
  std::string body;
  std::function<bool(Bytes)> reads;
};
std::vector<Kind> kinds() {
  return {
      {"startup", kStartup, [](Bytes b) { return parse_startup(b).has_value(); }},
      {"cancel", number(80877102, 4) + number(7, 4) + number(9, 4),
       [](Bytes b) { return parse_startup(b).has_value(); }},
      {"query", text("SELECT 1"), [](Bytes b) { return parse_query(b).has_value(); }},
      {"parse", kParse, [](Bytes b) { return parse_parse(b).has_value(); }},
      {"bind", kBind, [](Bytes b) { return parse_bind(b).has_value(); }},
      {"describe", "S" + text("s1"),
       [](Bytes b) { return parse_target(b, "DESCRIBE").has_value(); }},
      {"close", "P" + text("p1"), [](Bytes b) { return parse_target(b, "CLOSE").has_value(); }},
      {"execute", kExecute, [](Bytes b) { return parse_execute(b).has_value(); }},
      {"sasl", kSasl, [](Bytes b) { return parse_sasl_initial(b).has_value(); }},
  };
}

TEST_CASE("a message is read whole, and refused when it is cut short anywhere or goes on") {
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    CHECK(kind.reads(kind.body));
    for (size_t size = 0; size < kind.body.size(); ++size) {
      CAPTURE(size);
      CHECK_FALSE(kind.reads(kind.body.substr(0, size)));
    }
    CHECK_FALSE(kind.reads(kind.body + "x"));
  }
}

TEST_CASE("counts and lengths that claim more than there is are refused without memory for it") {
  CHECK_FALSE(parse_parse(text("") + text("SELECT 1") + number(0xffff, 2)).has_value());
  CHECK_FALSE(parse_bind(text("") + text("") + number(0xffff, 2)).has_value());
  CHECK_FALSE(parse_bind(text("") + text("") + number(0, 2) + number(0xffff, 2)).has_value());
  CHECK_FALSE(parse_bind(text("") + text("") + number(0, 2) + number(1, 2) + number(0x7fffffff, 4) +
                         "abc" + number(0, 2))
                  .has_value());
  // A negative length that is not that of NULL.
  CHECK_FALSE(parse_bind(text("") + text("") + number(0, 2) + number(1, 2) + number(0xfffffffe, 4) +
                         number(0, 2))
                  .has_value());
  CHECK_FALSE(parse_sasl_initial(text("SCRAM-SHA-256") + number(0x7fffffff, 4)).has_value());
}

TEST_CASE("a string that is no UTF-8 is refused by its own name, wherever it stands") {
  const std::string bad = text("a\x94");
  const auto state = [](const auto& result) {
    return result.has_value() ? std::string_view() : sqlstate(result.error().code());
  };
  CHECK(state(parse_query(bad)) == "22021");
  CHECK(state(parse_target("S" + bad, "CLOSE")) == "22021");
  CHECK(state(parse_execute(bad + number(0, 4))) == "22021");
  CHECK(state(parse_parse(bad + text("SELECT 1") + number(0, 2))) == "22021");
  CHECK(state(parse_bind(text("") + bad + number(0, 2) + number(0, 4))) == "22021");
  CHECK(state(parse_startup(number(3u << 16, 4) + text("user") + bad + std::string(1, '\0'))) ==
        "22021");
}

TEST_CASE("what Bind says is held together") {
  const auto bind = parse_bind(kBind);
  REQUIRE(bind.has_value());
  CHECK(bind->portal == "p1");
  CHECK(bind->statement == "s1");
  REQUIRE(bind->parameters.size() == 2);
  CHECK(bind->parameters[0] == "abc");
  CHECK_FALSE(bind->parameters[1].has_value());
  CHECK(bind->parameter_formats == std::vector<int16_t>{0, 1});
  CHECK(bind->result_formats == std::vector<int16_t>{1});
  // Two formats for one parameter; a format that is none.
  CHECK_FALSE(parse_bind(text("") + text("") + number(2, 2) + number(0, 4) + number(1, 2) +
                         number(0, 4) + number(0, 2))
                  .has_value());
  CHECK_FALSE(
      parse_bind(text("") + text("") + number(1, 2) + number(2, 2) + number(0, 2) + number(0, 2))
          .has_value());
  CHECK_FALSE(parse_target("X" + text("s1"), "CLOSE").has_value());
}

TEST_CASE("frames come out the same however their bytes are cut") {
  const std::string stream = framed('Q', text("SELECT 1")) + framed('S', "") + framed('P', kParse) +
                             framed('d', std::string(20'000, 'x')) + framed('X', "");
  for (const size_t step :
       {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{1000}, stream.size()}) {
    CAPTURE(step);
    FrameReader reader(kMessageBytesMax, no_end);
    reader.enter(Phase::kMessages);
    std::string types;
    size_t bytes = 0;
    for (size_t at = 0; at < stream.size(); at += step) {
      feed(reader, std::string_view(stream).substr(at, step));
      for (;;) {
        const auto frame = reader.next();
        REQUIRE(frame.has_value());
        if (!*frame) break;
        types += (*frame)->type;
        bytes += (*frame)->body.size();
      }
    }
    CHECK(types == "QSPdX");
    CHECK(bytes == stream.size() - 5 * 5);
    CHECK(reader.empty());
    reader.release();
    CHECK(reader.bytes_held() == 0);
  }
}

TEST_CASE("a length that no message may have ends the stream") {
  const auto next = [](Phase phase, const std::string& bytes) {
    FrameReader reader(1u << 20, no_end);
    reader.enter(phase);
    feed(reader, bytes);
    return reader.next().has_value();
  };
  for (const uint32_t length : {0u, 1u, 2u, 3u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
    CAPTURE(length);
    CHECK_FALSE(next(Phase::kStartup, number(length, 4)));
    CHECK_FALSE(next(Phase::kAuthentication, "p" + number(length, 4)));
    for (const char type : std::string("QPBEDCHSXFdcf"))
      CHECK_FALSE(next(Phase::kMessages, type + number(length, 4)));
  }
  CHECK(next(Phase::kStartup, number(kStartupBytesMax, 4)));
  CHECK_FALSE(next(Phase::kStartup, number(kStartupBytesMax + 1, 4)));
  CHECK(next(Phase::kAuthentication, "p" + number(kAuthenticationBytesMax, 4)));
  CHECK_FALSE(next(Phase::kAuthentication, "p" + number(kAuthenticationBytesMax + 1, 4)));
  CHECK(next(Phase::kMessages, "Q" + number(1u << 20, 4)));
  CHECK_FALSE(next(Phase::kMessages, "Q" + number((1u << 20) + 1, 4)));
  CHECK_FALSE(next(Phase::kMessages, "E" + number(kSmallMessageBytesMax + 1, 4)));
}

TEST_CASE("types that nobody sends end the stream, in each phase") {
  const std::string known = "QPBEDCHSXFdcfp";
  for (int type = 0; type < 256; ++type) {
    CAPTURE(type);
    const std::string bytes = static_cast<char>(type) + number(4, 4);
    FrameReader reader(kMessageBytesMax, no_end);
    reader.enter(Phase::kMessages);
    feed(reader, bytes);
    CHECK(reader.next().has_value() == (known.find(static_cast<char>(type)) != std::string::npos));
    FrameReader early(kMessageBytesMax, no_end);
    early.enter(Phase::kAuthentication);
    feed(early, bytes);
    CHECK(early.next().has_value() == (type == 'p'));
  }
}

TEST_CASE("a claim of a gigabyte takes memory as its bytes come") {
  FrameReader reader(kMessageBytesMax, no_end);
  reader.enter(Phase::kMessages);
  feed(reader, "d" + number(kMessageBytesMax, 4));
  REQUIRE(reader.next().has_value());
  CHECK(reader.bytes_held() <= 16u << 10);
  feed(reader, std::string(100'000, 'x'));
  const auto frame = reader.next();
  REQUIRE(frame.has_value());
  CHECK_FALSE(frame->has_value());
  CHECK(reader.bytes_held() <= 512u << 10);
}

TEST_CASE("what all readers hold is bounded, but for their first bytes, and given back") {
  InputBudget budget(1u << 20);
  const std::string begun = "Q" + number(600'000, 4) + std::string(400'000, 'x');
  const auto give = [&](FrameReader& reader) {
    reader.enter(Phase::kMessages);
    std::string_view bytes = begun;
    while (!bytes.empty()) {
      const auto room = reader.room();
      if (!room) return room.error().code() == ErrorCode::kOutOfMemory ? "refused" : "wrong";
      const size_t size = std::min(room->size(), bytes.size());
      std::memcpy(room->data(), bytes.data(), size);
      reader.received(size);
      bytes.remove_prefix(size);
      REQUIRE(reader.next().has_value());
    }
    return "taken";
  };
  {
    FrameReader first(kMessageBytesMax, budget);
    FrameReader second(kMessageBytesMax, budget);
    FrameReader third(kMessageBytesMax, budget);
    CHECK(give(first) == std::string("taken"));
    CHECK(give(second) == std::string("taken"));
    CHECK(give(third) == std::string("refused"));
    CHECK(budget.bytes_taken() <= 1u << 20);
    // Others' short messages are taken all the same.
    InputShare rest(budget);
    InputCharge all;
    CHECK(all.charge(rest, (1u << 20) - budget.bytes_taken() + InputShare::kFreeBytes));
    for (int i = 0; i < 100; ++i) {
      FrameReader other(kMessageBytesMax, budget);
      other.enter(Phase::kMessages);
      feed(other, framed('Q', text("SELECT 1")) + framed('S', ""));
      CHECK(other.next()->has_value());
    }
  }
  CHECK(budget.bytes_taken() == 0);
  FrameReader reader(kMessageBytesMax, budget);
  reader.enter(Phase::kMessages);
  for (int i = 0; i < 10; ++i) {
    feed(reader, framed('Q', std::string(500'000, 'x')));
    CHECK(reader.next()->has_value());
    CHECK(budget.bytes_taken() > 0);
    reader.release();
    CHECK(budget.bytes_taken() == 0);
  }
}

TEST_CASE("what is written can be read back, and strings end at a zero byte") {
  std::string out;
  parameter_status(out, "TimeZone", std::string_view("UTC\0x", 5));
  CHECK(out == "S" + number(4 + 9 + 4, 4) + text("TimeZone") + text("UTC"));
  out.clear();
  DataRow row(out, 2);
  row.null();
  row.begin_value();
  out += "abc";
  row.end_value();
  CHECK(row.end());
  CHECK(out == "D" + number(4 + 2 + 4 + 4 + 3, 4) + number(2, 2) + number(0xffffffff, 4) +
                   number(3, 4) + "abc");
  out.clear();
  Failure failure{.sqlstate = "42601", .message = "m", .hint = "h", .position = 7};
  error_response(out, failure);
  const std::string fields = "S" + text("ERROR") + "V" + text("ERROR") + "C" + text("42601") + "M" +
                             text("m") + "H" + text("h") + "P" + text("7") + std::string(1, '\0');
  CHECK(out == framed('E', fields));
  out.clear();
  ready_for_query(out, TransactionState::kFailed);
  CHECK(out == framed('Z', "E"));
}

}  // namespace
}  // namespace rowan::server::pgwire
