#include "expr/named_arguments.h"

#include <algorithm>

#include "expr/binder.h"
#include "expr/resolve.h"
#include "type/type_info.h"

namespace rowan::expr {

std::vector<ArgumentName> argument_names(std::string_view list) {
  std::vector<ArgumentName> names;
  while (!list.empty()) {
    std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
    while (name.starts_with(' ')) name.remove_prefix(1);
    const size_t equals = name.find('=');
    if (equals == std::string_view::npos) {
      names.push_back({name});
    } else {
      names.push_back({name.substr(0, equals), name.substr(equals + 1)});
    }
  }
  return names;
}

std::optional<PlacedArguments> place_arguments(std::span<const ArgumentName> names, size_t required,
                                               const sql::CallExpr& call) {
  PlacedArguments places;
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    size_t place = i;
    if (i < call.names.size() && !call.names[i].empty()) {
      const auto found = std::find_if(names.begin(), names.end(), [&](const ArgumentName& known) {
        return known.name == call.names[i];
      });
      place = static_cast<size_t>(found - names.begin());
    }
    if (place >= names.size()) return std::nullopt;
    while (places.size() <= place) places.push_back({{}, names[places.size()].otherwise});
    if (places[place].argument) return std::nullopt;
    places[place].argument = i;
  }
  const bool is_whole = std::all_of(places.begin(), places.end(), [](const PlacedArgument& each) {
    return each.argument || each.otherwise.data() != nullptr;
  });
  if (!is_whole || places.size() < required) return std::nullopt;
  return places;
}

Result<std::vector<NodePtr>> in_places(const sql::CallExpr& call,
                                       const std::optional<PlacedArguments>& places,
                                       std::vector<NodePtr> arguments, BindContext& context) {
  if (!places) return no_such_function(call, arguments);
  std::vector<NodePtr> placed;
  for (const PlacedArgument& place : *places) {
    if (place.argument) {
      placed.push_back(std::move(arguments[*place.argument]));
      continue;
    }
    sql::LiteralExpr otherwise;
    otherwise.kind = sql::ExprKind::kLiteral;
    otherwise.position = call.position;
    otherwise.literal = sql::LiteralKind::kString;
    otherwise.text = place.otherwise;
    TRY_ASSIGN(NodePtr node, bind(otherwise, context));
    placed.push_back(std::move(node));
  }
  return placed;
}

Error no_such_function(const sql::CallExpr& call, std::span<const NodePtr> arguments) {
  std::string text = "function ";
  if (!call.schema.empty()) text += std::string(call.schema) + ".";
  text += std::string(call.name) + "(";
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0) text += ", ";
    if (i < call.names.size() && !call.names[i].empty()) text += std::string(call.names[i]) + " => ";
    text += plain_name(arguments[i]->type.id);
  }
  return Error(ErrorCode::kUndefinedFunction, text + ") does not exist")
      .with_hint(
          "No function matches the given name and argument types. You might need to add explicit "
          "type casts.")
      .at(call.position);
}

}  // namespace rowan::expr
