// The commit queue: a workspace becomes a commit on its branch's tip.
#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <set>
#include <utility>

#include "base/caught.h"
#include "catalog/format_file.h"
#include "catalog/paths.h"
#include "catalog/violations.h"
#include "txn/workspace.h"
#include "type/key_codec.h"

namespace rowan::txn {

namespace {

constexpr size_t kSummaryBytesMax = 72;
constexpr size_t kPrepareRowsMin = 256;  // A larger overlay is built before the queue is entered.

constexpr std::string_view kSequenceFile = "/sequence.json";

using store::NodeCache;

class CommitBuilder {
 public:
  CommitBuilder(TransactionBody& body, const CommitRequest& request)
      : body_(body), core_(body.core), request_(request), cache_(core_.store.cache()) {}

  // Builds large overlays on the tip as it is now, so that inside the queue only what moved since
  // is applied.
  Result<void> prepare();
  // Requires: the branch's queue held.
  Result<CommitOutcome> build();

 private:
  struct Changed {
    const TableWork* work = nullptr;
    Oid old_rows;
    Oid new_rows;
    RowTally tally;
    bool delta_known = false;
  };

  Result<std::optional<Oid>> entry_of(const Oid& root, const std::string& path) const;
  Result<void> check_file_ops();
  Result<void> check_dangling(const Oid& root);
  Result<Oid> named_by_features(const Oid& root);
  Result<void> check_guard(const Head& base, const std::string& path);
  Result<void> check_definition(const Head& base, const std::string& folder);
  Result<void> check_passive(const FileOp& op);
  Result<void> check_table(const TableWork& work);
  Result<void> check_rows(const TableWork& work, const Oid& tip_rows);
  Result<void> check_references();
  Result<void> add_sequences(const Oid& root, std::vector<tree::PathEdit>& edits);
  Result<void> add_sequence(const Oid& root, std::vector<tree::PathEdit>& edits,
                            const std::string& path);
  Result<void> check_drawn();
  void move_counters();
  Result<void> check_new_references(const TableWork& work);
  Result<Oid> rows_of(const TableWork& work, const Oid& tip_rows);
  Result<Oid> keyed_large(const TableWork& work, const Oid& old_large);
  Result<Oid> counted_large(const TableWork& work, const Oid& tip_rows, const Oid& rows,
                            const Oid& old_large);
  Result<void> add_table(const TableWork& work, std::vector<tree::PathEdit>& edits);
  Result<Oid> write_commit(const Oid& root, int64_t time_us);
  Head next_head(const Oid& commit, const Oid& root, int64_t time_us, uint64_t sequence) const;
  void record(const Head& next);
  std::string summary() const;
  RowTally tally(const TableWork& work) const;

