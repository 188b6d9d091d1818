// What rowan.write_file and rowan.delete_file do in a session: files beside the data are written
// into its transaction.
//
// Threads: its session's.
// Errors:  kInvalidName (the path is the data's, or none's), kUndefinedFile, kDuplicateFile,
// kInvalidSchemaName, kUndefinedTable (README.md of what is not there), kProgramLimit, and those of
// Transaction::put_file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "expr/expr.h"
#include "store/node_cache.h"
#include "tree/git_tree.h"
#include "txn/transaction.h"

namespace rowan::exec {

class SessionFiles final : public expr::FileWriter {
 public:
  // Before each statement. `transaction` may be null: then nothing can be written.
  void use(txn::Transaction* transaction, store::NodeCache& cache) {
    transaction_ = transaction;
    cache_ = &cache;
  }

  Result<std::string> write(std::string_view path, std::string_view content,
                            std::optional<bool> executable) override;
  Result<void> remove(std::string_view path) override;

 private:
  Result<std::optional<tree::TreeEntry>> entry_at(std::string_view path) const;
  Result<void> check_place(std::string_view path) const;
  Result<void> check_new(std::string_view path) const;

  txn::Transaction* transaction_ = nullptr;
  store::NodeCache* cache_ = nullptr;
};

}  // namespace rowan::exec
