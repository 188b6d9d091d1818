// The private halves of Transaction and Manager. Not for other rooms.
#pragma once

#include "txn/core.h"
#include "txn/workspace.h"

namespace rowan::txn {

inline constexpr size_t kPooledTransactionsMax = 64;

struct Transaction::State final : TransactionBody {
  using TransactionBody::TransactionBody;
};

struct Manager::State final : Core {
  using Core::Core;
};

}  // namespace rowan::txn
