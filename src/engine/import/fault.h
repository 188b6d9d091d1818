// Fault: what is wrong with a file of a commit, and where it is for whoever asked.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/result.h"
#include "engine/import/content.h"
#include "tree/git_tree.h"

namespace rowan::engine {

class Fault {
 public:
  explicit Fault(Place* at) : at_(at) {}
  Error operator()(const std::string& path, std::string_view what) const {
    note(path, 0);
    return Error(ErrorCode::kInvalidContent, path + ": " + std::string(what));
  }
  // The same about what could not be read; that a partial clone does not hold it says nothing of it.
  Error operator()(const std::string& path, const Error& error) const {
    return error.code() == ErrorCode::kAbsentObject ? error : (*this)(path, error.message());
  }
  void note(const std::string& path, uint64_t line) const {
    if (at_ != nullptr) *at_ = {path, line};
  }

 private:
  Place* at_;
};

// The data's own files are plain ones.
Result<void> check_plain(const Fault& invalid, const std::string& path,
                         const tree::TreeEntry& entry);

}  // namespace rowan::engine
