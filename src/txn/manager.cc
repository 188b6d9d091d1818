// Manager: branches and their heads.
#include <algorithm>
#include <utility>

#include "base/caught.h"
#include "catalog/format_file.h"
#include "git/ref_names.h"
#include "txn/state.h"

namespace rowan::txn {

namespace {

constexpr size_t kKnownCommitsMax = 1024;
constexpr int64_t kTimesAheadApart = 1'000'000;  // A second of time stamps.

Error undefined_branch(std::string_view name) {
  return Error(ErrorCode::kUndefinedBranch, "branch \"" + std::string(name) + "\" does not exist");
}

Result<void> check_branch_name(std::string_view name) {
  if (git::is_valid_branch_name(name)) return {};
  return Error(ErrorCode::kInvalidName, "\"" + std::string(name) + "\" is not a valid branch name")
      .with_hint(std::string(git::kNameRules));
}

// Whether a branch that cannot be opened is a matter of its own: its ref names no commit, or another
// program moved it. Where ours cannot be read, the repository is damaged.
bool is_of_its_branch(const store::ObjectStore& store, const store::RefEntry& ref,
                      const Error& error) {
  if (error.code() == ErrorCode::kUndefinedRevision) return true;
  const std::vector<store::UnverifiedBranch> moved = store.unverified_branches();
  return error.code() == ErrorCode::kCorruption &&
         std::any_of(moved.begin(), moved.end(),
                     [&](const auto& branch) { return branch.name == ref.name; });
}

// Why a tree is for a newer version of Rowan to read, if it is.
std::optional<Error> newer_format(const store::ObjectReader& objects, store::NodeCache& cache,
                                  const Oid& root) {
  const auto format = catalog::check_format(objects, cache, root);
  if (format || format.error().code() != ErrorCode::kUnsupportedFormat) return std::nullopt;
  return format.error();
}

// Such a version may have been here. Other branches stay of use.
void refuse_newer_format(store::ObjectStore& store, Branch& branch) {
  if (branch.broken()) return;
  const auto newer = newer_format(store, store.cache(), branch.tip().snapshot.root);
  if (!newer) return;
  branch.set_broken(Error(ErrorCode::kUnsupportedFormat,
                          "branch \"" + branch.name() + "\" cannot be used: " + newer->message())
                        .with_hint(newer->hint()));
}

}  // namespace

// ---- Branch ----

Head Branch::tip() const {
  const std::lock_guard guard(heads_);
  return tip_;
}

void Branch::settle(const store::ObjectStore& store) {
  if (unflushed_.empty()) return;
  const uint64_t durable = store.durable_sequence();
  while (!unflushed_.empty() && unflushed_.front().snapshot.sequence <= durable) {
    durable_ = unflushed_.front();
    unflushed_.pop_front();
  }
}

Head Branch::durable(const store::ObjectStore& store) {
  const std::lock_guard guard(heads_);
  settle(store);
  return durable_;
}

Head Branch::readable(const store::ObjectStore& store, uint64_t own_sequence) {
  const std::lock_guard guard(heads_);
  settle(store);
  const Head* readable = &durable_;
  for (const Head& head : unflushed_) {
    if (head.snapshot.sequence > acknowledged_ && readable->snapshot.sequence >= own_sequence) break;
    readable = &head;
  }
  return *readable;
}

void Branch::acknowledge(uint64_t sequence) {
  const std::lock_guard guard(heads_);
  acknowledged_ = std::max(acknowledged_, sequence);
}

void Branch::make_room() {
  const std::lock_guard guard(heads_);
  if (room_.empty()) room_.emplace_back();
}

void Branch::advance(const Head& head, const store::ObjectStore& store) {
  const std::lock_guard guard(heads_);
  if (room_.empty()) room_.emplace_back();
  room_.front() = head;
  unflushed_.splice(unflushed_.end(), room_, room_.begin());
  tip_ = head;
  settle(store);
}

void Branch::fall_back(const store::ObjectStore& store, uint64_t schema_generation) {
  const std::lock_guard guard(heads_);
  settle(store);
  if (unflushed_.empty()) return;
  unflushed_.clear();
  const uint64_t unlocked = tip_.unlocked + 1;
  tip_ = durable_;
  tip_.unlocked = durable_.unlocked = unlocked;
  tip_.snapshot.schema_generation = durable_.snapshot.schema_generation = schema_generation;
}

// ---- Core ----

Core::Core(store::ObjectStore& the_store, const Clock& the_clock, const ManagerOptions& the_options)
    : store(the_store),
      clock(the_clock),
      options(the_options),
      log(options.log != nullptr ? *options.log : stderr_log()),
      row_counts(options.derived_folder.empty() ? std::filesystem::path()
                                                : options.derived_folder / "counts"),
      history(history_file(), !options.derived_folder.empty()),
      indexes(options.derived_folder.empty() ? std::filesystem::path()
                                             : options.derived_folder / "indexes") {
  pool.reserve(kPooledTransactionsMax);
}

Core::~Core() = default;

int64_t Core::commit_time(int64_t after) {
  int64_t newest = newest_time_us;
  int64_t time_us = 0;
  do {
    time_us = std::max(clock.now_us(), newest + 1);
  } while (!newest_time_us.compare_exchange_weak(newest, time_us));
  if (time_us > after) return time_us;
  // The parents' clock was ahead. Following it must not take other branches along.
  return git::bounded_time_us(after + 1 + times_ahead++ % kTimesAheadApart);
}

std::shared_ptr<Branch> Core::find_branch(std::string_view name) const {
  const std::shared_lock guard(branches_mutex);
  const auto found = branches.find(name);
  return found == branches.end() ? nullptr : found->second;
}

Result<std::shared_ptr<Branch>> Core::get_branch(std::string_view name) const {
  auto branch = find_branch(name);
  if (branch == nullptr) return undefined_branch(name);
  return branch;
}

Result<Head> Core::head_of(const Oid& commit, const store::ObjectReader* objects) {
  TRY_ASSIGN(const store::ObjectRef object,
             objects != nullptr ? objects->read(commit) : store.read(commit));
  if (object.type != store::ObjectType::kCommit) {
    return Error(ErrorCode::kUndefinedRevision, "object " + commit.hex() + " is no commit");
  }
  TRY_ASSIGN(const git::Commit parsed, git::parse_commit(object.bytes));
  Head head;
  head.snapshot.commit = commit;
  head.snapshot.root = parsed.tree;
  head.snapshot.schema_generation = fresh_generation();
  // The effective time needs the parent's only where clocks went back; the index knows, if it has
  // the commit.
  const auto known = history.find(commit);
  head.snapshot.time_us = known ? known->time_us : git::commit_time_us(parsed);
  return head;
}

void Core::fall_back_all() {
  std::vector<std::shared_ptr<Branch>> all;
  {
    const std::shared_lock guard(branches_mutex);
    for (const auto& [name, branch] : branches) all.push_back(branch);
  }
  for (const auto& branch : all) {
    const std::lock_guard queue(branch->queue());
    branch->fall_back(store, fresh_generation());
  }
}

// ---- Manager ----

Manager::Manager(std::unique_ptr<State> state) : state_(std::move(state)) {}

Manager::~Manager() {
  ends_well([&] { ignore_error(close(), "derived data is made again from the commits"); });
}

Result<std::unique_ptr<Manager>> Manager::open(store::ObjectStore& store, const Clock& clock,
                                               const ManagerOptions& options) {
  ManagerOptions used = options;
  if (store.read_only() && !used.derived_folder.empty()) {  // Somebody else may be writing there.
    used.history_to_read = used.derived_folder / "history";
    used.derived_folder.clear();
  }
  auto state = std::make_unique<State>(store, clock, used);
  for (const store::RefEntry& ref : store.refs(git::kBranchRefs)) {
    auto branch = open_branch(*state, ref);
    if (!branch && !is_of_its_branch(store, ref, branch.error())) return std::move(branch).error();
    if (branch) {
      state->branches.emplace((*branch)->name(), *branch);
    } else {  // One bad ref does not keep the others from use.
      state->log.write(LogLevel::kWarning, "ref \"" + ref.name + "\" is not used as a branch: " +
                                               branch.error().message());
    }
  }
  Core* core = state.get();
  for (const SequenceNote& note : take_sequence_notes(core->sequence_notes_file())) {
    if (const auto branch = core->find_branch(note.branch)) branch->sequences().resume(note);
  }
  std::unique_ptr<Manager> manager(new Manager(std::move(state)));
  if (options.verify_moved) TRY(options.verify_moved(*manager));
  for (const auto& [name, branch] : core->branches) refuse_newer_format(store, *branch);
  TRY(settle_fine_chains(*core));
  return manager;
}

Result<std::unique_ptr<Transaction>> Manager::begin(std::string_view branch_name,
                                                    IsolationLevel isolation, bool read_only,
                                                    const std::atomic<bool>* cancelled,
                                                    uint64_t own_sequence) {
  if (isolation == IsolationLevel::kSerializable) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "isolation level SERIALIZABLE is not supported yet");
  }
  TRY_ASSIGN(auto branch, state_->get_branch(branch_name));
  if (branch->broken()) return Error(*branch->broken());
  std::unique_ptr<Transaction::State> body;
  {
    const std::lock_guard guard(state_->pool_mutex);
    if (!state_->pool.empty()) {
      body.reset(static_cast<Transaction::State*>(state_->pool.back().release()));
      state_->pool.pop_back();
    }
  }
  if (body == nullptr) body = std::make_unique<Transaction::State>(*state_);
  body->branch = std::move(branch);
  body->isolation =
      isolation == IsolationLevel::kReadUncommitted ? IsolationLevel::kReadCommitted : isolation;
  body->read_only = read_only;
  body->cancelled = cancelled;
  body->own_sequence = own_sequence;
  body->start_time_us = state_->clock.now_us();
  body->use_head(body->branch->readable(state_->store, own_sequence));
  return std::unique_ptr<Transaction>(new Transaction(std::move(body)));
}

