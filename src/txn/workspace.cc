// The workspace: overlays, undo, private trees.
#include "txn/workspace.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "base/ensure.h"
#include "base/hash.h"
#include "base/limits.h"
#include "catalog/bounds.h"
#include "catalog/paths.h"
#include "catalog/violations.h"
#include "tree/git_tree.h"
#include "tree/row_tree.h"

namespace rowan::txn {

namespace {

Result<std::optional<std::string>> line_in(const tree::TreeReader& reader, const Oid& rows,
                                           Bytes key) {
  if (rows.is_zero()) return std::optional<std::string>();
  TRY_ASSIGN(const auto found, tree::find_line(reader, rows, key));
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(std::string(found->line));
}

RowTally tally_of(const RowMap& rows, bool counted) {
  RowTally tally;
  for (const auto& [key, change] : rows) {
    if (counted) {
      (change.count_delta > 0 ? tally.inserted : tally.deleted) += std::abs(change.count_delta);
    } else if (change.line) {
      ++(change.existed ? tally.updated : tally.inserted);
    } else if (change.existed) {
      ++tally.deleted;
    }
  }
  return tally;
}

constexpr std::string_view kSequenceFile = "/sequence.json";

// Whether writing `op` starts a sequence, or starts it again: there was none, or its position or
// nothing at all is different.
Result<bool> starts_sequence(const store::ObjectReader& objects, store::NodeCache& cache,
                             const Oid& below, const FileOp& op) {
  const std::string path = op.path.substr(0, op.path.size() - kSequenceFile.size());
  TRY_ASSIGN(const auto before, read_sequence(objects, cache, below, path, "", ""));
  if (!before) return true;
  TRY_ASSIGN(const store::ObjectRef object, objects.read(op.blob));
  TRY_ASSIGN(const catalog::SequenceDef after, catalog::sequence_from_json(object.bytes, "", ""));
  if (before->called != after.called || before->last != after.last) return true;
  return catalog::sequence_json(*before) ==
         catalog::sequence_json(after);  // RESTART of one that nobody drew from.
}

}  // namespace

bool is_at_or_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

Error serialization_failure() {
  return Error(ErrorCode::kSerializationFailure,
               "could not serialize access due to concurrent update");
}

TransactionBody::TransactionBody(Core& the_core)
    : core(the_core),
      objects(the_core.store),
      scratch(static_cast<const store::ObjectReader&>(objects)) {
}  // Reads through it; the cast keeps this from copying.
TransactionBody::~TransactionBody() = default;

void TransactionBody::reset() {
  branch.reset();
  cancelled = nullptr;
  read_only = finished = statement_begun = false;
  own_sequence = seen_sequence = 0;
  lock_timeout_ms = 0;
  catalog.reset();
  private_root = {};
  if (!objects.entries().empty()) objects.clear();
  if (!scratch.entries().empty()) scratch.clear();
  scratch_bytes_needed = 0;
  holds.clear();
  undo.clear();
  works.clear();
  file_ops.clear();
  savepoints.clear();
  statement_mark = 0;
  drawn_sequences.clear();
  own_sequences.clear();
  needed_rows.clear();
  watched_rows.clear();
  last_lock_table = 0;
  last_lock_row = Existence::kUnknown;
}

bool TransactionBody::has_changes() const {
  return !file_ops.empty() || !drawn_sequences.empty() ||
         std::any_of(works.begin(), works.end(),
                     [](const auto& work) { return !work->is_empty(); });
}

// ---- Tables ----

TableWork* TransactionBody::find_work(const catalog::TableDef& table) const {
  for (const auto& work : works) {
    if (work->table.get() == &table && !work->state.dropped) return work.get();
  }
  if (works.empty()) return nullptr;
  const std::string path = table.path();
  for (const auto& work : works) {
    if (work->state.path == path && !work->state.dropped) return work.get();
  }
  return nullptr;
}

// Where a table of this transaction is on its branch: follows moves backwards; nothing when the
// transaction made it.
Result<std::optional<std::string>> origin_of(const TransactionBody& body, std::string path) {
  for (size_t i = body.file_ops.size(); i-- > 0;) {
    const FileOp& op = body.file_ops[i];
    if (!op.moved_to.empty() && is_at_or_below(path, op.moved_to)) {
      path = op.path + path.substr(op.moved_to.size());
    } else if ((!op.moved_to.empty() || op.blob.is_zero()) && is_at_or_below(path, op.path)) {
      // What was there went, elsewhere or for good: this is another one of the name.
      return std::optional<std::string>();
    }
  }
  if (!body.file_ops.empty()) {
    bool defined = false;
    for (const std::string_view file : {"/table.sql", "/matview.sql"}) {
      TRY_ASSIGN(const auto there,
                 tree::find_path(body.core.store, body.core.store.cache(), body.head.snapshot.root,
                                 path + std::string(file)));
      defined = defined || there.has_value();
    }
    if (!defined) return std::optional<std::string>();
  }
  return std::optional<std::string>(std::move(path));
}

Result<TableWork*> TransactionBody::work_for_write(const catalog::TableVersion& version) {
  if (read_only) {
    return Error(ErrorCode::kReadOnlyTransaction, "cannot change rows in a read-only transaction");
  }
  TableWork* work = find_work(*version.table);
  if (work == nullptr) {
    auto fresh = std::make_unique<TableWork>();
    fresh->state.path = version.table->path();
    TRY_ASSIGN(fresh->state.origin, origin_of(*this, fresh->state.path));
    fresh->lock_table = hash64(fresh->state.origin.value_or(fresh->state.path), branch->number());
    works.push_back(std::move(fresh));
    work = works.back().get();
  }
  if (work->table != version.table) {
    work->table = version.table;
    work->keys = std::make_unique<catalog::TableLineKeys>(version.table);
  }
  if (work->bases.empty() || work->bases.back().head.snapshot.commit != head.snapshot.commit) {
    TRY_ASSIGN(const Oid rows, branch_rows(head, *work));
    work->bases.push_back({head, rows});
  }
  return work;
}

Result<Oid> TransactionBody::branch_rows(const Head& at, const TableWork& work) const {
  if (!work.state.origin) return Oid{};
  if (!work.bases.empty() && work.bases.back().head.snapshot.commit == at.snapshot.commit)
    return work.bases.back().rows;
  TRY_ASSIGN(const auto entry, tree::find_path(core.store, core.store.cache(), at.snapshot.root,
                                               *work.state.origin + "/rows"));
  return entry ? entry->id : Oid{};
}

Result<std::optional<std::string>> TransactionBody::line_below(const TableWork& work,
                                                               Bytes key) const {
  const TableOverlay& overlay = work.state.overlay;
  const tree::TreeReader reader{scratch, core.store.cache(), *work.keys};
  if (overlay.spilled) return line_in(reader, overlay.base_rows, key);
  if (overlay.truncated) return std::optional<std::string>();
  TRY_ASSIGN(const Oid rows, branch_rows(head, work));
  return line_in(reader, rows, key);
}

Result<void> TransactionBody::set_row(TableWork& work, Bytes key, std::optional<std::string> line) {
  ++changes;
  RowMap& rows = work.state.overlay.rows;
  auto at = rows.lower_bound(key);
  if (at != rows.end() && at->first == key) {
    UndoEntry entry{.kind = UndoEntry::Kind::kOldRow,
                    .work = &work,
                    .row = at,
                    .old_row = std::move(at->second)};
    work.state.overlay_bytes += line.has_value() ? line->size() : 0;
    at->second = RowChange{std::move(line), 0, entry.old_row.base, entry.old_row.existed};
    undo.push_back(std::move(entry));
    return spill_if_large(work);
  }
  RowChange change{std::move(line), 0, static_cast<uint32_t>(work.bases.size() - 1), false};
  const bool locked = last_lock_table == work.lock_table && last_lock_key == key;
  if (!locked) work.unlocked_writes = true;
  if (locked && last_lock_row != Existence::kUnknown) {
    change.existed = last_lock_row == Existence::kThere;
  } else {
    TRY_ASSIGN(const auto below, line_below(work, key));
    change.existed = below.has_value();
  }
  work.state.overlay_bytes += key.size() + (change.line.has_value() ? change.line->size() : 0);
  at = rows.emplace_hint(at, std::string(key), std::move(change));
  undo.push_back({.kind = UndoEntry::Kind::kNewRow, .work = &work, .row = at});
  return spill_if_large(work);
}

Result<void> TransactionBody::spill_if_large(TableWork& work) {
  if (objects.bytes() > kWorkspaceBytesMax) TRY(write_objects_ahead());
  const bool is_large = work.state.overlay.rows.size() > core.options.workspace_rows_max ||
                        work.state.overlay_bytes > kWorkspaceBytesMax;
  return is_large ? spill(work) : Result<void>();
}

// Values that lie outside of their lines, nearly always.
Result<void> TransactionBody::write_objects_ahead() {
  TRY_ASSIGN(const auto bulk, core.store.begin_bulk());
  holds.push_back(bulk->hold());
  for (const auto& entry : objects.entries()) TRY(bulk->add(entry.type, entry.object.bytes));
  TRY(bulk->finish());
  objects.clear();
  return {};
}

Result<void> TransactionBody::add_count(TableWork& work, Bytes key, std::string line,
                                        int64_t delta) {
  ++changes;
  RowMap& rows = work.state.overlay.rows;
  auto at = rows.lower_bound(key);
  if (at != rows.end() && at->first == key) {
    UndoEntry entry{
        .kind = UndoEntry::Kind::kOldRow, .work = &work, .row = at, .old_row = at->second};
    at->second.count_delta += delta;
    undo.push_back(std::move(entry));
    return {};
  }
  work.state.overlay_bytes += key.size() + line.size();
  at = rows.emplace_hint(
      at, std::string(key),
      RowChange{std::move(line), delta, static_cast<uint32_t>(work.bases.size() - 1), false});
  undo.push_back({.kind = UndoEntry::Kind::kNewRow, .work = &work, .row = at});
  return spill_if_large(work);
}

void TransactionBody::save_table(TableWork& work) {
  ++changes;
  auto old = std::make_unique<TableState>(std::move(work.state));
  work.state = TableState{};
  work.state.path = old->path;
  work.state.origin = old->origin;
  undo.push_back({.kind = UndoEntry::Kind::kTable, .work = &work, .old_table = std::move(old)});
}

// Builds the overlay into a private tree. The undo log then holds the table as it was at the newest
// mark (a savepoint or the statement's start) and forgets the steps since, so that a statement of
// any length keeps at most one overlay.
Result<void> TransactionBody::spill(TableWork& work) {
  ++changes;
  TableOverlay& overlay = work.state.overlay;
  const tree::TreeReader reader{scratch, core.store.cache(), *work.keys};
  TRY_ASSIGN(const Oid below, branch_rows(head, work));
  const Oid base = overlay.spilled ? overlay.base_rows : overlay.truncated ? Oid{} : below;
  TRY_ASSIGN(const auto bulk, core.store.begin_bulk());
  holds.push_back(bulk->hold());
  auto at = overlay.rows.begin();
  std::optional<std::string> line;
  const auto next_edit = [&]() -> Result<std::optional<tree::RowEdit>> {
    if (at == overlay.rows.end()) return std::optional<tree::RowEdit>();
    const auto& [key, change] = *at++;
    if (!work.counted()) return std::optional<tree::RowEdit>(tree::RowEdit{key, change.line});
    TRY_ASSIGN(const auto there, line_in(reader, base, key));
    TRY_ASSIGN(line, counted_line(there, change));
    return std::optional<tree::RowEdit>(tree::RowEdit{key, line});
  };
  const tree::ObjectSink sink = [&bulk](store::ObjectType type, Bytes bytes) {
    return bulk->add(type, bytes);
  };
  TRY_ASSIGN(const Oid root, tree::apply_edit_stream(reader, sink, base, next_edit));
  TRY(bulk->finish());

  TableState fresh;
  fresh.path = work.state.path;
  fresh.origin = work.state.origin;
  fresh.large = work.state.large;
  fresh.large_root = work.state.large_root;
  fresh.rewritten = work.state.rewritten;
  fresh.spill_base = overlay.spilled ? work.state.spill_base : below;
  fresh.overlay.truncated = overlay.truncated;
  fresh.overlay.spilled = true;
  fresh.overlay.base_rows = root;
  const RowTally tally = tally_of(overlay.rows, work.counted());
  fresh.spilled = {work.state.spilled.inserted + tally.inserted,
                   work.state.spilled.updated + tally.updated,
                   work.state.spilled.deleted + tally.deleted};

  const size_t mark =
      std::max(statement_mark, savepoints.empty() ? 0 : savepoints.back().undo_size);
  bool older_state_kept = false;
  std::vector<UndoEntry> kept;
  for (size_t i = undo.size(); i-- > mark;) {
    UndoEntry& entry = undo[i];
    const bool is_row =
        entry.kind == UndoEntry::Kind::kNewRow || entry.kind == UndoEntry::Kind::kOldRow;
    if (entry.work == &work && is_row && !older_state_kept) {
      if (entry.kind == UndoEntry::Kind::kNewRow)
        overlay.rows.erase(entry.row);
      else
        entry.row->second = std::move(entry.old_row);
      continue;
    }
    if (entry.work == &work && entry.kind == UndoEntry::Kind::kTable) older_state_kept = true;
    kept.push_back(std::move(entry));
  }
  undo.erase(undo.begin() + static_cast<std::ptrdiff_t>(mark), undo.end());
  undo.insert(undo.end(), std::make_move_iterator(kept.rbegin()),
              std::make_move_iterator(kept.rend()));
  if (!older_state_kept) save_table(work);
  work.state = std::move(fresh);
  return {};
}

void TransactionBody::undo_to(size_t size) {
  bool files_changed = false;
  if (undo.size() > size) ++changes;
  while (undo.size() > size) {
    UndoEntry entry = std::move(undo.back());
    undo.pop_back();
    TableWork* work = entry.work;
    switch (entry.kind) {
      case UndoEntry::Kind::kNewRow:
        work->state.overlay.rows.erase(entry.row);
        break;
      case UndoEntry::Kind::kOldRow:
        entry.row->second = std::move(entry.old_row);
        break;
      case UndoEntry::Kind::kNewLarge:
        work->state.large.erase(entry.name);
        break;
      case UndoEntry::Kind::kOldLarge:
        work->state.large[entry.name] = entry.old_large;
        break;
      case UndoEntry::Kind::kTable:
        work->state = std::move(*entry.old_table);
        break;
      case UndoEntry::Kind::kMoved:
        work->state.path = std::move(entry.name);
        break;
      case UndoEntry::Kind::kFiles:
        file_ops.resize(entry.file_ops);
        files_changed = true;
        break;
    }
  }
  if (!files_changed) return;
  if (!rebuild_catalog()) {
    // The objects were readable when the statement ran; what reads next reports why they no longer
    // are.
    catalog.emplace(core.store, core.store.cache(), head.snapshot.root);
  }
}

// ---- Files ----

void TransactionBody::use_head(const Head& newest) {
  head = newest;
  snapshot = newest.snapshot;
  seen_sequence = std::max(seen_sequence, newest.snapshot.sequence);
  catalog.emplace(core.store, core.store.cache(), snapshot.root);
}

Result<catalog::TableVersion> TransactionBody::get_table(std::string_view schema,
                                                         std::string_view name) {
  const Oid& root = catalog->root();
  const bool is_found = !root.is_zero() && last_found.root == root &&
                        last_found.version.table->name == name &&
                        last_found.version.table->schema == schema;
  if (is_found) return last_found.version;
  TRY_ASSIGN(catalog::TableVersion version, catalog->get_table(schema, name));
  last_found = {root, version};
  return version;
}

Result<void> TransactionBody::rebuild_catalog() {
  private_root = {};
  snapshot = head.snapshot;
  if (file_ops.empty()) {
    catalog.emplace(core.store, core.store.cache(), snapshot.root);
    return {};
  }
  scratch.clear();
  std::vector<tree::PathEdit> batch;
  TRY_ASSIGN(Oid root,
             apply_file_ops(scratch, core.store.cache(), head.snapshot.root, file_ops, batch));
  TRY_ASSIGN(private_root, tree::edit_paths(scratch, core.store.cache(), root, std::move(batch)));
  snapshot.schema_generation = core.fresh_generation();
  catalog.emplace(scratch, core.store.cache(), private_root);
  return {};
}

Result<void> TransactionBody::add_file_op(FileOp op) {
  if (read_only) {
    return Error(ErrorCode::kReadOnlyTransaction,
                 "cannot change definitions in a read-only transaction");
  }
  ++changes;
  op.base = head;
  op.number = core.fresh_generation();
  const Oid below = private_root.is_zero() ? head.snapshot.root : private_root;
  if (op.path.ends_with(kSequenceFile) && !op.blob.is_zero() && !catalog::is_passive(op.path)) {
    TRY_ASSIGN(op.starts_sequence, starts_sequence(scratch, core.store.cache(), below, op));
  }
  std::vector<tree::PathEdit> batch;
  TRY_ASSIGN(Oid root, apply_file_ops(scratch, core.store.cache(), below, {op}, batch));
  TRY_ASSIGN(root, tree::edit_paths(scratch, core.store.cache(), root, std::move(batch)));
  TRY(catalog::check_bounds(scratch, core.store.cache(), root));

  for (size_t i = 0; i < works.size(); ++i) {
    TableWork& work = *works[i];
    if (work.state.dropped || !is_at_or_below(work.state.path, op.path)) continue;
    if (!op.moved_to.empty()) {
      undo.push_back({.kind = UndoEntry::Kind::kMoved, .work = &work, .name = work.state.path});
      work.state.path = op.moved_to + work.state.path.substr(op.path.size());
    } else if (op.blob.is_zero()) {
      save_table(work);
      work.state.dropped = true;
    }
  }
  undo.push_back({.kind = UndoEntry::Kind::kFiles, .file_ops = file_ops.size()});
  file_ops.push_back(std::move(op));
  // Each operation leaves the trees of the one before behind.
  if (scratch.bytes() > kWorkspaceBytesMax + 2 * scratch_bytes_needed) {
    TRY(rebuild_catalog());
    scratch_bytes_needed = scratch.bytes();
    return {};
  }
  private_root = root;
  snapshot.schema_generation = core.fresh_generation();
  catalog.emplace(scratch, core.store.cache(), private_root, below);
  return {};
}

SequenceOrigin TransactionBody::sequence_origin(std::string path) const {
  SequenceOrigin origin;
  for (size_t i = file_ops.size(); i-- > 0;) {
    const FileOp& op = file_ops[i];
    if (!op.moved_to.empty()) {
      if (!is_at_or_below(path, op.moved_to)) continue;
      path = op.path + path.substr(op.moved_to.size());
      origin.altered = true;
    } else if (!op.blob.is_zero() && op.path.size() == path.size() + kSequenceFile.size() &&
               op.path.starts_with(path) && op.path.ends_with(kSequenceFile)) {
      if (op.starts_sequence) {
        origin.started = op.number;
        break;
      }
      origin.altered = true;
    }
  }
  origin.path = std::move(path);
  return origin;
}

std::optional<std::string> TransactionBody::moved_path(std::string path, size_t first) const {
  for (size_t i = first; i < file_ops.size(); ++i) {
    const FileOp& op = file_ops[i];
    if (!op.moved_to.empty()) {
      if (is_at_or_below(path, op.path)) path = op.moved_to + path.substr(op.path.size());
    } else if (op.blob.is_zero() &&
               (is_at_or_below(path, op.path) || op.path == path + std::string(kSequenceFile))) {
      return std::nullopt;
    }
  }
  return path;
}

namespace {

// Which paths a batch of edits touches: none of them may be, or be below, another one's.
class TouchedPaths {
 public:
  bool overlaps(std::string_view path) const {
    if (paths_.contains(path) || folders_.contains(path)) return true;
    return any_folder(path, [this](std::string_view folder) { return paths_.contains(folder); });
  }
  void add(std::string_view path) {
    paths_.emplace(path);
    any_folder(path, [this](std::string_view folder) {
      return !folders_.emplace(folder).second;  // Then those above it are there, too.
    });
  }
  void clear() {
    paths_.clear();
    folders_.clear();
  }

