// What two processes say to each other about one repository: the embedding API, call by call. Both ends
// are the same program of the same user on the same machine; numbers are in its own byte order.
//
// A frame is 4 bytes of length (of what follows), a byte that says what it is, and its body.
//
// Threads: any; an encoder or decoder is used by one.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::sharing {

// Both ends say it first; whoever has another one is another version of Rowan.
inline constexpr std::string_view kGreeting = "rowan sharing 2";

inline constexpr uint32_t kFrameBytesMax = 1u << 30;

enum class Ask : uint8_t {
  kGreet,        // kGreeting. Answered with Welcome; the first frame, unless it is a kCancel.
  kConnect,      // ConnectOptions -> key of cancel requests.
  kCheckpoint,
  kCheck,        // Whether notes are wanted -> problems, notes.
  kPrepare,      // Text, types of parameters -> PreparedFacts.
  kPrepareAll,   // Text -> a list of them.
  kDescribe,     // Statement, parameters unless it has none yet -> StatementInfo.
  kCheckValues,  // Statement, parameters.
  kRun,          // Statement, parameters -> RowsHead.
  kFetch,        // Rows -> RowBatch.
  kEndImplicit,
  kFailBlock,
  kCopyIn,       // Statement -> its columns.
  kCopyWrite,    // Bytes.
  kCopyFinish,   // -> RowsHead.
  kCopyFail,     // What the caller says -> Failure.
  kCopyOut,      // Statement -> its columns.
  kCopyNext,     // -> whether there is more, and it.
  kCopyOutFinish,  // -> RowsHead.
  kReset,
  kNameStatement,   // Statement, name.
  kNamedStatement,  // Name -> PreparedFacts.
  kDropNamed,       // Name -> whether there was one.
  kSetting,      // Name -> text, number of milliseconds.
  kReported,     // -> names and values.
  // Without an answer:
  kBeginImplicit,
  kDropRows,       // Rows.
  kDropStatement,  // Statement.
  kDropCopy,
  kCancel,         // Key. On a connection of its own.
  // Answers to what the server asks while a call runs:
  kSourceBytes,    // Outcome of read(), and the bytes.
  kSinkTaken,      // Outcome of write().
};

enum class Tell : uint8_t {
  kDone,      // Reply, then what was asked for.
  kFailed,    // Reply, then Failure.
  kNotice,    // Notice.
  kProgress,  // The parts of Progress.
  kStatus,    // Name and value of a reported setting.
  kReadSource,  // How many bytes at most.
  kWriteSink,   // Bytes.
  kFarewell,    // Farewell; the last frame of a connection.
};

// Which of its caller's handlers a call may use: bits.
inline constexpr uint8_t kHearsNotices = 1;
inline constexpr uint8_t kHearsStatuses = 2;
inline constexpr uint8_t kHearsProgress = 4;
inline constexpr uint8_t kHasSource = 8;
inline constexpr uint8_t kHasSink = 16;

// Before the body of everything that is answered.
struct Call {
  uint64_t number = 0;
  uint8_t hears = 0;
};

struct Welcome {
  std::string greeting;
  int64_t process = 0;
};

using Settings = std::vector<std::pair<std::string, std::string>>;

// Before the body of every answer: what the session is now.
struct Reply {
  uint64_t number = 0;
  TransactionState state = TransactionState::kIdle;
  std::string branch;
  // Those that differ from what the connection began with, outside of a transaction. Nothing: as before.
  std::optional<Settings> settings;
};

struct Farewell {
  uint64_t last_call = 0;  // What came after it was not begun.
  Failure why;
};

struct PreparedFacts {
  uint64_t id = 0;
  uint64_t parameter_count = 0;
  std::string words;
  bool is_copy_in = false;
  bool is_copy_out = false;
  StatementTraits traits;
};

// A row's values one after another: whether it is NULL, then the forms that its column has (see forms_of).
struct RowBatch {
  std::string values;
  uint64_t rows = 0;
  bool is_last = false;
  std::optional<Failure> failure;  // What the row behind these ended in.
  // As far as they are known.
  std::string tag;
  uint64_t affected = 0;
  std::string commit_id;
  std::vector<Notice> notices;
};

struct RowsHead {
  uint64_t id = 0;
  Format format = Format::kText;
  std::vector<ColumnInfo> columns;
  RowBatch first;
};

// What is sent of a value beside its text.
struct Forms {
  bool integer = false;
  bool real = false;
  bool binary = false;
};
Forms forms_of(const ColumnInfo& column);

// ---- Both directions of each structure ----

