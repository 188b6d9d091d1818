#include "exec/unique_keys.h"

#include "catalog/violations.h"
#include "tree/row_tree.h"

namespace rowan::exec {

void UniqueState::put(Table& state, size_t which, const std::string& value,
                      std::optional<std::string> key) {
  if (!state.keys[which].contains(value))
    state.memory.add(value.size() + (key ? key->size() : 0) + kMapNodeBytes);
  state.keys[which][value] = std::move(key);
}

Result<void> UniqueState::take_row(const catalog::TableDef& table,
                                   const store::ObjectReader& objects, Table& state,
                                   std::optional<Bytes> old_line, std::optional<Bytes> new_line,
                                   Bytes new_key) {
  for (size_t i = 0; i < table.unique_keys.size(); ++i) {
    if (old_line) {
      TRY_ASSIGN(const auto value,
                 derived::unique_key_of(table, table.unique_keys[i], *old_line, objects));
      if (value) put(state, i, *value, std::nullopt);
    }
    if (new_line) {
      TRY_ASSIGN(const auto value,
                 derived::unique_key_of(table, table.unique_keys[i], *new_line, objects));
      if (value) put(state, i, *value, std::string(new_key));
    }
  }
  return {};
}

// The transaction's own values; worked out again from its changed rows after anything else changed
// them (ROLLBACK TO, TRUNCATE).
Result<UniqueState::Table*> UniqueState::current(txn::Transaction& transaction,
                                                 const catalog::TableVersion& version) {
  const catalog::TableDef& table = *version.table;
  Table& state = tables_[table.path()];
  if (state.change_count == transaction.change_count() &&
      state.definition_id == table.definition_id)
    return &state;
  state.definition_id = table.definition_id;
  state.change_count = UINT64_MAX;  // Until all is read.
  state.keys.assign(table.unique_keys.size(), {});
  state.memory.clear();
  TRY_ASSIGN(const txn::TableView view, transaction.view(version));
  if (view.overlay != nullptr) {
    const catalog::TableLineKeys keys(version.table);
    const tree::TreeReader reader{transaction.objects(), store_.cache(), keys};
    // Values that rows let go of first, so that another row of the transaction may have taken them.
    for (const auto& [key, change] : view.overlay->rows) {
      if (view.version.rows.is_zero()) break;
      TRY_ASSIGN(const auto below, tree::find_line(reader, view.version.rows, key));
      if (below && !(table.layout.counted && change.count_delta >= 0)) {
        TRY(take_row(table, transaction.objects(), state, below->line, std::nullopt, key));
      }
    }
    for (const auto& [key, change] : view.overlay->rows) {
      const bool there = table.layout.counted ? change.count_delta > 0 : change.line.has_value();
      if (there)
        TRY(take_row(table, transaction.objects(), state, std::nullopt, *change.line, key));
    }
  }
  state.change_count = transaction.change_count();
  return &state;
}

Result<void> UniqueState::check(txn::Transaction& transaction, const catalog::TableVersion& version,
                                std::optional<Bytes> old_line, Bytes old_key, Bytes new_line) {
  const catalog::TableDef& table = *version.table;
  for (size_t i = 0; i < table.unique_keys.size(); ++i) {
    const catalog::UniqueKey& unique = table.unique_keys[i];
    TRY_ASSIGN(const auto value,
               derived::unique_key_of(table, unique, new_line, transaction.objects()));
    if (!value) continue;
    if (old_line) {
      TRY_ASSIGN(const auto before,
                 derived::unique_key_of(table, unique, *old_line, transaction.objects()));
      if (before == value) continue;
    }
    TRY(transaction.lock_value(version, i, *value));
    TRY_ASSIGN(const auto holder, this->holder(transaction, version, i, *value));
    if (holder && (!old_line || *holder != old_key))
      return catalog::duplicate_key(table, unique.name, unique.columns, new_line);
  }
  return {};
}

Result<std::optional<std::string>> UniqueState::holder(txn::Transaction& transaction,
                                                       const catalog::TableVersion& version,
                                                       size_t which, Bytes value) {
  TRY_ASSIGN(const Table* const own, current(transaction, version));
  const auto known = own->keys[which].find(std::string(value));
  if (known != own->keys[which].end()) return known->second;
  TRY_ASSIGN(const catalog::TableVersion tip, transaction.tip_version(version));
  return indexes_.holder(store_, tip, which, value);
}

Result<void> UniqueState::note(txn::Transaction& transaction, const catalog::TableVersion& version,
                               std::optional<Bytes> old_line, std::optional<Bytes> new_line,
                               Bytes new_key, uint64_t count_before) {
  Table& state = tables_[version.table->path()];
  if (state.change_count != count_before || state.definition_id != version.table->definition_id)
    return {};  // Not looked at since something else changed: worked out when it is.
  TRY(take_row(*version.table, transaction.objects(), state, old_line, new_line, new_key));
  state.change_count = transaction.change_count();
  return {};
}

}  // namespace rowan::exec