  TransactionBody& body_;
  Core& core_;
  const CommitRequest& request_;
  NodeCache& cache_;
  Head tip_;
  std::vector<Changed> changed_;
  std::vector<std::string> moved_sequences_;                      // Paths of their files.
  std::vector<std::pair<std::string, SequenceCounter>> started_;  // By path.
  std::set<uint64_t> restarts_;  // Numbers of file operations: of sequences that the tip has.
  std::vector<std::pair<std::string, catalog::SequenceDef>> altered_;
};

Result<std::optional<Oid>> CommitBuilder::entry_of(const Oid& root, const std::string& path) const {
  TRY_ASSIGN(const auto entry, tree::find_path(core_.store, cache_, root, path));
  return entry ? std::optional<Oid>(entry->id) : std::nullopt;
}

Result<void> CommitBuilder::prepare() {
  const Head tip = body_.branch->tip();
  for (const auto& work : body_.works) {
    const TableOverlay& overlay = work->state.overlay;
    if (!work->changes_rows() || overlay.spilled || overlay.truncated || work->counted() ||
        overlay.rows.size() < kPrepareRowsMin) {
      continue;
    }
    TRY_ASSIGN(const Oid rows, body_.branch_rows(tip, *work));
    TRY_ASSIGN(work->prepared, apply_overlay(body_.objects, cache_, *work, rows));
    work->prepared_from = rows;
  }
  return {};
}

// A path that the transaction relied on must be on the tip as it was where the transaction looked.
Result<void> CommitBuilder::check_guard(const Head& base, const std::string& path) {
  TRY_ASSIGN(const auto then, entry_of(base.snapshot.root, path));
  TRY_ASSIGN(const auto now, entry_of(tip_.snapshot.root, path));
  if (then != now) return serialization_failure();
  return {};
}

// Of a table or materialised view: its rows may have moved.
Result<void> CommitBuilder::check_definition(const Head& base, const std::string& folder) {
  TRY(check_guard(base, folder + "/table.sql"));
  return check_guard(base, folder + "/matview.sql");
}

// What people keep beside the data: the file itself must not have moved, and the folder of its
// table must still be there.
Result<void> CommitBuilder::check_passive(const FileOp& op) {
  TRY(check_guard(op.base, op.path));
  const std::string folder = op.path.substr(0, op.path.rfind('/'));
  if (catalog::classify_path(folder, true) != catalog::PathKind::kObject) return {};
  TRY_ASSIGN(const auto then, entry_of(op.base.snapshot.root, folder));
  TRY_ASSIGN(const auto now, entry_of(tip_.snapshot.root, folder));
  if (then && !now) return serialization_failure();
  return {};
}

Result<void> CommitBuilder::check_file_ops() {
  for (const FileOp& op : body_.file_ops) {
    if (op.base.snapshot.schema_generation == tip_.snapshot.schema_generation) continue;
    const size_t slash = op.path.find('/');
    if (slash != std::string::npos)
      TRY(check_guard(op.base, op.path.substr(0, slash) + "/schema.sql"));
    if (catalog::is_passive(op.path)) {
      TRY(check_passive(op));
      continue;
    }
    if (!op.moved_to.empty()) {
      TRY(check_guard(op.base, op.moved_to));
      TRY(check_definition(op.base, op.path));
      continue;
    }
    // A table that goes may have got other rows meanwhile; its definition must be the one that was
    // dropped.
    if (op.blob.is_zero() && slash != std::string::npos) {
      TRY(check_definition(op.base, op.path));
    } else {
      TRY(check_guard(op.base, op.path));
    }
  }
  return {};
}

// When definitions moved meanwhile, what they refer to may have gone here, or the other way round.
Result<void> CommitBuilder::check_dangling(const Oid& root) {
  const bool moved =
      std::any_of(body_.file_ops.begin(), body_.file_ops.end(), [this](const FileOp& op) {
        return op.base.snapshot.schema_generation != tip_.snapshot.schema_generation;
      });
  if (!moved) return {};
  TRY_ASSIGN(const auto after,
             catalog::dangling_references(catalog::Catalog(body_.objects, cache_, root)));
  if (after.empty()) return {};
  TRY_ASSIGN(const auto before, catalog::dangling_references(
                                    catalog::Catalog(core_.store, cache_, tip_.snapshot.root)));
  if (std::includes(before.begin(), before.end(), after.begin(), after.end())) return {};
  return serialization_failure();
}

Result<void> CommitBuilder::check_table(const TableWork& work) {
  if (!work.state.origin) return {};
  for (const WriteBase& base : work.bases) {
    if (base.head.snapshot.schema_generation == tip_.snapshot.schema_generation) continue;
    TRY(check_definition(base.head, *work.state.origin));
  }
  return {};
}

// Rows whose locks were held since `base` did not move, unless a commit without locks moved them.
Result<void> CommitBuilder::check_rows(const TableWork& work, const Oid& tip_rows) {
  // Unique values were locked and looked up in the tip of their time; a commit without locks may
  // have brought them since.
  if (!work.table->unique_keys.empty()) {
    for (const WriteBase& base : work.bases) {
      if (base.rows == tip_rows) continue;
      if (base.head.unlocked != tip_.unlocked || work.state.overlay.spilled)
        return serialization_failure();
    }
  }
  if (work.counted() || work.state.overlay.truncated) return {};
  const auto is_safe = [&](const WriteBase& base) {
    return base.head.snapshot.commit == tip_.snapshot.commit || base.rows == tip_rows ||
           (!work.unlocked_writes && base.head.unlocked == tip_.unlocked);
  };
  if (std::all_of(work.bases.begin(), work.bases.end(), is_safe)) return {};
  const tree::TreeReader reader{core_.store, cache_, *work.keys};
  for (const auto& [key, change] : work.state.overlay.rows) {
    const WriteBase& base = work.bases[change.base];
    if (is_safe(base)) continue;
    std::optional<tree::FoundLine> now;
    if (!tip_rows.is_zero()) {
      TRY_ASSIGN(now, tree::find_line(reader, tip_rows, key));
    }
    if (!change.existed) {
      if (now && change.line) return catalog::duplicate_key(*work.table, *change.line);
      continue;
    }
    if (work.state.overlay.spilled) continue;  // Over a private tree: rebase_rows compares.
    std::optional<tree::FoundLine> then;
    if (!base.rows.is_zero()) {
      TRY_ASSIGN(then, tree::find_line(reader, base.rows, key));
    }
    if (then.has_value() != now.has_value() || (then && then->line != now->line))
      return serialization_failure();
  }
  return {};
}

// What foreign keys and new constraints were found to hold, against the tip: locks kept it so,
// unless a commit without locks came.
Result<void> CommitBuilder::check_references() {
  for (const auto& [needed, unlocked] : body_.needed_rows) {
    const auto& [table, key] = needed;
    const TableWork& work = *table;
    if (unlocked == tip_.unlocked || work.state.overlay.rows.contains(key)) continue;
    if (work.state.overlay.spilled) return serialization_failure();
    TRY_ASSIGN(const Oid rows, body_.branch_rows(tip_, work));
    std::optional<tree::FoundLine> now;
    if (!rows.is_zero()) {
      TRY_ASSIGN(now, tree::find_line({core_.store, cache_, *work.keys}, rows, key));
    }
    if (!now) return serialization_failure();
  }
  for (const WatchedRows& watched : body_.watched_rows) {
    if (!watched.any && watched.unlocked == tip_.unlocked) continue;
    TRY_ASSIGN(const auto rows, entry_of(tip_.snapshot.root, watched.path + "/rows"));
    if (rows.value_or(Oid{}) != watched.rows) return serialization_failure();
  }
  return {};
}

// A table whose definition changed meanwhile may refer to rows that go or change here: the
// transaction did not look there.
Result<void> CommitBuilder::check_new_references(const TableWork& work) {
  const RowTally counts = tally(work);
  if (counts.deleted + counts.updated == 0 && !work.state.overlay.truncated) return {};
  for (const WriteBase& base : work.bases) {
    if (base.head.snapshot.schema_generation == tip_.snapshot.schema_generation) continue;
    const catalog::Catalog then(core_.store, cache_, base.head.snapshot.root);
    const catalog::Catalog now(core_.store, cache_, tip_.snapshot.root);
    TRY_ASSIGN(const auto schemas, now.schemas());
    for (const std::string& schema : schemas) {
      TRY_ASSIGN(const auto tables, now.tables(schema));
      for (const std::string& name : tables) {
        TRY_ASSIGN(const catalog::TableVersion table, now.get_table(schema, name));
        const auto refers = [&](const catalog::ForeignKey& key) {
          return key.schema == work.table->schema && key.table == work.table->name;
        };
        if (std::none_of(table.table->foreign_keys.begin(), table.table->foreign_keys.end(),
                         refers))
          continue;
        TRY_ASSIGN(const auto before, then.has_schema(schema));
        std::optional<catalog::TableVersion> old;
        if (before) {
          TRY_ASSIGN(old, then.find_table(schema, name));
        }
        if (!old || old->table->definition_id != table.table->definition_id)
          return serialization_failure();
      }
    }
  }
  return {};
}

Result<Oid> CommitBuilder::rows_of(const TableWork& work, const Oid& tip_rows) {
  const TableOverlay& overlay = work.state.overlay;
  if (overlay.truncated) {
    if (body_.isolation == IsolationLevel::kRepeatableRead && work.bases.front().rows != tip_rows) {
      return serialization_failure();
    }
    return apply_overlay(body_.objects, cache_, work, overlay.spilled ? overlay.base_rows : Oid{});
  }
  if (overlay.spilled) {
    TRY_ASSIGN(const Oid rebased, rebase_rows(body_.objects, cache_, work, work.state.spill_base,
                                              overlay.base_rows, tip_rows));
    return apply_overlay(body_.objects, cache_, work, rebased);
  }
  if (work.prepared_from) {
    return rebase_rows(body_.objects, cache_, work, *work.prepared_from, work.prepared, tip_rows);
  }
  return apply_overlay(body_.objects, cache_, work, tip_rows);
}

RowTally CommitBuilder::tally(const TableWork& work) const {
  RowTally sum = work.state.spilled;
  for (const auto& [key, change] : work.state.overlay.rows) {
    if (work.counted()) {
      if (change.count_delta > 0)
        sum.inserted += change.count_delta;
      else
        sum.deleted -= change.count_delta;
    } else if (change.line) {
      ++(change.existed ? sum.updated : sum.inserted);
    } else if (change.existed) {
      ++sum.deleted;
    }
  }
  return sum;
}

Result<Oid> CommitBuilder::keyed_large(const TableWork& work, const Oid& old_large) {
  const Oid base = work.state.large_root          ? *work.state.large_root
                   : work.state.overlay.truncated ? Oid{}
                                                  : old_large;
  if (work.state.large.empty()) return base;
  std::vector<tree::LargeEdit> edits;
  for (const auto& [name, blob] : work.state.large) edits.push_back({name, blob});
  return tree::apply_large_edits(body_.objects, cache_, base, std::move(edits));
}

// Equal rows share their entries, and only the tip knows whether one of them is left: the entries
// follow the lines that came and went.
Result<Oid> CommitBuilder::counted_large(const TableWork& work, const Oid& tip_rows,
                                         const Oid& rows, const Oid& old_large) {
  const TableState& state = work.state;
  if (old_large.is_zero() && state.large.empty() && !state.large_root) return Oid{};
  const bool is_new = state.large_root || state.overlay.truncated;
  std::vector<tree::LargeEdit> edits;
  const auto add = [&](Bytes key, Bytes line, bool is_there) -> Result<void> {
    TRY_ASSIGN(const auto slots, type::large_slots(work.table->layout, line));
    for (const auto& [slot, blob] : slots)
      edits.push_back({tree::large_name(key, slot), is_there ? blob : Oid{}});
    return {};
  };
  const tree::TreeReader reader{body_.objects, cache_, *work.keys};
  TRY(tree::diff_trees(reader, is_new ? Oid{} : tip_rows, reader, rows,
                       [&](const tree::RowDifference& row) -> Result<bool> {
                         if (!row.from) TRY(add(row.key, *row.to, true));
                         if (!row.to) TRY(add(row.key, *row.from, false));
                         return true;
                       }));
  const Oid base = is_new ? Oid{} : old_large;
  if (edits.empty()) return base;
  return tree::apply_large_edits(body_.objects, cache_, base, std::move(edits));
}

Result<void> CommitBuilder::add_table(const TableWork& work, std::vector<tree::PathEdit>& edits) {
  if (work.state.dropped || work.is_empty()) return {};
  TRY(check_table(work));
  TRY(check_new_references(work));
  TRY_ASSIGN(const Oid tip_rows, body_.branch_rows(tip_, work));
  TRY(check_rows(work, tip_rows));
  Oid rows = tip_rows;
  if (work.changes_rows()) {
    TRY_ASSIGN(rows, rows_of(work, tip_rows));
    if (rows != tip_rows) edits.push_back({work.state.path + "/rows", tree::kModeTree, rows});
    Changed changed{&work, tip_rows, rows, tally(work), true};
    if (work.state.overlay.truncated) {
      const auto before = core_.row_counts.find(tip_rows);
      changed.delta_known = before.has_value();
      changed.tally.deleted += static_cast<int64_t>(before.value_or(0));
    }
    if (work.state.rewritten) {  // Rows that were there before are the same rows.
      const int64_t same = std::min(changed.tally.inserted, changed.tally.deleted);
      changed.tally = {changed.tally.inserted - same, changed.tally.updated + same,
                       changed.tally.deleted - same};
    }
    if (rows != tip_rows) changed_.push_back(changed);
  }

  Oid old_large;
  if (work.state.origin) {
    TRY_ASSIGN(const auto there, entry_of(tip_.snapshot.root, *work.state.origin + "/large"));
    old_large = there.value_or(Oid{});
  }
  TRY_ASSIGN(const Oid large, work.counted() ? counted_large(work, tip_rows, rows, old_large)
                                             : keyed_large(work, old_large));
  if (large != old_large) edits.push_back({work.state.path + "/large", tree::kModeTree, large});
  return {};
}

// Whoever drew from a sequence that somebody dropped or moved meanwhile cannot say so in its file.
Result<void> CommitBuilder::check_drawn() {
  const SequencePlace place{core_.store, cache_, tip_.snapshot.root};
  for (const auto& [path, counter] : body_.drawn_sequences) {
    TRY_ASSIGN(const auto there, entry_of(tip_.snapshot.root, path + std::string(kSequenceFile)));
    if (!there) return serialization_failure();
    TRY(body_.branch->sequences().covered(place, path));  // It may have come back meanwhile.
    if (!body_.branch->sequences().is_current(path, counter)) return serialization_failure();
  }
  return {};
}

// Every sequence that was drawn from or changed: its file says what its counter has promised by
// now, under the definition that `edits` and `root` have.
Result<void> CommitBuilder::add_sequences(const Oid& root, std::vector<tree::PathEdit>& edits) {
  TRY(check_drawn());
  std::set<std::string> paths;  // Where they are now.
  const auto add = [&](std::string path, size_t first) {
    if (auto now = body_.moved_path(std::move(path), first)) paths.insert(std::move(*now));
  };
  for (size_t i = 0; i < body_.file_ops.size(); ++i) {
    const FileOp& op = body_.file_ops[i];
    if (!op.path.ends_with(kSequenceFile) || op.blob.is_zero() || catalog::is_passive(op.path))
      continue;
    const std::string path = op.path.substr(0, op.path.size() - kSequenceFile.size());
    if (op.starts_sequence) {
      TRY_ASSIGN(const auto there, entry_of(tip_.snapshot.root, op.path));
      if (there) restarts_.insert(op.number);
    }
    add(path, i + 1);
  }
  for (const auto& [path, counter] : body_.drawn_sequences) add(path, 0);
  for (const std::string& path : paths) TRY(add_sequence(root, edits, path));
  return {};
}

Result<void> CommitBuilder::add_sequence(const Oid& root, std::vector<tree::PathEdit>& edits,
                                         const std::string& path) {
  const std::string file = path + std::string(kSequenceFile);
  const auto edit = std::find_if(edits.begin(), edits.end(),
                                 [&](const tree::PathEdit& other) { return other.path == file; });
  Oid id;
  if (edit != edits.end()) {
    id = edit->id;
  } else {
    TRY_ASSIGN(const auto there, tree::find_path(body_.objects, cache_, root, file));
    if (there && !there->is_tree()) id = there->id;
  }
  if (id.is_zero()) return {};  // It is gone.
  TRY_ASSIGN(const store::ObjectRef object, body_.objects.read(id));
  TRY_ASSIGN(catalog::SequenceDef sequence, catalog::sequence_from_json(object.bytes, "", ""));

  const SequenceOrigin origin = body_.sequence_origin(path);
  std::optional<int64_t> covered;
  if (origin.started != 0) {
    const auto own = body_.own_sequences.find(origin.started);
    if (own != body_.own_sequences.end()) {
      covered = own->second.covered;
      started_.emplace_back(path, own->second);
    }
  } else {
    const SequencePlace place{core_.store, cache_, tip_.snapshot.root};
    TRY_ASSIGN(covered, body_.branch->sequences().covered(place, origin.path));
    if (!covered) {  // Its position is the tip's, not that of the snapshot it was changed on.
      TRY_ASSIGN(const auto now,
                 read_sequence(core_.store, cache_, tip_.snapshot.root, origin.path, "", ""));
      if (now && now->called) covered = now->last;
    }
    if (origin.altered) altered_.emplace_back(path, sequence);
  }
  if (!covered) return {};
  sequence.last = *covered;
  sequence.called = true;
  const Oid blob =
      body_.objects.add(store::ObjectType::kBlob, catalog::sequence_json(sequence), id);
  if (blob == id) return {};
  if (edit != edits.end()) {
    edit->id = blob;
  } else {
    edits.push_back({file, tree::kModeBlob, blob});
  }
  moved_sequences_.push_back(file);
  return {};
}

// The commit stands: counters of sequences that it defined follow.
void CommitBuilder::move_counters() {
  SequenceCounters& counters = body_.branch->sequences();
  for (const FileOp& op : body_.file_ops) {
    if (!op.moved_to.empty()) {
      counters.move(op.path, op.moved_to);
    } else if (op.blob.is_zero()) {
      const bool is_file = op.path.ends_with(kSequenceFile);
      counters.drop(is_file ? op.path.substr(0, op.path.size() - kSequenceFile.size()) : op.path);
    } else if (op.starts_sequence) {
      const std::string path = op.path.substr(0, op.path.size() - kSequenceFile.size());
      if (restarts_.contains(op.number)) {
        counters.restart(path);
      } else {
        counters.create(path);
      }
    }
  }
  for (const auto& [path, counter] : started_) counters.install(path, counter);
  for (const auto& [path, definition] : altered_) counters.redefine(path, definition);
}

// `public.orders: +3 ~1 -0`, tables joined by commas and cut with the number of those left out.
std::string CommitBuilder::summary() const {
  std::vector<std::string> parts;
  for (const Changed& changed : changed_) {
    const catalog::TableDef& table = *changed.work->table;
    parts.push_back(
        table.schema + "." + table.name + ": +" + std::to_string(changed.tally.inserted) + " ~" +
        std::to_string(changed.tally.updated) + " -" + std::to_string(changed.tally.deleted));
  }
  const auto plain = [](std::string_view path) {
    std::string name;
    while (!path.empty()) {
      const size_t end = std::min(path.find('/'), path.size());
      const std::string_view part = path.substr(0, end);
      const auto decoded = type::decode_name(part);
      if (!name.empty()) name += '.';
      name += decoded ? *decoded : std::string(part);
      path.remove_prefix(std::min(end + 1, path.size()));
    }
    return name;
  };
  std::set<std::string> renamed;  // Whose definition is yet to be written with the new name.
  for (const FileOp& op : body_.file_ops) {
    if (op.moved_to.empty() && catalog::is_passive(op.path)) {
      parts.push_back((op.blob.is_zero() ? "delete " : "write ") + op.path);
      continue;
    }
    const size_t slash = op.path.rfind('/');
    const bool is_definition = slash != std::string::npos &&
                               (op.path.ends_with(".sql") || op.path.ends_with(kSequenceFile));
    const std::string subject = plain(is_definition ? op.path.substr(0, slash) : op.path);
    if (!op.moved_to.empty()) {
      parts.push_back("rename " + subject + " to " + plain(op.moved_to));
      renamed.insert(plain(op.moved_to));
    } else if (is_definition && !op.blob.is_zero() && renamed.erase(subject) > 0) {
      continue;  // Said already.
    } else if (op.blob.is_zero()) {
      parts.push_back("drop " + subject);
    } else {
      const auto before = tree::find_path(core_.store, cache_, op.base.snapshot.root, op.path);
      parts.push_back((before && *before ? "alter " : "create ") + subject);
    }
  }
  if (parts.empty()) {
    for (const std::string& path : moved_sequences_)
      parts.push_back("draw from " + plain(path.substr(0, path.rfind('/'))));
  }
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 && text.size() + parts[i].size() + 2 > kSummaryBytesMax) {
      return text + " and " + std::to_string(parts.size() - i) + " more";
    }
    text += (i > 0 ? ", " : "") + parts[i];
  }
  return text;
}

