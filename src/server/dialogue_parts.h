// What a dialogue keeps of statements and portals. For the dialogue's own files.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/dialogue.h"

namespace rowan::server {

struct Dialogue::PreparedStatement {
  std::unique_ptr<Statement> statement;  // Null: the server's own.
  std::optional<ServerStatement> own;
  StatementInfo info;
  pgwire::InputCharge text;
};

struct Dialogue::Portal {
  std::string name;
  std::shared_ptr<PreparedStatement> prepared;
  std::vector<Parameter> parameters;
  pgwire::InputCharge values;    // Of the parameters.
  std::optional<std::vector<ColumnInfo>> own_columns;  // Where they follow the parameters.
  std::vector<int16_t> formats;  // None: all text; one: of all.
  std::unique_ptr<Rows> rows;
  uint64_t rows_max = 0;  // Of the running Execute.
  uint64_t sent = 0;      // By the running Execute.
  bool was_run = false;
  bool suspended = false;  // Before the running Execute.
  bool done = false;       // Its rows were all sent.

  const std::vector<ColumnInfo>& columns() const {
    return own_columns ? *own_columns : prepared->info.columns;
  }
};

struct Dialogue::ScriptItem {
  std::optional<ServerStatement> own;
  std::unique_ptr<Statement> statement;  // Null: the server's alone.
  uint32_t characters_before = 0;  // In its message.
};

inline Format format_of(const std::vector<int16_t>& formats, size_t column) {
  if (formats.empty()) return Format::kText;
  return formats[formats.size() == 1 ? 0 : column] == 1 ? Format::kBinary : Format::kText;
}

}  // namespace rowan::server
