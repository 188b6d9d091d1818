#include "exec/copy_format.h"

#include <fmt/format.h>

#include <cstring>

#include "base/ensure.h"
#include "type/text.h"

namespace rowan::exec {

namespace {

constexpr size_t kReadBytes = 1u << 20;
constexpr size_t kShownBytesMax = 100;  // As PostgreSQL.

Result<char> one_byte(std::string_view option, std::string_view text) {
  if (text.size() != 1) {
    return Error(ErrorCode::kFeatureNotSupported,
                 fmt::format("COPY {} must be a single one-byte character", option));
  }
  if (text[0] == '\n' || text[0] == '\r') {
    return Error(ErrorCode::kInvalidParameterValue,
                 fmt::format("COPY {} cannot be newline or carriage return", option));
  }
  return text[0];
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 32);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

Result<CopyFormat> copy_format(const sql::CopyStmt& statement) {
  CopyFormat format;
  format.csv = statement.csv;
  format.header = statement.header;
  if (format.csv) {
    format.delimiter = ',';
    format.null_text.clear();
  }
  if (statement.has_delimiter) {
    TRY_ASSIGN(format.delimiter, one_byte("delimiter", statement.delimiter));
  }
  if (statement.has_null) format.null_text = statement.null_text;
  if (format.null_text.find_first_of("\r\n") != std::string::npos) {
    return Error(ErrorCode::kInvalidParameterValue,
                 "COPY null representation cannot use newline or carriage return");
  }
  if ((statement.has_quote || statement.has_escape) && !format.csv) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "COPY quote and escape are available only in CSV mode");
  }
  if (statement.has_quote) {
    TRY_ASSIGN(format.quote, one_byte("quote", statement.quote));
  }
  format.escape = format.quote;
  if (statement.has_escape) {
    TRY_ASSIGN(format.escape, one_byte("escape", statement.escape));
  }
  if (format.csv && format.delimiter == format.quote) {
    return Error(ErrorCode::kInvalidParameterValue, "COPY delimiter and quote must be different");
  }
  if (!format.csv &&
      std::strchr("\\.abcdefghijklmnopqrstuvwxyz0123456789", format.delimiter) != nullptr) {
    return Error(ErrorCode::kInvalidParameterValue,
                 fmt::format("COPY delimiter cannot be \"{}\"", format.delimiter));
  }
  return format;
}

CopyReader::CopyReader(const CopyFormat& format, const ByteSource& source, std::string table)
    : format_(format), source_(source), table_(std::move(table)) {}

std::string shown_of_copy(std::string_view text) { return type::clipped(text, kShownBytesMax); }

std::string CopyReader::place() const {
  std::string place = fmt::format("COPY {}, line {}", table_, record_line_);
  if (record_) place += fmt::format(": \"{}\"", shown_of_copy(*record_));
  return place;
}

Error CopyReader::at_line(Error error) const {
  if (!error.context().empty()) return at_line(std::move(error), record_line_);
  return std::move(error).with_context(place());
}

Error CopyReader::at_line(Error error, uint64_t line) const {
  std::string context = fmt::format("COPY {}, line {}", table_, line);
  if (!error.context().empty()) context += ", " + error.context();
  return std::move(error).with_context(std::move(context));
}

Error CopyReader::malformed(std::string message) const {
  return at_line(Error(ErrorCode::kBadCopyFormat, std::move(message)));
}

