// Commits, and what revisions, ranges of them and names of tables mean to the asker.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "base/oid.h"
#include "base/result.h"
#include "diff/row_history.h"
#include "git/commit.h"
#include "store/object_store.h"
#include "txn/transaction.h"
#include "versions/context.h"

namespace rowan::versions {

Result<git::Commit> read_commit(const store::ObjectReader& objects, const Oid& id);

// A revision as verbs mean it: its commit, and the tree that it is read by.
Result<txn::Snapshot> find_revision(const Context& context, std::string_view revision);

// Histories as the asker reads them. Borrows what the context borrows.
diff::History history_of(const Context& context, const std::atomic<bool>* cancelled);
// A revision as the running statement means it: HEAD (or nothing) is the commit it reads.
Result<Oid> find_commit(const Context& context, std::string_view revision);
// 'a..b' and 'a...b' (from the merge base of both); an empty side is HEAD. nullopt: no range.
struct CommitRange {
  Oid from;
  Oid to;
};
Result<std::optional<CommitRange>> find_range(const Context& context, std::string_view text);
Result<CommitRange> merge_base_range(const Context& context, const Oid& from, const Oid& to);

// A table as a text argument names it ("t", "shop.\"Orders\""), in a commit; kUndefinedTable.
struct TableName {
  std::string schema;
  std::string name;
  std::string path() const;
};
Result<TableName> parse_table_name(const Context& context, std::string_view text);

}  // namespace rowan::versions