 private:
  template <typename Is>
  static bool any_folder(std::string_view path, const Is& is) {
    for (size_t slash = path.rfind('/'); slash != path.npos; slash = path.rfind('/')) {
      path = path.substr(0, slash);
      if (is(path)) return true;
    }
    return false;
  }

  std::set<std::string, std::less<>> paths_;
  std::set<std::string, std::less<>> folders_;  // That hold one of them, at any depth.
};

}  // namespace

Result<Oid> apply_file_ops(store::PendingObjects& objects, store::NodeCache& cache, Oid root,
                           const std::vector<FileOp>& ops, std::vector<tree::PathEdit>& batch) {
  TouchedPaths touched;
  for (const tree::PathEdit& edit : batch) touched.add(edit.path);
  const auto flush = [&]() -> Result<void> {
    touched.clear();
    if (batch.empty()) return {};
    TRY_ASSIGN(root, tree::edit_paths(objects, cache, root, std::move(batch)));
    batch.clear();
    return {};
  };
  for (const FileOp& op : ops) {
    if (!op.moved_to.empty()) {
      TRY(flush());
      TRY_ASSIGN(const auto entry, tree::find_path(objects, cache, root, op.path));
      if (!entry) return serialization_failure();
      batch.push_back({op.path, tree::kModeTree, Oid{}});
      batch.push_back({op.moved_to, entry->mode, entry->id});
      TRY(flush());
      continue;
    }
    if (touched.overlaps(op.path)) TRY(flush());
    touched.add(op.path);
    batch.push_back({op.path, op.mode, op.blob});
  }
  // A folder that goes may have to come back with other content: it must not share an edit with
  // what is below it.
  const bool removes = std::any_of(batch.begin(), batch.end(),
                                   [](const tree::PathEdit& edit) { return edit.id.is_zero(); });
  if (removes) TRY(flush());
  return root;
}

// ---- Rows on trees ----

Result<std::optional<std::string>> counted_line(std::optional<Bytes> below,
                                                const RowChange& change) {
  const Bytes pattern = below ? *below : Bytes(*change.line);
  int64_t count = 0;
  const char* end = pattern.data() + pattern.size();
  if (pattern.empty() || pattern[0] != '[')
    return Error(ErrorCode::kCorruption, "a row has no count");
  const auto parsed = std::from_chars(pattern.data() + 1, end, count);
  if (parsed.ec != std::errc()) return Error(ErrorCode::kCorruption, "a row has no count");
  if (!below) count = 0;
  count += change.count_delta;
  if (count < 0) return serialization_failure();
  if (count == 0) return std::optional<std::string>();
  return std::optional<std::string>("[" + std::to_string(count) + std::string(parsed.ptr, end));
}

Result<Oid> apply_overlay(store::PendingObjects& objects, store::NodeCache& cache,
                          const TableWork& work, const Oid& rows) {
  const tree::TreeReader reader{objects, cache, *work.keys};
  std::vector<tree::RowEdit> edits;
  std::deque<std::string> lines;
  edits.reserve(work.state.overlay.rows.size());
  for (const auto& [key, change] : work.state.overlay.rows) {
    if (!work.counted()) {
      if (change.line || change.existed) edits.push_back({key, change.line});
      continue;
    }
    if (change.count_delta == 0) continue;
    TRY_ASSIGN(const auto there, line_in(reader, rows, key));
    TRY_ASSIGN(auto line, counted_line(there, change));
    if (line) {
      lines.push_back(std::move(*line));
      edits.push_back({key, Bytes(lines.back())});
    } else if (there) {
      edits.push_back({key, std::nullopt});
    }
  }
  if (edits.empty()) return rows;
  return tree::apply_edits(objects, cache, *work.keys, rows, edits);
}

namespace {

// The count of a counted line; none counts as zero.
Result<int64_t> count_in(std::optional<Bytes> line) {
  if (!line) return int64_t{0};
  int64_t count = 0;
  if (std::from_chars(line->data() + 1, line->data() + line->size(), count).ec != std::errc()) {
    return Error(ErrorCode::kCorruption, "a row has no count");
  }
  return count;
}

}  // namespace

Result<Oid> rebase_rows(store::PendingObjects& objects, store::NodeCache& cache,
                        const TableWork& work, const Oid& base, const Oid& ours,
                        const Oid& theirs) {
  if (base == theirs) return ours;
  const tree::TreeReader reader{objects, cache, *work.keys};
  std::deque<std::pair<std::string, std::optional<std::string>>> changes;
  const auto visit = [&](const tree::RowDifference& difference) -> Result<bool> {
    TRY_ASSIGN(const auto mine, line_in(reader, ours, difference.key));
    if (work.counted()) {
      TRY_ASSIGN(const int64_t before, count_in(difference.from));
      TRY_ASSIGN(const int64_t after, count_in(difference.to));
      const RowChange change{std::string(difference.to ? *difference.to : *difference.from),
                             after - before};
      TRY_ASSIGN(auto line, counted_line(mine, change));
      changes.emplace_back(std::string(difference.key), std::move(line));
      return true;
    }
    const bool mine_unchanged = difference.from ? mine && *mine == *difference.from : !mine;
    if (!mine_unchanged) {
      if (!difference.from) return catalog::duplicate_key(*work.table, difference.to ? *difference.to : Bytes());
      return serialization_failure();
    }
    changes.emplace_back(
        std::string(difference.key),
        difference.to ? std::optional<std::string>(std::string(*difference.to)) : std::nullopt);
    return true;
  };
  TRY(tree::diff_trees(reader, base, theirs, visit));
  std::vector<tree::RowEdit> edits;
  edits.reserve(changes.size());
  for (const auto& [key, line] : changes) edits.push_back({key, line});
  if (edits.empty()) return ours;
  return tree::apply_edits(objects, cache, *work.keys, ours, edits);
}

// ---- Locks ----

Result<void> TransactionBody::lock(uint64_t table, Bytes key, bool is_row) {
  TRY(core.locks.lock(lock_owner, {table, key}, {cancelled, lock_timeout_ms}));
  last_lock_table = table;
  last_lock_key.assign(key);
  last_lock_row = is_row ? Existence::kThere : Existence::kUnknown;
  return {};
}

// Says nothing about the row that is written next, unlike lock().
Result<void> TransactionBody::lock_beside(TableWork& work, const std::string& name) {
  return core.locks.lock(lock_owner, {work.lock_table, name}, {cancelled, lock_timeout_ms});
}

Result<void> TransactionBody::share(TableWork& work, Bytes key) {
  const auto [at, is_new] = needed_rows.try_emplace({&work, std::string(key)});
  if (!is_new) return {};  // Held until the end.
  auto shared = core.locks.share(lock_owner, {work.lock_table, shared_key_lock(key)},
                                 {cancelled, lock_timeout_ms});
  if (shared) {
    at->second = branch->tip().unlocked;
  } else {
    needed_rows.erase(at);
  }
  return shared;
}

// A key of rows never begins with a capital letter, so these locks stand beside theirs.
std::string shared_key_lock(Bytes key) { return "K" + std::string(key); }

}  // namespace rowan::txn
