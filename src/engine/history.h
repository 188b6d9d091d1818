// The names of versions/log.h and versions/revisions.h, as the tables of history use them: with a session
// for the context.
#pragma once

#include <atomic>
#include <optional>
#include <string_view>

#include "engine/session.h"
#include "versions/log.h"
#include "versions/revisions.h"

namespace rowan::engine {

using versions::AtBoundary;
using versions::CommitRange;
using versions::LogEntry;
using versions::LogRequest;
using versions::LogWalk;
using versions::read_commit;
using versions::TableName;

inline diff::History session_history(SessionImpl& session, const std::atomic<bool>* cancelled) {
  return versions::history_of(session.version_context(), cancelled);
}
inline Result<Oid> session_revision(SessionImpl& session, std::string_view revision) {
  return versions::find_commit(session.version_context(), revision);
}
inline Result<std::optional<CommitRange>> session_range(SessionImpl& session,
                                                        std::string_view text) {
  return versions::find_range(session.version_context(), text);
}
inline Result<CommitRange> merge_base_range(SessionImpl& session, const Oid& from, const Oid& to) {
  return versions::merge_base_range(session.version_context(), from, to);
}
inline Result<TableName> parse_table_name(SessionImpl& session, std::string_view text) {
  return versions::parse_table_name(session.version_context(), text);
}

}  // namespace rowan::engine
