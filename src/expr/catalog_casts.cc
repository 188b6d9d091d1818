#include "expr/catalog_casts.h"

#include <utility>

#include "expr/binder_parts.h"
#include "expr/functions.h"
#include "type/type_info.h"

namespace rowan::expr {

namespace {

using type::Type;
using type::TypeId;

struct ClassRow {
  std::string_view type;
  ObjectClass kind;
  std::string_view to_name;  // The functions of functions/catalog.cc.
  std::string_view to_oid;
};
constexpr ClassRow kClasses[] = {
    {"regclass", ObjectClass::kRelation, "regclass name", "regclass oid"},
    {"regtype", ObjectClass::kType, "regtype name", "regtype oid"},
    {"regnamespace", ObjectClass::kNamespace, "regnamespace name", "regnamespace oid"},
    {"regrole", ObjectClass::kRole, "regrole name", "regrole oid"},
    {"regproc", ObjectClass::kFunction, "regproc name", "regproc oid"},
    {"regprocedure", ObjectClass::kFunction, "regproc name", "regproc oid"},
};

Result<NodePtr> call(std::string_view name, NodePtr operand, BindContext& context) {
  const Type types[] = {operand->type};
  const uint32_t position = operand->position;
  TRY_ASSIGN(const ResolvedCall resolved, resolve_function(name, types, false, position));
  Nodes arguments;
  arguments.push_back(std::move(operand));
  return make_call(resolved, std::move(arguments), position, context);
}

}  // namespace

std::optional<ObjectClass> find_object_class(const sql::TypeName& type) {
  if (type.is_array || !type.modifiers.empty()) return std::nullopt;
  for (const ClassRow& row : kClasses) {
    if (row.type == type.name) return row.kind;
  }
  return std::nullopt;
}

Result<NodePtr> bind_object_cast(const sql::CastExpr& cast, ObjectClass kind,
                                 BindContext& context) {
  const ClassRow* row = kClasses;
  while (row->kind != kind) ++row;
  TRY_ASSIGN(NodePtr operand, bind(*cast.operand, context));
  const bool is_number = type::is_integer(operand->type.id) || operand->type.id == TypeId::kOid;
  TRY_ASSIGN(operand, coerce(std::move(operand), {is_number ? TypeId::kOid : TypeId::kText, -1},
                             type::CastContext::kExplicit, context));
  return call(is_number ? row->to_name : row->to_oid, std::move(operand), context);
}

Result<NodePtr> object_as_text(NodePtr operand, BindContext& context) {
  for (const ClassRow& row : kClasses) {
    if (operand->kind == NodeKind::kCall && operand->function->name == row.to_oid)
      return call(row.to_name, std::move(operand), context);
  }
  return operand;
}

}  // namespace rowan::expr