template <typename Archive>
void carry(Archive& a, Failure& v) {
  a(v.sqlstate, v.message, v.detail, v.hint, v.position, v.retryable, v.context, v.schema, v.table,
    v.column, v.data_type, v.constraint);
}
template <typename Archive>
void carry(Archive& a, Notice& v) {
  a(v.severity, v.sqlstate, v.message, v.detail, v.hint);
}
template <typename Archive>
void carry(Archive& a, ColumnInfo& v) {
  a(v.name, v.type_name, v.kind, v.type_oid, v.type_modifier, v.type_size, v.table_oid,
    v.table_column);
}
template <typename Archive>
void carry(Archive& a, ParameterInfo& v) {
  a(v.type_name, v.type_oid);
}
template <typename Archive>
void carry(Archive& a, StatementInfo& v) {
  a(v.parameters, v.columns, v.gives_rows, v.words, v.is_copy_in, v.is_copy_out,
    v.follows_values);
}
template <typename Archive>
void carry(Archive& a, StatementTraits& v) {
  a(v.may_commit, v.may_set, v.may_repeat, v.ends_block, v.stands_alone);
}
template <typename Archive>
void carry(Archive& a, ConnectOptions& v) {
  a(v.branch, v.user, v.email, v.application_name, v.settings, v.folder, v.process, v.command_hints,
    v.databases_folder);
}
template <typename Archive>
void carry(Archive& a, BinaryValue& v) {
  a(v.bytes);
}
template <typename Archive>
void carry(Archive& a, Welcome& v) {
  a(v.greeting, v.process);
}
template <typename Archive>
void carry(Archive& a, Call& v) {
  a(v.number, v.hears);
}
template <typename Archive>
void carry(Archive& a, Reply& v) {
  a(v.number, v.state, v.branch, v.settings);
}
template <typename Archive>
void carry(Archive& a, Farewell& v) {
  a(v.last_call, v.why);
}
template <typename Archive>
void carry(Archive& a, PreparedFacts& v) {
  a(v.id, v.parameter_count, v.words, v.is_copy_in, v.is_copy_out, v.traits);
}
template <typename Archive>
void carry(Archive& a, RowBatch& v) {
  a(v.values, v.rows, v.is_last, v.failure, v.tag, v.affected, v.commit_id, v.notices);
}
template <typename Archive>
void carry(Archive& a, RowsHead& v) {
  a(v.id, v.format, v.columns, v.first);
}

class Encoder {
 public:
  template <typename... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  std::string& out() { return out_; }

 private:
  template <typename T>
  void put(const T& value) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      out_.append(reinterpret_cast<const char*>(&value), sizeof value);
    } else {
      carry(*this, const_cast<T&>(value));  // Only reads it.
    }
  }
  void put(const std::string& text) { put(std::string_view(text)); }
  void put(const std::string_view& text) {
    put(static_cast<uint32_t>(text.size()));
    out_.append(text);
  }
  template <typename T>
  void put(const std::vector<T>& items) {
    put(static_cast<uint32_t>(items.size()));
    for (const T& item : items) put(item);
  }
  template <typename T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <typename A, typename B>
  void put(const std::pair<A, B>& value) {
    put(value.first);
    put(value.second);
  }
  void put(const Parameter& value) {
    put(static_cast<uint8_t>(value.index()));
    std::visit(
        [this](const auto& held) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) put(held);
        },
        value);
  }

  std::string out_;
};

template <typename... T>
std::string encode(const T&... values) {
  Encoder encoder;
  encoder(values...);
  return std::move(encoder.out());
}

// What is short or odd leaves zeros, and is_sound() false.
class Decoder {
 public:
  explicit Decoder(std::string_view in) : in_(in) {}
  template <typename... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  // Borrowed from what is decoded.
  std::string_view view() {
    uint32_t size = 0;
    get(size);
    return take(size);
  }
  std::string_view rest() { return take(in_.size()); }
  bool is_sound() const { return is_sound_; }

 private:
  std::string_view take(size_t size) {
    if (size > in_.size()) {
      is_sound_ = false;
      in_ = {};
      return {};
    }
    const std::string_view taken = in_.substr(0, size);
    in_.remove_prefix(size);
    return taken;
  }
  template <typename T>
  void get(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      uint8_t byte = 0;
      get(byte);
      value = byte != 0;
    } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      const std::string_view bytes = take(sizeof value);
      value = T{};
      if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    } else {
      carry(*this, value);
    }
  }
  void get(std::string& text) { text = view(); }
  template <typename T>
  void get(std::vector<T>& items) {
    uint32_t count = 0;
    get(count);
    items.clear();
    for (uint32_t i = 0; i < count && is_sound_; ++i) get(items.emplace_back());
  }
  template <typename T>
  void get(std::optional<T>& value) {
    bool there = false;
    get(there);
    value.reset();
    if (there) get(value.emplace());
  }
  template <typename A, typename B>
  void get(std::pair<A, B>& value) {
    get(value.first);
    get(value.second);
  }
  void get(Parameter& value) {
    uint8_t index = 0;
    get(index);
    switch (index) {
      case 1:
        return get(value.emplace<1>());
      case 2:
        return get(value.emplace<2>());
      case 3:
        return get(value.emplace<3>());
      case 4:
        return get(value.emplace<4>());
      case 5:
        return get(value.emplace<5>());
      default:
        is_sound_ = is_sound_ && index == 0;
        value.emplace<0>();
    }
  }

  std::string_view in_;
  bool is_sound_ = true;
};

}  // namespace rowan::sharing
