#include "catalog/features.h"

#include <algorithm>

#include "sql/parser.h"
#include "sql/walk.h"
#include "type/datetime.h"
#include "type/type_info.h"

namespace rowan::catalog {

namespace {

// The types that a stored text names.
class TypesNamed final : public sql::Visitor {
 public:
  explicit TypesNamed(Forms& forms) : forms_(forms) {}
  void cast(sql::CastExpr& cast) override {
    const type::TypeInfo* row = type::find_type(cast.type.name);
    forms_.types.emplace(row != nullptr ? row->shown : cast.type.name);
    if (row != nullptr && type::is_datetime(row->id) && cast.type.modifiers.count > 0)
      forms_.has_fractions = true;
    forms_.has_arrays = forms_.has_arrays || cast.type.is_array;
  }

 private:
  Forms& forms_;
};

Result<void> add_expression(Forms& forms, std::string_view text) {
  if (text.empty()) return {};
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(text));
  TypesNamed types(forms);
  sql::walk(*parsed.expr, types);
  return {};
}

Result<void> add_query(Forms& forms, std::string_view text) {
  TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(text));
  if (parsed.statement->kind != sql::StatementKind::kSelect) return {};
  TypesNamed types(forms);
  sql::walk(static_cast<sql::SelectStmt&>(*parsed.statement), types);
  return {};
}

Result<void> add_table(Forms& forms, const TableDef& table) {
  for (const ColumnDef& column : table.columns) {
    const bool is_array = type::is_array(column.type.id);
    const type::TypeId own = is_array ? type::element_of(column.type.id) : column.type.id;
    forms.types.insert(type::type_name(type::Type{own}));
    forms.has_arrays = forms.has_arrays || is_array;
    forms.has_fractions =
        forms.has_fractions || (type::is_datetime(own) && column.type.modifier >= 0);
    TRY(add_expression(forms, column.default_sql));
  }
  for (const CheckConstraint& check : table.checks) TRY(add_expression(forms, check.expression_sql));
  return {};
}

FeatureSet needed_by(const Forms& forms) {
  FeatureSet needed;
  for (const Feature& feature : feature_table()) {
    if (feature.needed_by != nullptr && feature.needed_by(forms)) needed.emplace(feature.name);
  }
  return needed;
}

}  // namespace

const Feature* find_feature(std::string_view name) {
  for (const Feature& feature : feature_table()) {
    if (feature.name == name) return &feature;
  }
  return nullptr;
}

bool is_known_feature(std::string_view name) {
  const Feature* feature = find_feature(name);
  return feature != nullptr && feature->needed_by != nullptr;
}

bool is_any_feature_known() {
  const std::span<const Feature> table = feature_table();
  return std::any_of(table.begin(), table.end(),
                     [](const Feature& feature) { return feature.needed_by != nullptr; });
}

bool is_feature_name(std::string_view name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= kFeatureNameBytesMax && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
         });
}

Result<FeatureSet> features_of(const TableDef& table) {
  if (!is_any_feature_known()) return FeatureSet();
  Forms forms;
  TRY(add_table(forms, table));
  return needed_by(forms);
}

Result<FeatureSet> features_of(const ViewDef& view) {
  if (!is_any_feature_known()) return FeatureSet();
  Forms forms;
  TRY(add_query(forms, view.query_sql));
  if (view.materialized()) TRY(add_table(forms, *view.stored));
  return needed_by(forms);
}

}  // namespace rowan::catalog
