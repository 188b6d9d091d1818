#include "versions/answer.h"

namespace rowan::versions {

VerbResult verb_done(std::string_view tag, std::string notice) {
  VerbResult result;
  result.facts.tag = tag;
  if (!notice.empty()) result.facts.notices.push_back(std::move(notice));
  return result;
}

VerbResult verb_done(std::string_view tag, const txn::CommitOutcome& outcome, std::string notice) {
  VerbResult result = verb_done(tag, std::move(notice));
  if (outcome.changed) result.facts.commit_id = outcome.commit.hex();
  return result;
}

}  // namespace rowan::versions
