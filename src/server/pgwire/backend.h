// What the server says: messages appended to a buffer that the connection writes out.
//
// Errors: none; text is cut at a zero byte, which no string of the protocol can hold. A message
//         above 1 GB cannot be said: `DataRow` tells, and is taken back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::server::pgwire {

enum class Severity : uint8_t { kError, kFatal };

// Writes one message: its type, its length when it ends, and what is put in between.
class MessageWriter {
 public:
  MessageWriter(std::string& out, char type) : out_(out) {
    out_ += type;
    start_ = out_.size();
    out_.append(4, '\0');
  }
  void byte(char value) { out_ += value; }
  void int16(uint16_t value) { number(value, 2); }
  void int32(uint32_t value) { number(value, 4); }
  void string(std::string_view text) {
    out_ += text.substr(0, text.find('\0'));
    out_ += '\0';
  }
  void bytes(std::string_view value) { out_ += value; }
  void end();

 private:
  void number(uint32_t value, int size) {
    for (int i = size - 1; i >= 0; --i) out_ += static_cast<char>(value >> (8 * i) & 0xff);
  }

  std::string& out_;
  size_t start_ = 0;
};

// One row, value by value; each is appended to the buffer itself, so that nothing is copied.
class DataRow {
 public:
  DataRow(std::string& out, size_t columns);
  void null();
  void begin_value();
  void end_value();
  bool end();  // False: longer than a message can be; the buffer is as it was.

 private:
  std::string& out_;
  size_t row_;
  size_t value_ = 0;
};

void authentication_ok(std::string& out);
void authentication_sasl(std::string& out, std::string_view mechanism);
void authentication_sasl_continue(std::string& out, std::string_view data);
void authentication_sasl_final(std::string& out, std::string_view data);
void negotiate_protocol_version(std::string& out, uint16_t minor,
                                const std::vector<std::string_view>& unknown);
void parameter_status(std::string& out, std::string_view name, std::string_view value);
void backend_key_data(std::string& out, uint32_t process, uint32_t secret);
void ready_for_query(std::string& out, TransactionState state);
void error_response(std::string& out, const Failure& failure, Severity severity = Severity::kError);
// `severity`: NOTICE, WARNING, INFO …
void notice_response(std::string& out, std::string_view severity, const Failure& notice);
void command_complete(std::string& out, std::string_view tag);
void empty_message(std::string& out, char type);  // One of the below.
inline constexpr char kParseComplete = '1';
inline constexpr char kBindComplete = '2';
inline constexpr char kCloseComplete = '3';
inline constexpr char kNoData = 'n';
inline constexpr char kPortalSuspended = 's';
inline constexpr char kEmptyQueryResponse = 'I';
inline constexpr char kCopyDone = 'c';

void parameter_description(std::string& out, const std::vector<uint32_t>& types);
struct FieldDescription {
  std::string_view name;
  uint32_t type = 0;
  int16_t type_size = 0;
  int32_t type_modifier = -1;
  int16_t format = 0;
  uint32_t table = 0;  // Oid and number of the table's column that it is; 0: of none.
  int16_t table_column = 0;
};
void row_description(std::string& out, const std::vector<FieldDescription>& fields);
// 'G': the client sends, 'H': the server does. All columns in one format.
void copy_response(std::string& out, char type, size_t columns, int16_t format);
void copy_data(std::string& out, std::string_view bytes);

}  // namespace rowan::server::pgwire
