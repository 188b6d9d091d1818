#include "engine/import/adopt.h"

#include <utility>

#include "engine/database.h"
#include "store/adopt.h"

namespace rowan::engine {

Result<Adoption> adopt_repository(const std::filesystem::path& path, bool discard_journal) {
  TRY_ASSIGN(store::Adopted taken, store::adopt_git_store(path, discard_journal));
  // Opened for the first time, as a clone: every branch is judged.
  TRY_ASSIGN(const auto database, DatabaseImpl::open(path.string(), {}));
  Adoption adoption;
  adoption.transactions = taken.transactions;
  adoption.dropped = std::move(taken.dropped);
  adoption.set_aside = std::move(taken.set_aside);
  for (const txn::BranchInfo& branch : database->manager().branches()) {
    adoption.branches.push_back(branch.name);
    const versions::BranchSetting setting = database->branch_settings().find(branch.name);
    if (setting.is_protected) adoption.protected_branches.push_back(branch.name);
    if (!setting.history_every.empty() || !setting.history_keep.empty())
      adoption.history_policies.push_back(branch.name);
  }
  adoption.parked = parked_tips(database->manager());
  return adoption;
}

}  // namespace rowan::engine