Result<std::unique_ptr<Transaction>> Manager::begin_at(const Oid& commit, IsolationLevel isolation,
                                                       const std::atomic<bool>* cancelled) {
  TRY_ASSIGN(const Snapshot snapshot, snapshot_of(commit));
  auto body = std::make_unique<Transaction::State>(*state_);
  body->branch = std::make_shared<Branch>(commit.hex(), Head{snapshot, 0},
                                          0);  // Nobody else has it: it never moves.
  body->isolation = isolation;
  body->read_only = true;
  body->cancelled = cancelled;
  body->start_time_us = state_->clock.now_us();
  body->use_head(body->branch->tip());
  return std::unique_ptr<Transaction>(new Transaction(std::move(body)));
}

Result<Snapshot> Manager::durable_snapshot(std::string_view branch_name) {
  TRY_ASSIGN(const auto branch, state_->get_branch(branch_name));
  return branch->durable(state_->store).snapshot;
}

Result<Snapshot> Manager::tip_snapshot(std::string_view branch_name) {
  TRY_ASSIGN(const auto branch, state_->get_branch(branch_name));
  return branch->tip().snapshot;
}

Result<Snapshot> Manager::snapshot_of(const Oid& commit) {
  {
    const std::lock_guard guard(state_->known_mutex);
    const auto found = state_->known.find(commit);
    if (found != state_->known.end()) return found->second;
  }
  TRY_ASSIGN(Head head, state_->head_of(commit));
  if (state_->options.readable_root) {
    TRY_ASSIGN(head.snapshot.root, state_->options.readable_root(commit));
  }
  const std::lock_guard guard(state_->known_mutex);
  if (state_->known.size() >= kKnownCommitsMax) state_->known.clear();
  return state_->known.emplace(commit, head.snapshot).first->second;
}

