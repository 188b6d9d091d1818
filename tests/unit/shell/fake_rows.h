// Rows for tests of the shell: a result written down in the test.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::shell {

class FakeRows final : public Rows {
 public:
  using Row = std::vector<std::optional<std::string>>;
  FakeRows(std::vector<ColumnInfo> columns, std::vector<Row> rows)
      : columns_(std::move(columns)), rows_(std::move(rows)) {}

  std::optional<Failure> failure;  // Given at the end instead of it.
  std::string command_tag = "SELECT";
  std::vector<Notice> said;

  const std::vector<ColumnInfo>& columns() const override { return columns_; }
  Outcome<bool> next() override {
    if (at_ < rows_.size()) {
      ++at_;
      return true;
    }
    if (failure) return *failure;
    return false;
  }
  bool is_null(size_t column) const override { return !rows_[at_ - 1][column].has_value(); }
  int64_t get_int(size_t) const override { return 0; }
  double get_double(size_t) const override { return 0; }
  std::string get_text(size_t column) const override { return rows_[at_ - 1][column].value_or(""); }
  std::string_view get_string(size_t column) const override { return *rows_[at_ - 1][column]; }
  void append(size_t column, rowan::Format, std::string& out) const override {
    out += get_text(column);
  }
  const std::string& tag() const override { return command_tag; }
  uint64_t affected() const override { return 0; }
  const std::string& commit_id() const override { return none_; }
  const std::vector<Notice>& notices() const override { return said; }

 private:
  std::vector<ColumnInfo> columns_;
  std::vector<Row> rows_;
  std::string none_;
  size_t at_ = 0;
};

}  // namespace rowan::shell