Result<Oid> CommitBuilder::write_commit(const Oid& root, int64_t time_us) {
  git::Commit commit;
  commit.tree = root;
  commit.parents = {tip_.snapshot.commit};
  commit.author = request_.author;
  commit.author.seconds = time_us / 1'000'000;
  commit.committer = commit.author;
  std::vector<std::pair<std::string, std::string>> trailers;
  trailers.emplace_back("Rowan-Time", std::to_string(time_us));
  if (!request_.application.empty()) trailers.emplace_back("Rowan-App", request_.application);
  const std::string subject = request_.message.empty() ? summary() : request_.message;
  commit.message = git::message_with_trailers(subject, request_.body, trailers);
  return body_.objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
}

Head CommitBuilder::next_head(const Oid& commit, const Oid& root, int64_t time_us,
                              uint64_t sequence) const {
  Head next = tip_;
  next.snapshot.commit = commit;
  next.snapshot.root = root;
  next.snapshot.sequence = sequence;
  next.snapshot.time_us = time_us;
  if (!body_.file_ops.empty()) next.snapshot.schema_generation = core_.fresh_generation();
  const bool unlocked = !body_.file_ops.empty() ||
                        std::any_of(body_.works.begin(), body_.works.end(), [](const auto& work) {
                          return work->unlocked_writes || work->state.overlay.truncated ||
                                 work->state.overlay.spilled;
                        });
  if (unlocked) ++next.unlocked;
  return next;
}