std::vector<BranchInfo> Manager::branches() {
  std::vector<BranchInfo> all;
  const std::shared_lock guard(state_->branches_mutex);
  for (const auto& [name, branch] : state_->branches)
    all.push_back({name, branch->tip().snapshot.commit});
  return all;
}

Result<void> Manager::create_branch(std::string_view name, const Oid& commit,
                                    store::PendingObjects* objects) {
  TRY(check_branch_name(name));
  TRY_ASSIGN(Head head, state_->head_of(commit, objects));
  const store::ObjectReader& reader =
      objects != nullptr ? static_cast<const store::ObjectReader&>(*objects) : state_->store;
  if (const auto newer = newer_format(reader, state_->store.cache(), head.snapshot.root))
    return Error(*newer);
  uint64_t sequence = 0;
  {
    const std::unique_lock guard(state_->branches_mutex);
    std::string ref_name = git::branch_ref(name);
    if (state_->branches.contains(name) || state_->store.ref(ref_name)) {
      return Error(ErrorCode::kDuplicateBranch,
                   "branch \"" + std::string(name) + "\" already exists");
    }
    const store::PendingObjects none(state_->store);
    TRY_ASSIGN(sequence, state_->store.append(objects != nullptr ? *objects : none,
                                              {{std::move(ref_name), Oid{}, commit}}));
    head.snapshot.sequence = sequence;
    state_->branches.emplace(
        name, std::make_shared<Branch>(std::string(name), head, ++state_->branch_numbers));
  }
  Result<void> durable = wait_durable(*state_, sequence);
  if (!durable) {
    const std::unique_lock guard(state_->branches_mutex);
    if (const auto made = state_->branches.find(name); made != state_->branches.end())
      state_->branches.erase(made);
  }
  return durable;
}

