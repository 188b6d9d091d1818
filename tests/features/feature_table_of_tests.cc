// A table of features for tests, linked instead of the product's: two forms that format 1 has serve
// as forms that came later. The `rowan` program beside it is the older version that knows neither.
#include "catalog/features.h"

namespace rowan::catalog {

namespace {

constexpr Feature kFeatures[] = {
    {"reserved-one", "a form to come"},
    {"test-json", "the type json", [](const Forms& forms) { return forms.types.contains("json"); }},
    {"test-uuid", "the type uuid", [](const Forms& forms) { return forms.types.contains("uuid"); }},
};

}  // namespace

std::span<const Feature> feature_table() { return kFeatures; }

}  // namespace rowan::catalog