// Tells the derived data and the listener.
void CommitBuilder::record(const Head& next) {
  std::vector<uint32_t> changes;
  for (const Changed& changed : changed_) {
    const TableOverlay& overlay = changed.work->state.overlay;
    if (changed.delta_known) {
      core_.row_counts.note(changed.old_rows, changed.new_rows,
                            changed.tally.inserted - changed.tally.deleted);
    }
    const std::string& path = changed.work->state.path;
    const bool many =
        overlay.spilled || overlay.truncated || overlay.rows.size() > derived::kChangesMax;
    if (many) changes.resize(derived::kChangesMax + 1);
    if (changes.size() > derived::kChangesMax) continue;
    changes.push_back(derived::change_hash(path, {}));
    for (const auto& [key, change] : overlay.rows)
      changes.push_back(derived::change_hash(path, key));
  }
  const bool defines =
      std::any_of(body_.file_ops.begin(), body_.file_ops.end(), [](const FileOp& op) {
        return !op.moved_to.empty() || !catalog::is_passive(op.path);
      });
  if (defines) changes.resize(derived::kChangesMax + 1);  // Anything may have changed.
  core_.history.add(next.snapshot.commit, tip_.snapshot.commit, next.snapshot.time_us, changes);
  const std::shared_lock guard(core_.listener_mutex);
  if (core_.listener) {
    core_.listener({body_.branch->name(), next.snapshot.commit, tip_.snapshot.commit,
                    tip_.snapshot.root, next.snapshot.root});
  }
}

