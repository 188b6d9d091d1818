#include "server/pgwire/backend.h"

#include <algorithm>

#include "base/ensure.h"
#include "server/pgwire/frame.h"

namespace rowan::server::pgwire {

namespace {

void put_length(std::string& out, size_t at, uint32_t length) {
  for (int i = 0; i < 4; ++i) out[at + i] = static_cast<char>(length >> (24 - 8 * i) & 0xff);
}

void fields_of(MessageWriter& message, std::string_view severity, const Failure& failure) {
  const auto field = [&](char code, std::string_view text) {
    message.byte(code);
    message.string(text);
  };
  field('S', severity);
  field('V', severity);
  field('C', failure.sqlstate);
  field('M', failure.message);
  if (!failure.detail.empty()) field('D', failure.detail);
  if (!failure.hint.empty()) field('H', failure.hint);
  if (failure.position > 0) field('P', std::to_string(failure.position));
  const auto field_if_any = [&](char code, std::string_view text) {
    if (!text.empty()) field(code, text);
  };
  field_if_any('W', failure.context);
  field_if_any('s', failure.schema);
  field_if_any('t', failure.table);
  field_if_any('c', failure.column);
  field_if_any('d', failure.data_type);
  field_if_any('n', failure.constraint);
  message.byte('\0');
}

void authentication(std::string& out, uint32_t kind, std::string_view data) {
  MessageWriter message(out, 'R');
  message.int32(kind);
  message.bytes(data);
  message.end();
}

}  // namespace

void MessageWriter::end() {
  const size_t length = out_.size() - start_;
  ENSURE(length <= kMessageBytesMax);
  put_length(out_, start_, static_cast<uint32_t>(length));
}

DataRow::DataRow(std::string& out, size_t columns) : out_(out), row_(out.size()) {
  out_ += 'D';
  out_.append(4, '\0');
  out_ += static_cast<char>(columns >> 8 & 0xff);
  out_ += static_cast<char>(columns & 0xff);
}

void DataRow::null() { out_.append(4, '\xff'); }

void DataRow::begin_value() {
  value_ = out_.size();
  out_.append(4, '\0');
}

void DataRow::end_value() {
  // Too long a value makes too long a row: end() tells.
  put_length(out_, value_, static_cast<uint32_t>(out_.size() - value_ - 4));
}

bool DataRow::end() {
  const size_t length = out_.size() - row_ - 1;
  if (length > kMessageBytesMax) {
    out_.resize(row_);
    return false;
  }
  put_length(out_, row_ + 1, static_cast<uint32_t>(length));
  return true;
}

void authentication_ok(std::string& out) { authentication(out, 0, {}); }

void authentication_sasl(std::string& out, std::string_view mechanism) {
  std::string list(mechanism);
  list.append(2, '\0');  // The name's end, and the list's.
  authentication(out, 10, list);
}

void authentication_sasl_continue(std::string& out, std::string_view data) {
  authentication(out, 11, data);
}

void authentication_sasl_final(std::string& out, std::string_view data) {
  authentication(out, 12, data);
}

void negotiate_protocol_version(std::string& out, uint16_t minor,
                                const std::vector<std::string_view>& unknown) {
  MessageWriter message(out, 'v');
  message.int32(static_cast<uint32_t>(3) << 16 | minor);
  message.int32(static_cast<uint32_t>(unknown.size()));
  for (const std::string_view name : unknown) message.string(name);
  message.end();
}

void parameter_status(std::string& out, std::string_view name, std::string_view value) {
  MessageWriter message(out, 'S');
  message.string(name);
  message.string(value);
  message.end();
}

void backend_key_data(std::string& out, uint32_t process, uint32_t secret) {
  MessageWriter message(out, 'K');
  message.int32(process);
  message.int32(secret);
  message.end();
}

void ready_for_query(std::string& out, TransactionState state) {
  MessageWriter message(out, 'Z');
  switch (state) {
    case TransactionState::kIdle:
      message.byte('I');
      break;
    case TransactionState::kOpen:
      message.byte('T');
      break;
    case TransactionState::kFailed:
      message.byte('E');
      break;
  }
  message.end();
}

void error_response(std::string& out, const Failure& failure, Severity severity) {
  MessageWriter message(out, 'E');
  fields_of(message, severity == Severity::kFatal ? "FATAL" : "ERROR", failure);
  message.end();
}

void notice_response(std::string& out, std::string_view severity, const Failure& notice) {
  MessageWriter message(out, 'N');
  fields_of(message, severity, notice);
  message.end();
}

void command_complete(std::string& out, std::string_view tag) {
  MessageWriter message(out, 'C');
  message.string(tag);
  message.end();
}

void empty_message(std::string& out, char type) { MessageWriter(out, type).end(); }

void parameter_description(std::string& out, const std::vector<uint32_t>& types) {
  MessageWriter message(out, 't');
  message.int16(static_cast<uint16_t>(types.size()));
  for (const uint32_t type : types) message.int32(type);
  message.end();
}

void row_description(std::string& out, const std::vector<FieldDescription>& fields) {
  MessageWriter message(out, 'T');
  message.int16(static_cast<uint16_t>(fields.size()));
  for (const FieldDescription& field : fields) {
    message.string(field.name);
    message.int32(field.table);
    message.int16(static_cast<uint16_t>(field.table_column));
    message.int32(field.type);
    message.int16(static_cast<uint16_t>(field.type_size));
    message.int32(static_cast<uint32_t>(field.type_modifier));
    message.int16(static_cast<uint16_t>(field.format));
  }
  message.end();
}

void copy_response(std::string& out, char type, size_t columns, int16_t format) {
  MessageWriter message(out, type);
  message.byte(static_cast<char>(format));
  message.int16(static_cast<uint16_t>(columns));
  for (size_t i = 0; i < columns; ++i) message.int16(static_cast<uint16_t>(format));
  message.end();
}

void copy_data(std::string& out, std::string_view bytes) {
  MessageWriter message(out, 'd');
  message.bytes(bytes);
  message.end();
}

}  // namespace rowan::server::pgwire
