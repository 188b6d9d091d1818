// A name changes, and with it every stored text that holds it: foreign keys, defaults, owners of
// sequences, views.
//
// Threads: the transaction's.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/catalog.h"
#include "exec/definition.h"
#include "exec/operator.h"

namespace rowan::exec {

// Moves a table, with its rows, and what follows it. The sequences it owns move along to another
// schema.
Result<void> rename_table(const catalog::TableVersion& table, const RelationName& to,
                          ExecContext& context);
// The column's own definition is changed here too.
Result<void> rename_column(const catalog::TableVersion& table, std::string_view column,
                           std::string_view to, ExecContext& context);
// `kind`: a view or materialised view.
Result<void> rename_view(const RelationName& from, const RelationName& to, ExecContext& context);
Result<void> rename_sequence(const RelationName& from, const RelationName& to,
                             ExecContext& context);

Result<void> put_view(const catalog::ViewDef& view, ExecContext& context);

}  // namespace rowan::exec
