// COPY's reader over arbitrary bytes and formats: the pieces in which bytes arrive do not matter,
// and csv fields that were read are read the same when they are written again. Input: csv?,
// delimiter, quote, escape, piece size, then the text.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "exec/copy_format.h"
#include "fuzz_input.h"

namespace {

using namespace rowan;
using fuzz::require;

struct Field {
  std::string text;
  bool is_null = false;
  bool operator==(const Field&) const = default;
};
struct Outcome {
  std::vector<std::vector<Field>> records;
  std::vector<uint64_t> lines;
  std::string error;
  bool operator==(const Outcome&) const = default;
};

Outcome read_all(const exec::CopyFormat& format, std::string_view text, size_t piece) {
  const exec::ByteSource source = [&text, piece](char* buffer, size_t size) -> Result<size_t> {
    const size_t count = std::min({size, piece, text.size()});
    if (count > 0) {
      std::memcpy(buffer, text.data(), count);
    }
    text.remove_prefix(count);
    return count;
  };
  exec::CopyReader reader(format, source, "t");
  Outcome outcome;
  std::vector<exec::CopyField> fields;
  while (true) {
    const auto more = reader.next(fields);
    if (!more) {
      outcome.error = more.error().message();
      return outcome;
    }
    if (!*more) {
      return outcome;
    }
    outcome.lines.push_back(reader.line());
    auto& record = outcome.records.emplace_back();
    for (const exec::CopyField& field : fields) {
      record.push_back({std::string(field.text), field.is_null});
    }
  }
}

void check_written_again(const exec::CopyFormat& format, const Outcome& read) {
  std::string written;
  for (const auto& record : read.records) {
    for (size_t i = 0; i < record.size(); ++i) {
      written.append(i > 0 ? 1 : 0, format.delimiter);
      if (record[i].is_null) {
        written += format.null_text;
      } else {
        exec::append_field(format, record[i].text, written);
      }
    }
    written += '\n';
  }
  const Outcome again = read_all(format, written, written.size() + 1);
  require(again.error.empty() && again.records == read.records,
          "fields that were written are read the same", written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  // The statement's own checks decide which formats there are.
  sql::CopyStmt statement{};
  statement.csv = (input.byte() & 1) != 0;
  statement.delimiter = input.take(1);
  statement.has_delimiter = true;
  statement.quote = input.take(1);
  statement.has_quote = statement.csv;
  statement.escape = input.take(1);
  statement.has_escape = statement.csv;
  const size_t piece = size_t{input.byte()} + 1;
  const auto format = exec::copy_format(statement);
  // Pieces cost a megabyte of cleared buffer each, so a text longer than this is no use.
  constexpr size_t kTextMax = 400;
  if (!format || input.rest().size() > kTextMax) {
    return 0;
  }
  const Outcome whole = read_all(*format, input.rest(), input.rest().size() + 1);
  require(read_all(*format, input.rest(), std::max<size_t>(piece, 16)) == whole,
          "pieces do not matter", input.rest());
  check_written_again(*format, whole);
  return 0;
}
