// Texts of several statements, on a session whose statements are prepared one by one.
//
// Threads: the session's.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::sharing {

// As Session::run_script(), of what prepare_all() gave.
Outcome<uint64_t> run_each(const std::vector<std::unique_ptr<Statement>>& statements,
                           const std::function<void(Rows&)>& each);
// As Session::run_message().
Outcome<uint64_t> run_as_message(Session& session, std::string_view sql,
                                 const std::function<Outcome<bool>(Rows&)>& each);

}  // namespace rowan::sharing
