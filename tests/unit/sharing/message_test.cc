// What is said between processes: both directions of every structure, and what is cut short.
#include "sharing/message.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace rowan;
using namespace rowan::sharing;

namespace {

RowsHead some_rows() {
  RowsHead head;
  head.id = 7;
  ColumnInfo column;
  column.name = "a";
  column.type_name = "numeric(10,2)";
  column.kind = ColumnKind::kNumeric;
  column.type_oid = 1700;
  column.type_modifier = 655366;
  head.columns = {column, column};
  head.first.values = std::string("\0\x01 bytes", 9);
  head.first.rows = 3;
  head.first.failure = Failure{"22012", "division by zero", "d", "h", 9, true, "w", "s", "t", "c", "y", "n"};
  head.first.tag = "SELECT 3";
  head.first.notices = {Notice{.severity = "WARNING", .sqlstate = "25P01", .message = "m"}};
  return head;
}

template <typename T>
void must_survive_cuts(const T& value) {
  const std::string whole = encode(value);
  T read{};
  Decoder in(whole);
  in(read);
  CHECK(in.is_sound());
  CHECK(encode(read) == whole);
  for (size_t size = 0; size < whole.size(); ++size) {
    T cut{};
    Decoder part(std::string_view(whole).substr(0, size));
    part(cut);
    CHECK_FALSE(part.is_sound());
  }
  // A byte that is another one is read as something, or not; never beyond the end.
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0xff);
    T odd{};
    Decoder part(changed);
    part(odd);
  }
}

}  // namespace

TEST_CASE("every structure is read as it was written, and cut short it is told to be") {
  must_survive_cuts(some_rows());
  must_survive_cuts(Reply{9, TransactionState::kFailed, "main", Settings{{"a", "b"}, {"c", ""}}});
  must_survive_cuts(Farewell{12, {"57P01", "m", "", "", 0, true}});
  must_survive_cuts(PreparedFacts{3, 2, "COPY", true, false});
  must_survive_cuts(Welcome{std::string(kGreeting), 77});
  StatementInfo info;
  info.parameters = {{"integer", 23}, {"text", 25}};
  info.columns = some_rows().columns;
  info.words = "SELECT";
  must_survive_cuts(info);
  ConnectOptions options;
  options.branch = "b";
  options.settings = {{"work_mem", "5MB"}};
  options.folder = "/tmp";
  options.command_hints = true;
  must_survive_cuts(options);
  must_survive_cuts(std::vector<Parameter>{std::monostate(), true, int64_t{-5}, 2.5, std::string("x"),
                                           BinaryValue{std::string("\0\1", 2)}});
}