Result<void> Manager::drop_branch(std::string_view name, const BranchEnd& end) {
  TRY_ASSIGN(const auto branch, state_->get_branch(name));
  uint64_t sequence = 0;
  {
    const std::lock_guard queue(branch->queue());
    if (branch->dropped()) return undefined_branch(name);
    const Oid tip = branch->tip().snapshot.commit;
    if (!end.expected_tip.is_zero() && tip != end.expected_tip)
      return Error(ErrorCode::kSerializationFailure,
                   "could not serialize access due to concurrent update");
    const store::PendingObjects none(state_->store);
    const FineChain& fine = branch->fine();
    std::vector<store::RefUpdate> refs = end_of_chains(*state_, name);
    refs.push_back({branch->ref_name(), fine.number == 0 ? tip : fine.rolled_up, Oid{}});
    refs.insert(refs.end(), end.refs.begin(), end.refs.end());
    TRY_ASSIGN(sequence, state_->store.append(end.objects != nullptr ? *end.objects : none, refs));
    branch->drop();
    const std::unique_lock guard(state_->branches_mutex);
    state_->branches.erase(branch->name());
  }
  return wait_durable(*state_, sequence);
}

Result<void> Manager::rename_branch(std::string_view from, std::string_view to,
                                    const BranchEnd& end) {
  TRY(check_branch_name(to));
  TRY_ASSIGN(const auto branch, state_->get_branch(from));
  uint64_t sequence = 0;
  {
    const std::lock_guard queue(branch->queue());
    if (branch->dropped()) return undefined_branch(from);
    if (branch->fine().number != 0) return has_history_policy(from);
    const std::unique_lock guard(state_->branches_mutex);
    std::string ref_name = git::branch_ref(to);
    if (state_->branches.contains(to) || state_->store.ref(ref_name)) {
      return Error(ErrorCode::kDuplicateBranch,
                   "branch \"" + std::string(to) + "\" already exists");
    }
    Head head = branch->tip();
    if (!end.expected_tip.is_zero() && head.snapshot.commit != end.expected_tip)
      return Error(ErrorCode::kSerializationFailure,
                   "could not serialize access due to concurrent update");
    const store::PendingObjects none(state_->store);
    std::vector<store::RefUpdate> refs{{branch->ref_name(), head.snapshot.commit, Oid{}},
                                       {std::move(ref_name), Oid{}, head.snapshot.commit}};
    refs.insert(refs.end(), end.refs.begin(), end.refs.end());
    for (store::RefUpdate& update : rename_chains(*state_, from, to))
      refs.push_back(std::move(update));
    TRY_ASSIGN(sequence, state_->store.append(end.objects != nullptr ? *end.objects : none, refs));
    head.snapshot.sequence = sequence;
    branch->drop();
    state_->branches.erase(branch->name());
    state_->branches.emplace(
        to, std::make_shared<Branch>(std::string(to), head, ++state_->branch_numbers));
  }
  return wait_durable(*state_, sequence);
}

Result<bool> Manager::has_branch(std::string_view name) {
  return state_->find_branch(name) != nullptr;
}

