// Transaction: the session's side of the room.
#include "txn/transaction.h"

#include <algorithm>
#include <utility>

#include "txn/state.h"

namespace rowan::txn {

Transaction::Transaction(std::unique_ptr<State> state) : state_(std::move(state)) {}

Transaction::~Transaction() {
  rollback();
  Core& core = state_->core;
  state_->reset();
  const std::lock_guard guard(core.pool_mutex);
  if (core.pool.size() < kPooledTransactionsMax) core.pool.push_back(std::move(state_));
}

const std::string& Transaction::branch() const { return state_->branch->name(); }
IsolationLevel Transaction::isolation() const { return state_->isolation; }
bool Transaction::read_only() const { return state_->read_only; }
bool Transaction::has_changes() const { return state_->has_changes(); }
const Snapshot& Transaction::snapshot() const { return state_->snapshot; }
int64_t Transaction::start_time_us() const { return state_->start_time_us; }
void Transaction::set_lock_timeout(int64_t milliseconds) {
  state_->lock_timeout_ms = std::max<int64_t>(milliseconds, 0);
}

namespace {

// A private rows tree (a spill, a bulk load) goes along when the snapshot moves, so that the
// statement sees others' rows.
Result<void> move_private_trees(TransactionBody& body, const Head& newest) {
  for (const auto& work : body.works) {
    TableState& state = work->state;
    if (state.dropped || !state.overlay.spilled || state.overlay.truncated) continue;
    TRY_ASSIGN(const Oid rows, body.branch_rows(newest, *work));
    if (rows == state.spill_base) continue;
    TRY_ASSIGN(state.overlay.base_rows,
               rebase_rows(body.objects, body.core.store.cache(), *work, state.spill_base,
                           state.overlay.base_rows, rows));
    state.spill_base = rows;
  }
  return {};
}

Result<void> move_snapshot(TransactionBody& body, const Head& newest) {
  if (newest.snapshot.commit == body.head.snapshot.commit) return {};
  if (!body.works.empty()) TRY(move_private_trees(body, newest));
  body.use_head(newest);
  if (!body.file_ops.empty()) TRY(body.rebuild_catalog());
  return {};
}

}  // namespace

Result<void> Transaction::begin_statement(bool writes) {
  TransactionBody& body = *state_;
  if (body.savepoints.empty())
    body.undo.clear();  // Nothing can go back behind this statement but a rollback.
  body.statement_mark = body.undo.size();
  const bool first = !body.statement_begun;
  body.statement_begun = true;
  if (!first && body.isolation == IsolationLevel::kRepeatableRead) return {};
  if (writes || (first && body.isolation == IsolationLevel::kRepeatableRead && !body.read_only)) {
    return move_snapshot(body, body.branch->tip());
  }
  const Head readable = body.branch->readable(body.core.store, body.own_sequence);
  // Never back in time: an earlier statement may have seen the tip.
  if (!first && readable.snapshot.sequence < body.head.snapshot.sequence) return {};
  return move_snapshot(body, readable);
}

Result<void> Transaction::restart_statement() {
  TransactionBody& body = *state_;
  body.undo_to(body.statement_mark);
  return move_snapshot(body, body.branch->tip());
}

void Transaction::undo_statement() { state_->undo_to(state_->statement_mark); }

// ---- Reading ----

const catalog::Catalog& Transaction::catalog() const { return *state_->catalog; }

Result<catalog::TableVersion> Transaction::get_table(std::string_view schema,
                                                     std::string_view name) const {
  return state_->get_table(schema, name);
}

Result<TableView> Transaction::view(const catalog::TableVersion& table) const {
  TableView view{table, nullptr};
  if (state_->works.empty()) return view;
  const TableWork* work = state_->find_work(*table.table);
  if (work == nullptr || !work->changes_rows()) return view;
  const TableOverlay& overlay = work->state.overlay;
  if (overlay.truncated) view.version.rows = view.version.large = Oid{};
  if (overlay.spilled) view.version.rows = overlay.base_rows;
  if (work->state.large_root) view.version.large = *work->state.large_root;
  view.overlay = &overlay;
  return view;
}

const store::ObjectReader& Transaction::objects() const { return state_->scratch; }

uint64_t Transaction::change_count() const { return state_->changes; }

Result<catalog::TableVersion> Transaction::tip_version(const catalog::TableVersion& table) const {
  TransactionBody& body = *state_;
  catalog::TableVersion version = table;
  const TableWork* work = body.find_work(*table.table);
  if (work != nullptr && (work->state.overlay.spilled || work->state.overlay.truncated)) {
    version.rows = work->state.overlay.spilled ? work->state.overlay.base_rows : Oid{};
    return version;
  }
  const Head tip = body.branch->tip();
  body.seen_sequence = std::max(body.seen_sequence, tip.snapshot.sequence);
  std::optional<std::string> origin;
  if (work != nullptr) {
    origin = work->state.origin;
  } else {
    TRY_ASSIGN(origin, origin_of(body, table.table->path()));
  }
  version.rows = Oid{};
  if (!origin) return version;
  TRY_ASSIGN(const auto entry, tree::find_path(body.core.store, body.core.store.cache(),
                                               tip.snapshot.root, *origin + "/rows"));
  if (entry) version.rows = entry->id;
  return version;
}

Result<std::optional<std::string>> Transaction::current_line(const catalog::TableVersion& table,
                                                             Bytes key) const {
  TransactionBody& body = *state_;
  const TableWork* work = body.find_work(*table.table);
  if (work != nullptr && !work->counted()) {
    const auto own = work->state.overlay.rows.find(key);
    if (own != work->state.overlay.rows.end()) return own->second.line;
  }
  const catalog::TableLineKeys keys(table.table);
  const tree::TreeReader reader{body.scratch, body.core.store.cache(), keys};
  const auto line_in = [&](const Oid& rows) -> Result<std::optional<std::string>> {
    if (rows.is_zero()) return std::optional<std::string>();
    TRY_ASSIGN(const auto found, tree::find_line(reader, rows, key));
    if (!found) return std::optional<std::string>();
    return std::optional<std::string>(std::string(found->line));
  };

  const Head tip = body.branch->tip();
  body.seen_sequence = std::max(body.seen_sequence, tip.snapshot.sequence);
  std::optional<std::string> line;
  if (work == nullptr && body.file_ops.empty() &&
      tip.snapshot.commit == body.head.snapshot.commit) {
    TRY_ASSIGN(line, line_in(table.rows));
  } else {
    TableWork probe;
    if (work == nullptr) {
      probe.state.path = table.table->path();
      probe.state.origin = probe.state.path;
      if (!body.file_ops.empty()) {
        TRY_ASSIGN(probe.state.origin, origin_of(body, probe.state.path));
      }
      work = &probe;
    }
    const TableOverlay& overlay = work->state.overlay;
    TRY_ASSIGN(const Oid tip_rows, body.branch_rows(tip, *work));
    if (overlay.spilled) {
      TRY_ASSIGN(line, line_in(overlay.base_rows));
      if (!overlay.truncated && tip_rows != work->state.spill_base) {
        // Ours where the private tree changed it, else the tip's.
        TRY_ASSIGN(const auto before, line_in(work->state.spill_base));
        if (before == line) {
          TRY_ASSIGN(line, line_in(tip_rows));
        }
      }
    } else if (!overlay.truncated) {
      TRY_ASSIGN(line, line_in(tip_rows));
    }
    if (work != &probe && work->counted()) {
      const auto own = overlay.rows.find(key);
      if (own != overlay.rows.end()) return counted_line(line, own->second);
    }
  }
  if (body.last_lock_row == TransactionBody::Existence::kUnknown && body.last_lock_key == key) {
    body.last_lock_row =
        line ? TransactionBody::Existence::kThere : TransactionBody::Existence::kAbsent;
  }
  return line;
}

// ---- Writing ----

Result<LockOutcome> Transaction::lock_row(const catalog::TableVersion& table, Bytes key) {
  TransactionBody& body = *state_;
  TRY_ASSIGN(TableWork * work, body.work_for_write(table));
  TRY(body.lock(work->lock_table, key, true));
  const Head tip = body.branch->tip();
  if (tip.snapshot.commit == body.head.snapshot.commit || work->state.overlay.truncated)
    return LockOutcome::kCurrent;
  body.seen_sequence = std::max(body.seen_sequence, tip.snapshot.sequence);
  TRY_ASSIGN(const Oid now_rows, body.branch_rows(tip, *work));
  const Oid then_rows = work->bases.back().rows;
  if (now_rows == then_rows) return LockOutcome::kCurrent;

  const tree::TreeReader reader{body.core.store, body.core.store.cache(), *work->keys};
  std::optional<tree::FoundLine> now;
  std::optional<tree::FoundLine> then;
  if (!now_rows.is_zero()) {
    TRY_ASSIGN(now, tree::find_line(reader, now_rows, key));
  }
  if (!then_rows.is_zero()) {
    TRY_ASSIGN(then, tree::find_line(reader, then_rows, key));
  }
  if (now.has_value() == then.has_value() && (!now || now->line == then->line))
    return LockOutcome::kCurrent;
  if (body.isolation == IsolationLevel::kRepeatableRead) return serialization_failure();
  return LockOutcome::kChanged;
}

Result<void> Transaction::lock_key(const catalog::TableVersion& table, Bytes key) {
  TRY_ASSIGN(TableWork * work, state_->work_for_write(table));
  return state_->lock(work->lock_table, key, false);
}

Result<void> Transaction::lock_value(const catalog::TableVersion& table, size_t which,
                                     Bytes value) {
  TRY_ASSIGN(TableWork * work, state_->work_for_write(table));
  return state_->lock_beside(*work, "U" + std::to_string(which) + " " + std::string(value));
}

Result<void> Transaction::share_key(const catalog::TableVersion& table, Bytes key) {
  TRY_ASSIGN(TableWork * work, state_->work_for_write(table));
  return state_->share(*work, key);
}

Result<void> Transaction::lock_shared_key(const catalog::TableVersion& table, Bytes key) {
  TRY_ASSIGN(TableWork * work, state_->work_for_write(table));
  return state_->lock_beside(*work, shared_key_lock(key));
}

Result<void> Transaction::watch_rows(const catalog::TableVersion& table, bool any) {
  TransactionBody& body = *state_;
  TRY_ASSIGN(TableWork * work, body.work_for_write(table));
  if (!work->state.origin) return {};  // Made in this transaction: nobody else has it.
  const Head tip = body.branch->tip();
  WatchedRows watched{*work->state.origin, {}, tip.unlocked, any};
  TRY_ASSIGN(watched.rows, body.branch_rows(any ? body.head : tip, *work));
  const auto same = [&](const WatchedRows& other) {
    return other.path == watched.path && other.rows == watched.rows &&
           other.unlocked == watched.unlocked && other.any == any;
  };
  if (std::none_of(body.watched_rows.begin(), body.watched_rows.end(), same))
    body.watched_rows.push_back(std::move(watched));
  return {};
}

Result<void> Transaction::put_row(const catalog::TableVersion& table, Bytes key, std::string line) {
  TRY_ASSIGN(TableWork * work, state_->work_for_write(table));
  return state_->set_row(*work, key, std::move(line));
}

Result<void> Transaction::delete_row(const catalog::TableVersion& table, Bytes key) {
  TRY_ASSIGN(TableWork * work, state_->work_for_write(table));
  return state_->set_row(*work, key, std::nullopt);
}

Result<void> Transaction::add_count(const catalog::TableVersion& table, Bytes key, std::string line,
                                    int64_t delta) {
  TRY_ASSIGN(TableWork * work, state_->work_for_write(table));
  return state_->add_count(*work, key, std::move(line), delta);
}

Result<void> Transaction::truncate(const catalog::TableVersion& table) {
  TRY_ASSIGN(TableWork * work, state_->work_for_write(table));
  state_->save_table(*work);
  work->state.overlay.truncated = true;
  return {};
}

Oid Transaction::add_blob(std::string bytes) {
  return state_->objects.add(store::ObjectType::kBlob, std::move(bytes));
}

Result<void> Transaction::set_large(const catalog::TableVersion& table, Bytes key, uint16_t slot,
                                    const Oid& blob) {
  TRY_ASSIGN(TableWork * work, state_->work_for_write(table));
  std::string name = tree::large_name(key, slot);
  const auto [at, is_new] = work->state.large.try_emplace(name, blob);
  UndoEntry entry{.kind = is_new ? UndoEntry::Kind::kNewLarge : UndoEntry::Kind::kOldLarge,
                  .work = work};
  entry.name = std::move(name);
  if (!is_new) entry.old_large = std::exchange(at->second, blob);
  state_->undo.push_back(std::move(entry));
  return {};
}

Result<void> Transaction::replace_rows(const catalog::TableVersion& table, const Oid& rows,
                                       const Oid& large, uint64_t added_rows) {
  TransactionBody& body = *state_;
  TRY_ASSIGN(TableWork * work, body.work_for_write(table));
  TRY_ASSIGN(const Oid below, body.branch_rows(body.head, *work));
  body.save_table(*work);
  // What else the transaction did to the table stays: the new tree stands below its overlay.
  const TableState& old = *body.undo.back().old_table;
  TableState& state = work->state;
  state = old;
  state.spill_base = old.overlay.spilled ? old.spill_base : below;
  state.overlay.spilled = true;
  state.overlay.base_rows = rows;
  state.spilled.inserted += static_cast<int64_t>(added_rows);
  if (large != table.large) state.large_root = large;
  return {};
}

void Transaction::keep(std::shared_ptr<const void> hold) {
  state_->holds.push_back(std::move(hold));
}
Result<void> Transaction::rewrite_rows(const catalog::TableVersion& table, const Oid& rows,
                                       const Oid& large, uint64_t row_count) {
  TransactionBody& body = *state_;
  TRY(watch_rows(table, true));
  TRY_ASSIGN(TableWork * work, body.work_for_write(table));
  body.save_table(*work);
  TableState& state = work->state;
  state.rewritten = true;
  // Nothing of the branch shows through any more: its lines are of another definition.
  state.overlay.truncated = true;
  state.overlay.spilled = true;
  state.overlay.base_rows = rows;
  state.large_root = large;
  state.spilled.inserted = static_cast<int64_t>(row_count);
  return {};
}

Result<void> Transaction::put_file(std::string path, std::optional<std::string> content,
                                   bool executable) {
  FileOp op;
  op.path = std::move(path);
  if (executable) op.mode = tree::kModeExecutable;
  if (content) op.blob = add_blob(std::move(*content));
  return state_->add_file_op(std::move(op));
}

namespace {

// The counter of a sequence that others do not see as this transaction does.
SequenceCounter& own_counter(TransactionBody& body, const catalog::SequenceDef& sequence,
                             const SequenceOrigin& origin) {
  const auto [own, is_new] = body.own_sequences.try_emplace(origin.started);
  if (is_new) {
    own->second = counter_of(sequence);
  } else {
    own->second.definition = sequence;
  }
  return own->second;
}

SequenceCounters::PlaceSource tip_of(TransactionBody& body) {
  return [&body] {
    return SequencePlace{body.core.store, body.core.store.cache(),
                         body.branch->tip().snapshot.root};
  };
}

}  // namespace

Result<int64_t> Transaction::next_value(const catalog::SequenceDef& sequence) {
  TransactionBody& body = *state_;
  if (body.read_only)
    return Error(ErrorCode::kReadOnlyTransaction,
                 "cannot execute nextval() in a read-only transaction");
  const SequenceOrigin origin = body.sequence_origin(sequence.path());
  if (origin.started != 0) return draw(own_counter(body, sequence, origin));
  TRY_ASSIGN(Draw drawn, body.branch->sequences().next(tip_of(body), origin.path, sequence,
                                                       origin.altered ? &sequence : nullptr));
  body.drawn_sequences.try_emplace(origin.path, std::move(drawn.from));
  return drawn.value;
}

Result<void> Transaction::set_value(const catalog::SequenceDef& sequence, int64_t value,
                                    bool called) {
  TransactionBody& body = *state_;
  if (body.read_only)
    return Error(ErrorCode::kReadOnlyTransaction,
                 "cannot execute setval() in a read-only transaction");
  const SequenceOrigin origin = body.sequence_origin(sequence.path());
  if (origin.started != 0) {
    set(own_counter(body, sequence, origin), value, called);
    return {};
  }
  TRY_ASSIGN(CounterId from, body.branch->sequences().set(tip_of(body), origin.path, sequence,
                                                          value, called));
  body.drawn_sequences.try_emplace(origin.path, std::move(from));
  return {};
}

Result<void> Transaction::move_folder(std::string from, std::string to) {
  FileOp op;
  op.path = std::move(from);
  op.moved_to = std::move(to);
  return state_->add_file_op(std::move(op));
}

// ---- Savepoints ----

namespace {

Result<size_t> find_savepoint(const TransactionBody& body, std::string_view name) {
  for (size_t i = body.savepoints.size(); i-- > 0;) {
    if (body.savepoints[i].name == name) return i;
  }
  return Error(ErrorCode::kInvalidSavepoint,
               "savepoint \"" + std::string(name) + "\" does not exist");
}

}  // namespace

void Transaction::savepoint(std::string name) {
  TransactionBody& body = *state_;
  if (body.savepoints.empty()) body.undo.clear();
  body.savepoints.push_back({std::move(name), body.undo.size()});
  body.statement_mark = body.undo.size();
}

Result<void> Transaction::release_savepoint(std::string_view name) {
  TRY_ASSIGN(const size_t at, find_savepoint(*state_, name));
  state_->savepoints.resize(at);
  return {};
}

Result<void> Transaction::rollback_to_savepoint(std::string_view name) {
  TransactionBody& body = *state_;
  TRY_ASSIGN(const size_t at, find_savepoint(body, name));
  body.undo_to(body.savepoints[at].undo_size);
  body.savepoints.resize(at + 1);
  body.statement_mark = body.undo.size();
  return {};
}

// ---- End ----

Result<CommitOutcome> Transaction::commit(const CommitRequest& request) {
  auto outcome = commit_transaction(*state_, request);
  rollback();  // After success nothing is left to undo but locks of transactions that changed
               // nothing.
  return outcome;
}

void Transaction::rollback() {
  TransactionBody& body = *state_;
  if (body.finished) return;
  body.finished = true;
  body.core.locks.release_all(body.lock_owner);
  body.holds.clear();
  body.undo.clear();
  body.works.clear();
  body.file_ops.clear();
  body.savepoints.clear();
  body.statement_mark = 0;
}

}  // namespace rowan::txn
