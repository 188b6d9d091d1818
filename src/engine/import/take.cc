#include "engine/import/take.h"

#include <fmt/format.h>

#include <utility>

#include "engine/database.h"
#include "engine/import/admission.h"
#include "engine/session.h"
#include "versions/branch_hints.h"
#include "versions/merging.h"

namespace rowan::engine {

namespace {

// The canonical form of a tip is kept beside it while it is merged: a merge reads its sources from
// the store.
Result<void> keep_target(versions::Context& context, const ForeignMerge& merge) {
  if (merge.target == merge.commit || context.store.contains(merge.target)) return {};
  const std::string ref = parked_ref(merge.branch, merge.target);
  return context.manager.update_refs(merge.objects, {{ref, Oid{}, merge.target}});
}

std::vector<store::RefUpdate> forget_both(const store::ObjectStore& store,
                                          const ForeignMerge& merge) {
  std::vector<store::RefUpdate> refs = forget_updates(store, merge.branch, merge.commit);
  if (merge.target == merge.commit) return refs;
  for (store::RefUpdate& update : forget_updates(store, merge.branch, merge.target))
    refs.push_back(std::move(update));
  return refs;
}

Error is_held(const ParkedTip& tip, const versions::HintWords& words) {
  return Error(ErrorCode::kObjectNotInState,
               fmt::format("commit {} is part of branch \"{}\", or beside all of it",
                           tip.commit.hex().substr(0, 12), tip.branch))
      .with_hint(versions::hint_with(words, words.held_foreign, tip.ref));
}

// The branch of a tip that no branch has any more.
Result<versions::VerbResult> take_as_branch(SessionImpl& session, const ParkedTip& tip) {
  DatabaseImpl& database = session.owner();
  store::PendingObjects objects(database.store());
  // As a push of a new branch is asked: beside what another branch has.
  const auto known = database.manager().tip_snapshot(database.default_branch());
  const Admission::Answer answer = database.admission().ask(
      {tip.branch, tip.commit, Oid{}, {}, known ? known->commit : Oid{}}, objects);
  if (const auto* objection = std::get_if<Objection>(&answer)) return objection_error(*objection);
  TRY(database.manager().create_branch(tip.branch, std::get<Oid>(answer), &objects));
  TRY(sweep_parked(database.manager()));
  return versions::verb_done("TAKE FOREIGN", fmt::format("branch \"{}\" was made", tip.branch));
}

}  // namespace

Result<Oid> merge_foreign_tip(versions::Context& context, const ForeignMerge& merge,
                              bool clean_only, std::string_view message, std::string_view body) {
  TRY(keep_target(context, merge));
  const auto refs = [&] { return forget_both(context.store, merge); };
  auto merged = versions::merge_source(context, {merge.target, merge.commit, clean_only,
                                                 std::string(message), std::string(body), refs});
  if (!merged && merge.target != merge.commit) {
    ignore_error(context.manager.update_refs(
                     nullptr, forget_updates(context.store, merge.branch, merge.target)),
                 "it is listed beside the tip that it stands for");
  }
  return merged;
}

Result<versions::VerbResult> run_take_foreign(SessionImpl& session,
                                              const sql::RevisionsStmt& statement) {
  DatabaseImpl& database = session.owner();
  txn::Manager& manager = database.manager();
  TRY_ASSIGN(const ParkedTip tip, find_parked(manager, statement.revisions[0], session.hints()));
  TRY_ASSIGN(const bool exists, manager.has_branch(tip.branch));
  if (!exists) return take_as_branch(session, tip);
  TRY_ASSIGN(const txn::Snapshot now, manager.tip_snapshot(tip.branch));
  TRY(manager.history().ensure(manager.store(), tip.commit));
  TRY(manager.history().ensure(manager.store(), now.commit));
  if (manager.history().is_ancestor(tip.commit, now.commit)) {
    if (tip.is_rewind) return is_held(tip, session.hints());
    TRY(sweep_parked(manager));
    return versions::verb_done("TAKE FOREIGN", "already up to date");
  }
  store::PendingObjects objects(database.store());
  Place place;
  const auto target = canonical_commit(manager, objects, tip.commit, now.root, &place);
  const Admission admission = database.admission();
  if (!target)
    return objection_error(
        admission.unfit_tip(tip.commit, now.root, target.error(), std::move(place)));
  if (const auto objection =
          admission.ask_ancestors({tip.branch, tip.commit, now.commit}, now.root))
    return objection_error(*objection);
  versions::Context own = database.context_on(tip.branch, session.hints());
  own.cancelled = &session.cancel_flag();
  const std::string message = statement.has_message
                                  ? std::string(statement.message)
                                  : fmt::format("Merge foreign commit {} into {}",
                                                tip.commit.hex().substr(0, 12), tip.branch);
  auto merged = merge_foreign_tip(own, {tip.branch, tip.commit, *target, &objects}, false, message,
                                  statement.text);
  const versions::Effects& effects = own.effects;
  if (!merged) {
    session.set_violations(effects.violations.value_or(std::vector<exec::Violation>()));
    return std::move(merged).error();
  }
  if (!session.is_pinned() && session.branch_name() == tip.branch)
    session.block().note_commit(*merged, effects.commit ? effects.commit->sequence : 0);
  versions::VerbResult result = versions::verb_done(
      "TAKE FOREIGN",
      fmt::format("branch \"{}\" is at commit {}", tip.branch, merged->hex().substr(0, 12)));
  result.facts.commit_id = merged->hex();
  // As MERGE says it, which this is: a protected branch may come by its new tip in this way, too.
  if (*merged == *target) {
    result.facts.notices.push_back(fmt::format("fast-forward to {}", merged->hex().substr(0, 12)));
  }
  return result;
}

Result<versions::VerbResult> run_drop_foreign(SessionImpl& session,
                                              const sql::RevisionsStmt& statement) {
  DatabaseImpl& database = session.owner();
  TRY_ASSIGN(const ParkedTip tip,
             find_parked(database.manager(), statement.revisions[0], session.hints()));
  TRY(database.manager().update_refs(nullptr,
                                     forget_updates(database.store(), tip.branch, tip.commit),
                                     session.settings().synchronous_commit()));
  return versions::verb_done("DROP FOREIGN", fmt::format("foreign tip of \"{}\" was at commit {}",
                                                         tip.branch, tip.commit.hex()));
}

}  // namespace rowan::engine