// A definition may use a form that format 1 lacks: rowan.json names it from here on.
Result<Oid> CommitBuilder::named_by_features(const Oid& root) {
  const bool defines =
      std::any_of(body_.file_ops.begin(), body_.file_ops.end(), [](const FileOp& op) {
        return !op.blob.is_zero() && !catalog::is_passive(op.path);
      });
  if (!defines) return root;
  return catalog::with_features(body_.objects, cache_, tip_.snapshot.root, root);
}

Result<CommitOutcome> CommitBuilder::build() {
  if (body_.branch->dropped()) {
    return Error(ErrorCode::kUndefinedBranch,
                 "branch \"" + body_.branch->name() + "\" does not exist");
  }
  tip_ = body_.branch->tip();
  TRY(check_file_ops());
  TRY(check_references());
  std::vector<tree::PathEdit> edits;
  TRY_ASSIGN(Oid root,
             apply_file_ops(body_.objects, cache_, tip_.snapshot.root, body_.file_ops, edits));
  for (const auto& work : body_.works) TRY(add_table(*work, edits));
  TRY(add_sequences(root, edits));
  if (!edits.empty()) {
    TRY_ASSIGN(root, tree::edit_paths(body_.objects, cache_, root, std::move(edits)));
  }
  TRY(check_dangling(root));
  TRY_ASSIGN(root, named_by_features(root));
  if (root == tip_.snapshot.root) {
    // A value that was drawn is covered by a commit of somebody else, who may still wait for the
    // disk.
    if (!body_.drawn_sequences.empty())
      body_.seen_sequence = std::max(body_.seen_sequence, tip_.snapshot.sequence);
    return CommitOutcome{false, body_.snapshot.commit, body_.seen_sequence};
  }

  TRY(roll_up_if_due(core_, *body_.branch));
  tip_ = body_.branch->tip();  // With the same tree as before.
  const int64_t time_us = core_.commit_time(tip_.snapshot.time_us);
  TRY_ASSIGN(const Oid commit, write_commit(root, time_us));
  body_.branch->make_room();
  TRY_ASSIGN(const uint64_t sequence,
             core_.store.append(body_.objects,
                                {{body_.branch->moving_ref(), tip_.snapshot.commit, commit}}));
  const Head next = next_head(commit, root, time_us, sequence);
  // It is made. What follows can be found out again, should there be no memory for it now.
  body_.branch->advance(next, core_.store);
  if (!ends_well([&] { move_counters(); })) body_.branch->sequences().follow_tree([] {});
  ends_well([&] { record(next); });
  return CommitOutcome{true, commit, sequence};
}

}  // namespace