Result<CommitOutcome> Manager::commit_tree(const TreeCommit& commit) {
  return txn::commit_tree(*state_, commit);
}
Result<CommitOutcome> Manager::move_branch(const BranchMove& move) {
  return txn::move_branch(*state_, move);
}
Result<void> Manager::update_refs(const store::PendingObjects* objects,
                                  const std::vector<store::RefUpdate>& refs, store::SyncMode sync) {
  return txn::update_refs(*state_, objects, refs, sync);
}

Result<void> Manager::set_history_policy(std::string_view branch, const HistoryPolicy& policy) {
  return txn::set_history_policy(*state_, branch, policy);
}
Result<bool> Manager::drop_history_policy(std::string_view branch) {
  return txn::drop_history_policy(*state_, branch);
}
Result<void> Manager::roll_up_due() { return txn::roll_up_due(*state_); }
int64_t Manager::commit_time(int64_t after) { return state_->commit_time(after); }

std::vector<Oid> Manager::merge_bases(const Oid& a, const Oid& b) {
  return txn::merge_bases(*state_, a, b);
}
std::vector<Oid> Manager::held_tips(const Oid& tip) { return txn::held_tips(*state_, tip); }

Result<Oid> Manager::resolve_revision(std::string_view revision, std::string_view branch) {
  return txn::resolve_revision(*state_, revision, branch);
}

Result<Oid> Manager::revision_at(int64_t time_us, std::string_view branch_name) {
  TRY_ASSIGN(const Oid head, txn::resolve_revision(*state_, "HEAD", branch_name));
  return txn::revision_at(*state_, time_us, head);
}

std::vector<MovedBranch> Manager::moved_branches() { return txn::moved_branches(*state_); }
Result<void> Manager::settle_moved(const MovedBranch& moved, const ForeignTip& answer) {
  return txn::settle_moved(*state_, moved, answer);
}
void Manager::set_unusable(std::string_view branch, Error why) {
  if (const auto found = state_->find_branch(branch)) found->set_broken(std::move(why));
}
Result<void> Manager::take_over(const ForeignTip& tip) { return txn::take_over(*state_, tip); }

Result<store::RefUpdate> Manager::reflog_entry(store::PendingObjects& objects,
                                               std::string_view branch, const Oid& from,
                                               const Oid& to, const git::Signature& author,
                                               std::string_view what) {
  return txn::reflog_entry(*state_, objects, branch, from, to, author, what);
}
Result<std::vector<store::RefUpdate>> Manager::rename_reflog(store::PendingObjects& objects,
                                                             std::string_view from,
                                                             std::string_view to,
                                                             const git::Signature& author) {
  return txn::rename_reflog(*state_, objects, from, to, author);
}
Result<void> Manager::walk_reflog(std::string_view branch,
                                  const std::function<Result<bool>(const ReflogEntry&)>& visit) {
  return txn::walk_reflog(*state_, branch, visit);
}

store::ObjectStore& Manager::store() { return state_->store; }
derived::RowCounts& Manager::row_counts() { return state_->row_counts; }
derived::HistoryIndex& Manager::history() { return state_->history; }
derived::Indexes& Manager::indexes() { return state_->indexes; }

void Manager::set_commit_listener(std::function<void(const CommitEvent&)> listener) {
  const std::unique_lock guard(state_->listener_mutex);
  state_->listener = std::move(listener);
}

Result<void> Manager::close() {
  std::vector<std::shared_ptr<Branch>> all;
  {
    const std::shared_lock guard(state_->branches_mutex);
    for (const auto& [name, branch] : state_->branches) all.push_back(branch);
  }
  for (const auto& branch : all)
    const std::lock_guard queue(branch->queue());  // Commits under way get done.
  if (const auto file = state_->sequence_notes_file(); !file.empty()) {
    std::vector<SequenceNote> notes;
    for (const auto& branch : all) {
      for (SequenceNote& note : branch->sequences().notes(branch->name()))
        notes.push_back(std::move(note));
    }
    TRY(write_sequence_notes(file, notes));
  }
  TRY(state_->row_counts.save());
  TRY(state_->indexes.save());
  return state_->history.save();
}

}  // namespace rowan::txn
