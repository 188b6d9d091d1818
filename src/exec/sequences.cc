#include "exec/sequences.h"

#include <fmt/format.h>

namespace rowan::exec {

void SessionSequences::use(txn::Transaction* transaction,
                           const std::vector<std::string>& search_path) {
  transaction_ = transaction;
  if (search_path_ == search_path) return;
  search_path_ = search_path;
  found_.clear();
}

// Definitions stay as long as the schema generation does: a sequence that is only drawn from keeps
// its own.
Result<const catalog::SequenceDef*> SessionSequences::find(std::string_view name) {
  if (transaction_ == nullptr)
    return Error(ErrorCode::kFeatureNotSupported, "sequences cannot be used here");
  if (generation_ != transaction_->snapshot().schema_generation) {
    found_.clear();
    generation_ = transaction_->snapshot().schema_generation;
  }
  const auto known = found_.find(name);
  if (known != found_.end()) return &known->second;
  const catalog::Catalog& catalog = transaction_->catalog();
  TRY_ASSIGN(catalog::ObjectName parsed, catalog::parse_name(name, {}));
  if (parsed.schema.empty()) {
    TRY_ASSIGN(parsed.schema, catalog.schema_of(search_path_, parsed.name));
  }
  TRY_ASSIGN(const bool has_schema, catalog.has_schema(parsed.schema));
  if (!has_schema && parsed.schema != search_path_.front()) {
    return Error(ErrorCode::kInvalidSchemaName,
                 fmt::format("schema \"{}\" does not exist", parsed.schema));
  }
  if (has_schema) {
    TRY_ASSIGN(auto found, catalog.find_sequence(parsed.schema, parsed.name));
    if (found) return &found_.emplace(name, std::move(*found)).first->second;
    TRY_ASSIGN(const auto kind, catalog.find_relation(parsed.schema, parsed.name));
    if (kind != sql::ObjectKind::kNone) {
      return Error(ErrorCode::kWrongObjectType,
                   fmt::format("\"{}\" is not a sequence", parsed.name));
    }
  }
  return Error(ErrorCode::kUndefinedTable, fmt::format("relation \"{}\" does not exist", name));
}

void SessionSequences::remember(const catalog::SequenceDef& sequence, int64_t value) {
  Drawn drawn{transaction_->branch(), sequence.path()};
  drawn_.insert_or_assign(drawn, value);
  last_ = std::move(drawn);
}

Result<int64_t> SessionSequences::next(std::string_view name) {
  TRY_ASSIGN(const catalog::SequenceDef* const sequence, find(name));
  TRY_ASSIGN(const int64_t value, transaction_->next_value(*sequence));
  remember(*sequence, value);
  return value;
}

Result<int64_t> SessionSequences::current(std::string_view name) {
  TRY_ASSIGN(const catalog::SequenceDef* const sequence, find(name));
  const auto drawn = drawn_.find(Drawn{transaction_->branch(), sequence->path()});
  if (drawn != drawn_.end()) return drawn->second;
  return Error(
      ErrorCode::kObjectNotInState,
      fmt::format("currval of sequence \"{}\" is not yet defined in this session", sequence->name));
}

Result<int64_t> SessionSequences::last() {
  if (last_) return drawn_.find(*last_)->second;
  return Error(ErrorCode::kObjectNotInState, "lastval is not yet defined in this session");
}

Result<void> SessionSequences::set(std::string_view name, int64_t value, bool called) {
  TRY_ASSIGN(const catalog::SequenceDef* const sequence, find(name));
  if (value < sequence->min || value > sequence->max) {
    return Error(ErrorCode::kNumericOutOfRange,
                 fmt::format("setval: value {} is out of bounds for sequence \"{}\" ({}..{})",
                             value, sequence->name, sequence->min, sequence->max));
  }
  TRY(transaction_->set_value(*sequence, value, called));
  if (called)
    drawn_.insert_or_assign(Drawn{transaction_->branch(), sequence->path()},
                            value);  // For currval; lastval is nextval's.
  return {};
}

}  // namespace rowan::exec