// X3: what was read counts as well as what was written.
Result<void> wait_durable(Core& core, uint64_t sequence) {
  auto durable = core.store.wait_durable(sequence);
  if (durable) return {};
  core.fall_back_all();
  return Error(ErrorCode::kIoError,
               "could not make the transaction durable: " + durable.error().message())
      .with_hint("The outcome of the transaction is unknown until the database is opened again.");
}

// A transaction in CommitTurns. It lives on the stack of its thread, which sleeps until it is told
// something.
struct CommitTurn {
  enum class State { kWaiting, kLeads, kDone };

  CommitTurn(TransactionBody& the_body, const CommitRequest& the_request)
      : body(the_body), request(the_request), builder(the_body, the_request) {}

  // Nothing that a turn throws may get between the others: they wait for whoever leads.
  template <typename Work>
  void run(const Work& work) noexcept {
    try {
      work();
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  bool is_made() const { return !thrown && outcome; }

  void tell(State what) {
    const std::lock_guard lock(mutex);  // Notified under it: afterwards the turn may be gone.
    state = what;
    wake.notify_one();
  }
  State wait() {
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return state != State::kWaiting; });
    return state;
  }
  // The sequence it must wait for; zero: none.
  uint64_t awaited() const {
    if (!is_made() || request.sync == store::SyncMode::kOff || outcome->sequence == 0) return 0;
    return std::max(outcome->sequence, body.seen_sequence);
  }