// Reads more input behind what is buffered. False at the end of the source.
Result<bool> CopyReader::fill() {
  if (ended_) return false;
  if (at_ > 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  if (buffer_.size() > kRecordBytesMax)
    return Error(ErrorCode::kProgramLimit,
                 fmt::format("a record is longer than {} bytes", kRecordBytesMax));
  if (block_ == nullptr) block_ = std::make_unique_for_overwrite<char[]>(kReadBytes);
  TRY_ASSIGN(const size_t got, source_(block_.get(), kReadBytes));
  starved_ = got == kNoBytesYet;
  if (starved_) return false;
  ENSURE(got <= kReadBytes);
  buffer_.append(block_.get(), got);
  bytes_read_ += got;
  if (got == 0) ended_ = true;
  return got > 0;
}

Error CopyReader::stray(char byte) const {
  const std::string_view how = format_.csv ? "unquoted" : "literal";
  const bool newline = byte == '\n';
  Error error(ErrorCode::kBadCopyFormat,
              fmt::format("{} {} found in data", how, newline ? "newline" : "carriage return"));
  const std::string_view spelled = newline ? "\\n" : "\\r";
  std::string hint = format_.csv
                         ? fmt::format("Use quoted CSV field to represent {}.",
                                       newline ? "newline" : "carriage return")
                         : fmt::format("Use \"{}\" to represent {}.", spelled,
                                       newline ? "newline" : "carriage return");
  return at_line(std::move(error).with_hint(std::move(hint)));
}

// What stands at `i`, a carriage return or a newline outside quotes, as the end of a record. The
// first one found says how all records end; another kind behind it is an error.
Result<CopyReader::Scan> CopyReader::end_record(const char* base, size_t size, size_t i) {
  if (base[i] == '\n') {
    if (line_end_ == LineEnd::kReturn || line_end_ == LineEnd::kBoth) return stray('\n');
    line_end_ = LineEnd::kNewline;
    return Scan{Scan::kRecord, i, i + 1};
  }
  if (line_end_ == LineEnd::kNewline) return stray('\r');
  if (line_end_ == LineEnd::kReturn) return Scan{Scan::kRecord, i, i + 1};
  if (i + 1 == size && !ended_) return Scan{Scan::kMore, i, i};
  if (i + 1 < size && base[i + 1] == '\n') {
    line_end_ = LineEnd::kBoth;
    return Scan{Scan::kRecord, i, i + 2};
  }
  if (line_end_ == LineEnd::kBoth) return stray('\r');
  line_end_ = LineEnd::kReturn;
  return Scan{Scan::kRecord, i, i + 1};
}

// `\.` at `i`: the end of the data, when a line end of the kind in use follows it.
Result<CopyReader::Scan> CopyReader::end_of_copy(const char* base, size_t size, size_t i) {
  const size_t from = i + 2;
  const size_t wanted = line_end_ == LineEnd::kBoth ? 2 : 1;
  if (size < from + wanted && !ended_) return Scan{Scan::kMore, i, i};
  const auto at = [&](size_t place) { return place < size ? base[place] : '\0'; };
  const bool any = at(from) == '\n' || at(from) == '\r';
  const bool fits = line_end_ == LineEnd::kBoth     ? at(from) == '\r' && at(from + 1) == '\n'
                    : line_end_ == LineEnd::kReturn ? at(from) == '\r'
                    : line_end_ == LineEnd::kNewline ? at(from) == '\n'
                                                     : any;
  if (fits) return Scan{Scan::kEnd, i, from + wanted};
  if (format_.csv) return Scan{Scan::kNothing, i, i};
  return malformed(any ? "end-of-copy marker does not match previous newline style"
                       : "end-of-copy marker corrupt");
}

// Looks for the end of a text record in the first `size` bytes of what is buffered.
Result<CopyReader::Scan> CopyReader::scan_text(const char* base, size_t size) {
  size_t i = scanned_;
  const auto find = [&](char byte, size_t end) {
    const void* found = i < end ? std::memchr(base + i, byte, end - i) : nullptr;
    return found == nullptr ? end : static_cast<size_t>(static_cast<const char*>(found) - base);
  };
  for (;;) {
    size_t stop = find('\n', size);
    stop = find('\r', stop);
    stop = find('\\', stop);
    if (stop == size) return Scan{Scan::kMore, size, size};
    if (base[stop] != '\\') return end_record(base, size, stop);
    if (stop + 1 == size) return Scan{Scan::kMore, ended_ ? size : stop, size};
    if (base[stop + 1] == '.') return end_of_copy(base, size, stop);
    if (base[stop + 1] == '\n') ++line_;
    i = stop + 2;  // A backslash takes the next byte with it, a line end included.
  }
}

// The same for csv, where line ends inside quotes are data.
Result<CopyReader::Scan> CopyReader::scan_csv(const char* base, size_t size) {
  for (size_t i = scanned_; i < size; ++i) {
    const char c = base[i];
    if (i == 0 && c == '\\' && !in_quotes_) {
      if (size == 1 && !ended_) return Scan{Scan::kMore, 0, 0};
      if (size > 1 && base[1] == '.') {
        TRY_ASSIGN(const Scan scan, end_of_copy(base, size, 0));
        if (scan.found != Scan::kNothing) return scan;
      }
    }
    if (in_quotes_ && c == format_.escape && format_.escape != format_.quote) {
      if (i + 1 >= size && !ended_) return Scan{Scan::kMore, i, i};
      // It takes a quote or itself with it.
      if (i + 1 < size && (base[i + 1] == format_.quote || base[i + 1] == format_.escape)) ++i;
    } else if (c == format_.quote) {
      in_quotes_ = !in_quotes_;
    } else if (in_quotes_) {
      if (c == '\n') ++line_;
    } else if (c == '\n' || c == '\r') {
      return end_record(base, size, i);
    }
  }
  return Scan{Scan::kMore, size, size};
}

// The bytes of the next record, without its line end. False at the end of the source or at `\.`.
Result<bool> CopyReader::take_record(std::string_view& record) {
  if (!std::exchange(starved_, false)) {  // Else it goes on in the record where it was.
    scanned_ = 0;
    in_quotes_ = false;
    record_line_ = line_;
    record_.reset();
  }
  if (finished_) return false;
  for (;;) {
    const char* base = buffer_.data() + at_;
    const size_t size = buffer_.size() - at_;
    TRY_ASSIGN(const Scan scan, format_.csv ? scan_csv(base, size) : scan_text(base, size));
    if (scan.found == Scan::kMore) {
      scanned_ = scan.stop;
      const bool had_ended = ended_;
      TRY_ASSIGN(const bool more, fill());
      if (starved_) return false;
      if (more || !had_ended) continue;  // What waited for a byte more is looked at once again.
      record = std::string_view(buffer_).substr(at_);
      at_ = buffer_.size();
      record_ = record;
      return !record.empty();
    }
    record = std::string_view(buffer_).substr(at_, scan.stop);
    at_ += scan.next;
    ++line_;
    // Behind other bytes of its line it only ends the record, as in PostgreSQL.
    finished_ = scan.found == Scan::kEnd && record.empty();
    record_ = record;
    return !finished_;
  }
}

Result<bool> CopyReader::next(std::vector<CopyField>& fields) {
  fields.clear();
  scratch_.clear();
  if (format_.header && !header_read_) {  // A record whose fields nobody looks at.
    std::string_view record;
    TRY_ASSIGN(const bool any, take_record(record));
    if (starved_) return false;
    header_read_ = true;
    // It must be text all the same: what is not is no CSV file either.
    if (!type::is_valid_utf8(record) || record.find('\0') != std::string_view::npos)
      return at_line(Error(ErrorCode::kUntranslatableCharacter, "the header is not valid UTF-8 text"));
    return any;
  }
  return format_.csv ? next_csv(fields) : next_text(fields);
}

Result<bool> CopyReader::next_csv(std::vector<CopyField>& fields) {
  std::string_view record;
  TRY_ASSIGN(const bool found, take_record(record));
  if (!found) return false;
  scratch_.reserve(record.size());  // Views into it must not move.
  size_t i = 0;
  for (;;) {
    const bool quoted_start = i < record.size() && record[i] == format_.quote;
    if (!quoted_start) {
      const void* found_delimiter =
          std::memchr(record.data() + i, format_.delimiter, record.size() - i);
      const size_t stop_at =
          found_delimiter == nullptr
              ? record.size()
              : static_cast<size_t>(static_cast<const char*>(found_delimiter) - record.data());
      const std::string_view field = record.substr(i, stop_at - i);
      if (std::memchr(field.data(), format_.quote, field.size()) == nullptr) {
        fields.push_back({field, field == format_.null_text});
        if (stop_at == record.size()) return true;
        i = stop_at + 1;
        continue;
      }
    }
    // A field with quotes: they may open and close anywhere in it, as PostgreSQL reads it.
    const size_t start = scratch_.size();
    bool open = false;
    bool was_quoted = false;
    while (i < record.size()) {
      const char c = record[i];
      if (open && c == format_.escape && i + 1 < record.size() &&
          (record[i + 1] == format_.quote || record[i + 1] == format_.escape)) {
        scratch_.push_back(record[i + 1]);
        i += 2;
        continue;
      }
      if (c == format_.quote) {
        open = !open;
        was_quoted = true;
      } else if (!open && c == format_.delimiter) {
        break;
      } else {
        scratch_.push_back(c);
      }
      ++i;
    }
    if (open) return malformed("unterminated CSV quoted field");
    const std::string_view field(scratch_.data() + start, scratch_.size() - start);
    fields.push_back({field, !was_quoted && field == format_.null_text});
    if (i >= record.size()) return true;
    ++i;
  }
}

// Undoes the backslash sequences of the text format.
std::string_view CopyReader::unescape(std::string_view raw) {
  const size_t start = scratch_.size();
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      scratch_.push_back(raw[i]);
      continue;
    }
    if (i + 1 >= raw.size()) break;  // At the very end of the data it stands for nothing.
    const char c = raw[++i];
    switch (c) {
      case 'b':
        scratch_.push_back('\b');
        break;
      case 'f':
        scratch_.push_back('\f');
        break;
      case 'n':
        scratch_.push_back('\n');
        break;
      case 'r':
        scratch_.push_back('\r');
        break;
      case 't':
        scratch_.push_back('\t');
        break;
      case 'v':
        scratch_.push_back('\v');
        break;
      case 'x': {
        // One or two hexadecimal digits; without any it is an x.
        size_t digits = 0;
        int value = 0;
        for (; digits < 2 && i + 1 < raw.size() && hex_value(raw[i + 1]) >= 0; ++digits)
          value = value * 16 + hex_value(raw[++i]);
        scratch_.push_back(digits == 0 ? 'x' : static_cast<char>(value));
        break;
      }
      default: {
        const auto octal = [](char d) { return d >= '0' && d <= '7'; };
        if (!octal(c)) {
          scratch_.push_back(c);
          break;
        }
        int value = c - '0';
        for (int digits = 1; digits < 3 && i + 1 < raw.size() && octal(raw[i + 1]); ++digits)
          value = value * 8 + (raw[++i] - '0');
        scratch_.push_back(static_cast<char>(value));
      }
    }
  }
  return {scratch_.data() + start, scratch_.size() - start};
}

