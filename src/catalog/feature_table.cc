// Which features there are. Alone in its file: tests of what the format does with features link a
// table of their own.
//
// A row whose form is written by now says when a definition needs it, and stands among the features
// of docs/format.md. A name that was ever in rowan.json is never taken for something else.
#include "catalog/features.h"

namespace rowan::catalog {

namespace {

constexpr Feature kFeatures[] = {
    {"arrays", "columns of array types", [](const Forms& f) { return f.has_arrays; }},
    {"comments", "COMMENT ON"},
    {"functions", "CREATE FUNCTION and CREATE PROCEDURE"},
    {"generated-columns", "columns GENERATED ALWAYS AS an expression"},
    {"interval", "the type interval", [](const Forms& f) { return f.types.contains("interval"); }},
    {"partitions", "partitioned tables"},
    {"schema-fan-out", "schemas of more than 1,000 objects"},
    {"table-ids", "tables with an id of their own"},
    {"time-digits", "time(p) and timestamp(p)", [](const Forms& f) { return f.has_fractions; }},
    {"triggers", "CREATE TRIGGER"},
    {"types", "CREATE TYPE and CREATE DOMAIN"},
};

}  // namespace

std::span<const Feature> feature_table() { return kFeatures; }

}  // namespace rowan::catalog