  TransactionBody& body;
  const CommitRequest& request;
  CommitBuilder builder;
  Result<CommitOutcome> outcome = CommitOutcome{};
  std::exception_ptr thrown;  // Instead of an outcome. Its own thread throws it on.
  std::mutex mutex;
  std::condition_variable wake;
  State state = State::kWaiting;  // Guarded by mutex.
};

namespace {

// Builds whatever waits, `own` among it, lets the next thread lead, and waits for the disk on
// behalf of all.
void lead_commits(Core& core, Branch& branch, CommitTurn& own) {
  std::vector<CommitTurn*> batch;
  CommitTurns& turns = branch.turns();
  {
    const std::lock_guard queue(branch.queue());
    {
      const std::lock_guard lock(turns.mutex);
      batch.swap(turns.waiting);
    }
    for (CommitTurn* turn : batch) {
      turn->run([&] { turn->outcome = turn->builder.build(); });
      // X4: the locks are free before the flush; whoever gets a row next has the new tip below it.
      if (turn->is_made()) core.locks.release_all(turn->body.lock_owner);
    }
  }
  CommitTurn* next = nullptr;
  {
    const std::lock_guard lock(turns.mutex);
    turns.led = !turns.waiting.empty();
    if (turns.led) next = turns.waiting.front();
  }
  if (next != nullptr) next->tell(CommitTurn::State::kLeads);

  uint64_t sequence = 0;
  const auto flushed = std::stable_partition(
      batch.begin(), batch.end(), [](const CommitTurn* turn) { return turn->awaited() == 0; });
  for (auto at = flushed; at != batch.end(); ++at) sequence = std::max(sequence, (*at)->awaited());
  for (auto at = batch.begin(); at != flushed; ++at) {
    if ((*at)->is_made()) branch.acknowledge((*at)->outcome->sequence);
    if (*at != &own) (*at)->tell(CommitTurn::State::kDone);
  }
  if (flushed == batch.end()) return;
  Result<void> durable;
  std::exception_ptr thrown;
  try {
    durable = wait_durable(core, sequence);
  } catch (...) {
    thrown = std::current_exception();
  }
  for (auto at = flushed; at != batch.end(); ++at) {
    CommitTurn& turn = **at;
    // The flush before may have taken the first of them along: those stand.
    const bool stands =
        (!thrown && durable) || turn.awaited() <= core.store.durable_sequence();
    if (!stands && thrown) turn.thrown = thrown;
    if (!stands && !durable) turn.run([&] { turn.outcome = Error(durable.error()); });
    if (turn.is_made()) branch.acknowledge(turn.outcome->sequence);
    if (&turn != &own) turn.tell(CommitTurn::State::kDone);
  }
}

}  // namespace

Result<CommitOutcome> commit_transaction(TransactionBody& body, const CommitRequest& request) {
  Core& core = body.core;
  if (!body.has_changes()) {
    const CommitOutcome outcome{false, body.snapshot.commit, body.seen_sequence};
    core.locks.release_all(body.lock_owner);
    if (request.sync != store::SyncMode::kOff && outcome.sequence != 0)
      TRY(wait_durable(core, outcome.sequence));
    return outcome;
  }
  CommitTurn turn(body, request);
  TRY(turn.builder.prepare());
  CommitTurns& turns = body.branch->turns();
  bool leads = false;
  {
    const std::lock_guard lock(turns.mutex);
    turns.waiting.push_back(&turn);
    leads = !std::exchange(turns.led, true);
  }
  if (leads || turn.wait() == CommitTurn::State::kLeads) lead_commits(core, *body.branch, turn);
  if (turn.thrown) std::rethrow_exception(turn.thrown);
  return std::move(turn.outcome);
}

}  // namespace rowan::txn