Result<bool> CopyReader::next_text(std::vector<CopyField>& fields) {
  std::string_view record;
  TRY_ASSIGN(const bool found, take_record(record));
  if (!found) return false;
  scratch_.reserve(record.size());
  size_t start = 0;
  bool escaped = false;
  for (size_t i = 0; i <= record.size(); ++i) {
    if (i < record.size() && record[i] == '\\') {
      escaped = true;
      ++i;
      continue;
    }
    if (i < record.size() && record[i] != format_.delimiter) continue;
    const std::string_view raw = record.substr(start, std::min(i, record.size()) - start);
    const bool is_null = raw == format_.null_text;
    fields.push_back({is_null || !escaped ? raw : unescape(raw), is_null});
    start = i + 1;
    escaped = false;
  }
  if (start <= record.size() && (record.empty() ? fields.empty() : escaped)) {
    // The record ends in a lone backslash: the loop stepped over the end.
    fields.push_back({unescape(record.substr(start)), false});
  }
  return true;
}

void append_field(const CopyFormat& format, std::string_view text, std::string& out) {
  if (format.csv) {
    bool needs_quotes =
        text.empty() ? format.null_text.empty() : text == format.null_text || text == "\\.";
    for (const char c : text) {
      needs_quotes =
          needs_quotes || c == format.delimiter || c == format.quote || c == '\n' || c == '\r';
    }
    if (!needs_quotes) {
      out += text;
      return;
    }
    out.push_back(format.quote);
    for (const char c : text) {
      if (c == format.quote || c == format.escape) out.push_back(format.escape);
      out.push_back(c);
    }
    out.push_back(format.quote);
    return;
  }
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\v':
        out += "\\v";
        break;
      default:
        if (c == format.delimiter) out.push_back('\\');
        out.push_back(c);
    }
  }
}

}  // namespace rowan::exec
