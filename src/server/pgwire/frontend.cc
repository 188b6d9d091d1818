#include "server/pgwire/frontend.h"

#include <fmt/format.h>

#include "sql/lexer.h"

namespace rowan::server::pgwire {

namespace {

constexpr uint32_t kSslCode = 80877103;
constexpr uint32_t kGssCode = 80877104;
constexpr uint32_t kCancelCode = 80877102;
constexpr int32_t kNull = -1;

Error malformed(std::string_view what) {
  return Error(ErrorCode::kProtocolViolation, std::string(what));
}

// Takes a body apart from the front. What is not there sets `broken`, and reads as zero or empty.
class BodyReader {
 public:
  explicit BodyReader(Bytes body) : rest_(body) {}

  uint8_t byte() { return static_cast<uint8_t>(number(1)); }
  uint16_t int16() { return static_cast<uint16_t>(number(2)); }
  uint32_t int32() { return number(4); }
  std::string_view string() {
    const size_t end = rest_.find('\0');
    if (end == Bytes::npos) {
      broken_ = true;
      return {};
    }
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    // Whatever it is used for, an answer may repeat it.
    if (auto checked = sql::check_text(text); !checked && !bad_text_)
      bad_text_ = std::move(checked.error());
    return text;
  }
  Bytes take(size_t size) {
    if (size > rest_.size()) {
      broken_ = true;
      return {};
    }
    const Bytes taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  // Whether so many things of at least `size` bytes can be in what is left.
  bool may_hold(size_t count, size_t size) {
    if (count * size > rest_.size()) broken_ = true;
    return !broken_;
  }
  bool broken() const { return broken_; }
  bool at_end() const { return rest_.empty(); }

  Result<void> finish() const {
    if (broken_) return malformed("insufficient data left in message");
    if (!rest_.empty()) return malformed("invalid message format");
    return check_texts();
  }
  Result<void> check_texts() const {
    if (bad_text_) return *bad_text_;
    return {};
  }

 private:
  uint32_t number(size_t size) {
    const Bytes bytes = take(size);
    uint32_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
    return value;
  }

  Bytes rest_;
  bool broken_ = false;
  std::optional<Error> bad_text_;  // The first string that is no UTF-8.
};

void read_formats(BodyReader& reader, std::vector<int16_t>& formats) {
  const size_t count = reader.int16();
  if (!reader.may_hold(count, 2)) return;
  formats.reserve(count);
  for (size_t i = 0; i < count; ++i) formats.push_back(static_cast<int16_t>(reader.int16()));
}

Result<void> check_formats(const std::vector<int16_t>& formats) {
  for (const int16_t format : formats) {
    if (format != 0 && format != 1)
      return malformed(fmt::format("invalid format code: {}", format));
  }
  return {};
}

}  // namespace

Result<StartupPacket> parse_startup(Bytes body) {
  BodyReader reader(body);
  StartupPacket packet;
  const uint32_t code = reader.int32();
  if (reader.broken()) return malformed("invalid length of startup packet");
  if (code == kSslCode || code == kGssCode) {
    packet.kind = code == kSslCode ? StartupKind::kSsl : StartupKind::kGss;
  } else if (code == kCancelCode) {
    packet.kind = StartupKind::kCancel;
    packet.process = reader.int32();
    packet.secret = reader.int32();
  } else {
    packet.major = static_cast<uint16_t>(code >> 16);
    packet.minor = static_cast<uint16_t>(code & 0xffff);
    if (packet.major != 3) return packet;  // What follows is that version's own.
    for (std::string_view name = reader.string(); !name.empty(); name = reader.string())
      packet.parameters.emplace_back(name, reader.string());
  }
  if (reader.broken() || !reader.at_end())
    return malformed("invalid startup packet layout: expected terminator as last byte");
  TRY(reader.check_texts());
  return packet;
}

Result<SaslInitial> parse_sasl_initial(Bytes body) {
  BodyReader reader(body);
  SaslInitial initial;
  initial.mechanism = reader.string();
  const auto size = static_cast<int32_t>(reader.int32());
  if (size != kNull) initial.data = reader.take(static_cast<uint32_t>(size));
  TRY(reader.finish());
  return initial;
}

Result<std::string_view> parse_query(Bytes body) {
  BodyReader reader(body);
  const std::string_view text = reader.string();
  if (reader.broken()) return malformed("invalid string in message");
  TRY(reader.finish());
  return text;
}

Result<ParseMessage> parse_parse(Bytes body) {
  BodyReader reader(body);
  ParseMessage message;
  message.statement = reader.string();
  message.sql = reader.string();
  const size_t count = reader.int16();
  if (reader.may_hold(count, 4)) {
    message.types.reserve(count);
    for (size_t i = 0; i < count; ++i) message.types.push_back(reader.int32());
  }
  TRY(reader.finish());
  return message;
}

Result<BindMessage> parse_bind(Bytes body) {
  BodyReader reader(body);
  BindMessage message;
  message.portal = reader.string();
  message.statement = reader.string();
  read_formats(reader, message.parameter_formats);
  const size_t count = reader.int16();
  if (reader.may_hold(count, 4)) message.parameters.reserve(count);
  for (size_t i = 0; i < count && !reader.broken(); ++i) {
    const auto size = static_cast<int32_t>(reader.int32());
    if (size == kNull) {
      message.parameters.emplace_back();
    } else {
      message.parameters.emplace_back(reader.take(static_cast<uint32_t>(size)));
    }
  }
  read_formats(reader, message.result_formats);
  TRY(reader.finish());
  if (message.parameter_formats.size() > 1 && message.parameter_formats.size() != count)
    return malformed(fmt::format("bind message has {} parameter formats but {} parameters",
                                 message.parameter_formats.size(), count));
  TRY(check_formats(message.parameter_formats));
  TRY(check_formats(message.result_formats));
  return message;
}

Result<TargetMessage> parse_target(Bytes body, std::string_view message) {
  BodyReader reader(body);
  TargetMessage target;
  target.kind = static_cast<char>(reader.byte());
  target.name = reader.string();
  TRY(reader.finish());
  if (target.kind != 'S' && target.kind != 'P')
    return malformed(
        fmt::format("invalid {} message subtype {}", message, static_cast<uint8_t>(target.kind)));
  return target;
}

Result<ExecuteMessage> parse_execute(Bytes body) {
  BodyReader reader(body);
  ExecuteMessage message;
  message.portal = reader.string();
  const auto rows = static_cast<int32_t>(reader.int32());
  TRY(reader.finish());
  message.rows_max = rows > 0 ? static_cast<uint32_t>(rows) : 0;  // As PostgreSQL takes it.
  return message;
}

Result<void> parse_empty(Bytes body) { return BodyReader(body).finish(); }

}  // namespace rowan::server::pgwire
