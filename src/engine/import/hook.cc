#include "engine/import/hook.h"

#include <fmt/format.h>

#include <memory>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "engine/import/admission.h"
#include "engine/import/foreign_moves.h"
#include "git/ref_names.h"
#include "git/trust.h"
#include "store/git_store.h"
#include "versions/branch_settings.h"

namespace rowan::engine {

namespace {

namespace fs = std::filesystem;

constexpr uint64_t kHookBytesMax = 1u << 20;
constexpr std::string_view kHookMark = "# Made by `rowan hook install`.";

// What a push meets: a repository open for reading, with the branches as sessions see them.
struct Receiver {
  std::unique_ptr<store::ObjectStore> store;
  versions::BranchSettings settings;
  ForeignMoves moves{null_log()};
  std::unique_ptr<txn::Manager> manager;

  Admission admission(txn::Manager& asked) const {
    return {asked, settings, system_clock(), "rowan", "rowan"};
  }
};

Result<std::unique_ptr<Receiver>> open_receiver(const fs::path& named,
                                                const fs::path& quarantine) {
  const fs::path repository = resolve(named);
  auto receiver = std::make_unique<Receiver>();
  store::GitStoreOptions options;
  options.read_only = true;
  options.log = &null_log();
  options.quarantine = quarantine;
  TRY_ASSIGN(receiver->store, store::open_git_store(repository, options));
  TRY(receiver->settings.open(repository));
  txn::ManagerOptions manager_options;
  manager_options.derived_folder = repository / "rowan" / "derived";
  manager_options.log = &null_log();
  manager_options.verify_moved = [&](txn::Manager& manager) {
    return receiver->moves.verify_moved(manager, receiver->admission(manager));
  };
  TRY_ASSIGN(receiver->manager,
             txn::Manager::open(*receiver->store, system_clock(), manager_options));
  return receiver;
}

std::string sentence(const PushedRef& ref, const Objection& objection) {
  std::string where = objection.place.file;
  if (!where.empty() && objection.place.line != 0)
    where += fmt::format(", line {}", objection.place.line);
  return fmt::format("{} is refused: {}{}{} ({})", ref.name, where, where.empty() ? "" : ": ",
                     bare_reason(objection), sqlstate(objection.error.code()));
}

// Whether the ref stands at a tip that would be admitted, and the push leaves it behind. Where it is
// spelled freely, the next open for writing takes it; until then sessions see an older commit.
bool leaves_behind(Receiver& receiver, const PushedRef& ref, const Oid& seen) {
  txn::Manager& manager = *receiver.manager;
  if (ref.from.is_zero() || ref.from == seen) return false;
  derived::HistoryIndex& history = manager.history();
  for (const Oid& each : {ref.from, ref.to}) {
    if (!history.ensure(*receiver.store, each)) return false;
  }
  if (history.is_ancestor(ref.from, ref.to)) return false;
  if (!seen.is_zero() && history.is_ancestor(ref.from, seen)) return false;
  store::PendingObjects objects(*receiver.store);
  const Admission::Question question{ref.name.substr(git::kBranchRefs.size()), ref.from, seen};
  return std::holds_alternative<Oid>(receiver.admission(manager).ask(question, objects));
}

std::optional<Objection> objection_to(Receiver& receiver, const PushedRef& ref) {
  txn::Manager& manager = *receiver.manager;
  const std::string branch = ref.name.substr(git::kBranchRefs.size());
  const auto tip = manager.tip_snapshot(branch);
  if (ref.to.is_zero()) {
    if (!tip) return std::nullopt;
    return Objection{
        Error(ErrorCode::kConflict, "branches are dropped with DROP BRANCH"), {}, false};
  }
  if (leaves_behind(receiver, ref, tip ? tip->commit : Oid{})) {
    return Objection{
        Error(ErrorCode::kConflict, "it does not follow the branch's last commit"), {}, true};
  }
  store::PendingObjects objects(*receiver.store);
  Admission::Question question{branch, ref.to, tip ? tip->commit : Oid{}};
  Admission::Answer answer = receiver.admission(manager).ask(question, objects);
  if (auto* objection = std::get_if<Objection>(&answer)) {
    // Beside newer commits, which a policy keeps from Git, the server merges or parks it.
    const bool is_beside = objection->is_rewind && tip && !ref.from.is_zero() &&
                           ref.from != tip->commit &&
                           manager.history().ensure(*receiver.store, ref.from) &&
                           manager.history().is_ancestor(ref.from, tip->commit);
    if (!is_beside) return std::move(*objection);
    question.good = ref.from;
    question.beside = tip->commit;
    answer = receiver.admission(manager).ask(question, objects);
    if (auto* second = std::get_if<Objection>(&answer)) return std::move(*second);
  }
  return std::nullopt;
}

std::string quoted(std::string_view word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

Result<std::vector<std::string>> refused_pushes(const fs::path& repository,
                                                const fs::path& quarantine,
                                                const std::vector<PushedRef>& pushed) {
  std::vector<std::string> refused;
  const auto opened = open_receiver(repository, quarantine);
  // The first push to an empty repository: whoever opens it judges it.
  if (!opened && opened.error().code() == ErrorCode::kNotARepository) return refused;
  if (!opened) return Error(opened.error());
  const std::unique_ptr<Receiver>& receiver = *opened;
  for (const PushedRef& ref : pushed) {
    if (!ref.name.starts_with(git::kBranchRefs)) continue;
    const auto objection = objection_to(*receiver, ref);
    if (!objection) continue;
    refused.push_back(sentence(ref, *objection));
    if (!objection->error.hint().empty()) refused.push_back("hint: " + objection->error.hint());
  }
  return refused;
}

Result<void> install_hook(const fs::path& named, std::string_view program, bool force) {
  const fs::path repository = resolve(named);
  if (!is_folder(repository / "objects") || !has_entry(repository / "HEAD"))
    return Error(ErrorCode::kNotARepository,
                 fmt::format("\"{}\" is no bare repository", repository.string()));
  TRY(git::check_trusted(repository));
  TRY_ASSIGN(const bool has_content, store::has_content(repository));
  if (!has_content && !is_folder(repository / "rowan")) {
    return Error(ErrorCode::kNotARepository,
                 fmt::format("\"{}\" is not a Rowan repository", repository.string()))
        .with_hint("rowan init makes one.");
  }
  const fs::path path = repository / "hooks" / "pre-receive";
  if (has_entry(path) && !force) {
    const auto text = read_whole_file(path, kHookBytesMax);
    if (!text || text->find(kHookMark) == std::string::npos) {
      return Error(ErrorCode::kDuplicateFile, fmt::format("\"{}\" is there already", path.string()))
          .with_hint("Let it run `rowan hook run` on its input, or replace it with --force.");
    }
  }
  TRY(make_folders(path.parent_path()));
  TRY_ASSIGN(NewFile file, NewFile::open(path, 0755));
  TRY(file.write(fmt::format("#!/bin/sh\n{} Refuses pushes that the database would not admit.\n"
                             "exec {} hook run \"${{GIT_DIR:-.}}\"\n",
                             kHookMark, quoted(program))));
  return file.commit(true);
}

}  // namespace rowan::engine
