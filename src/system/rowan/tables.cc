// rowan.schemas and rowan.tables.
#include "system/fillers.h"

namespace rowan::system {

using type::Value;

Result<void> fill_schemas(Context& context, const Values&, RowCollector& rows) {
  TRY_ASSIGN(const std::vector<std::string> schemas, context.transaction().catalog().schemas());
  for (const std::string& schema : schemas) rows.add({text_value(schema)});
  return {};
}

Result<void> fill_tables(Context& context, const Values&, RowCollector& rows) {
  const catalog::Catalog& catalog = context.transaction().catalog();
  TRY_ASSIGN(const std::vector<std::string> schemas, catalog.schemas());
  for (const std::string& schema : schemas) {
    TRY_ASSIGN(const std::vector<std::string> tables, catalog.tables(schema));
    for (const std::string& name : tables) {
      TRY_ASSIGN(const catalog::TableVersion version, catalog.get_table(schema, name));
      const auto count = context.row_count(version);
      rows.add({text_value(schema), text_value(version.table->name),
                bigint_value(static_cast<int64_t>(version.table->columns.size())),
                count ? bigint_value(static_cast<int64_t>(*count)) : Value::null(kBigintType),
                version.rows.is_zero() ? Value::null(kTextType) : text_value(version.rows.hex())});
    }
  }
  return {};
}

}  // namespace rowan::system
