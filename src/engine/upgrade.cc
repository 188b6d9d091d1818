#include "engine/upgrade.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "catalog/format_file.h"
#include "engine/database.h"

namespace rowan::engine {

namespace {

// Why the tip's rowan.json does not stand.
std::string reason(const catalog::FeatureSet& named, const catalog::FeatureSet& needed) {
  std::string missing;
  for (const std::string& feature : needed) {
    if (named.contains(feature)) continue;
    const catalog::Feature* known = catalog::find_feature(feature);
    missing += fmt::format("{}{} ({})", missing.empty() ? "" : ", ", feature,
                           known == nullptr ? std::string_view("a form") : known->what);
  }
  if (missing.empty()) return "rowan.json is not in its one spelling";
  return "definitions use what rowan.json does not name: " + missing;
}

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

struct Planned {
  UpgradeStep step;
  Oid tip, root_now;
};

// Nothing: the branch's tip stands.
Result<std::optional<Planned>> plan(DatabaseImpl& database, const txn::BranchInfo& branch,
                                    store::PendingObjects& objects) {
  store::NodeCache& cache = database.store().cache();
  TRY_ASSIGN(const txn::Snapshot tip, database.manager().tip_snapshot(branch.name));
  auto named = catalog::named_features(objects, cache, tip.root);
  if (!named)
    return Error(named.error().code(),
                 fmt::format("branch \"{}\": {}", branch.name, named.error().message()))
        .with_hint(named.error().hint());
  TRY_ASSIGN(const Oid root, catalog::with_features(objects, cache, Oid{}, tip.root));
  if (root == tip.root) return std::optional<Planned>();
  TRY_ASSIGN(const catalog::FeatureSet needed,
             catalog::needed_features(objects, cache, Oid{}, tip.root));
  TRY_ASSIGN(const catalog::FeatureSet after, catalog::named_features(objects, cache, root));
  return std::optional<Planned>({{branch.name, reason(*named, needed),
                                  one_line(catalog::format_text(after)), Oid{}},
                                 tip.commit,
                                 tip.root});
}

Result<Oid> carry_out(DatabaseImpl& database, const Planned& planned) {
  store::PendingObjects objects(database.store());
  txn::TreeCommit commit;
  commit.branch = planned.step.branch;
  commit.expected_tip = planned.tip;
  TRY_ASSIGN(commit.root, catalog::with_features(objects, database.store().cache(), Oid{},
                                                 planned.root_now));
  commit.parents = {planned.tip};
  commit.objects = &objects;
  commit.author = database.author();
  commit.message = "upgrade: " + planned.step.why;
  TRY_ASSIGN(const txn::CommitOutcome outcome, database.manager().commit_tree(commit));
  return outcome.commit;
}

}  // namespace

Result<std::vector<UpgradeStep>> upgrade_repository(const std::filesystem::path& path,
                                                    bool dry_run) {
  OpenOptions options;
  options.read_only = dry_run;
  TRY_ASSIGN(const auto database, DatabaseImpl::open(path.string(), options));
  std::vector<Planned> planned;
  store::PendingObjects looked_at(database->store());
  for (const txn::BranchInfo& branch : database->manager().branches()) {
    TRY_ASSIGN(auto one, plan(*database, branch, looked_at));
    if (one) planned.push_back(std::move(*one));
  }
  std::vector<UpgradeStep> steps;
  for (Planned& each : planned) {
    if (!dry_run) {
      TRY_ASSIGN(each.step.commit, carry_out(*database, each));
    }
    steps.push_back(std::move(each.step));
  }
  return steps;
}

}  // namespace rowan::engine
