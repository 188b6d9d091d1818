// Features: forms of the format that format 1 lacks, by name. From the first commit that uses one,
// rowan.json names it (format_file.h), so that a program which does not know it refuses to read.
//
// A coming form is one row in feature_table.cc: its name, and how a definition is told to need it.
// Threads: any.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/objects.h"
#include "catalog/table.h"

namespace rowan::catalog {

inline constexpr size_t kFeaturesMax = 64;  // Of one commit.
inline constexpr size_t kFeatureNameBytesMax = 63;

// Names in the order of their bytes, which is the order of the file.
using FeatureSet = std::set<std::string, std::less<>>;

// What a definition is made of, as far as a row of the table asks for it.
struct Forms {
  FeatureSet types;         // As SQL spells them without a modifier: of columns, and of casts in texts.
  bool has_arrays = false;  // A column, or a cast, of an array type.
  bool has_fractions = false;  // As has_arrays: of time(p), timestamp(p).
};

struct Feature {
  std::string_view name;  // Stored: never changed. Lower-case letters, digits and hyphens.
  std::string_view what;  // For people: "the type interval".
  // Whether a definition needs it. Null: the name is reserved, and this version reads no such form.
  bool (*needed_by)(const Forms& forms) = nullptr;
};

// The one list (feature_table.cc, by name).
std::span<const Feature> feature_table();

const Feature* find_feature(std::string_view name);  // nullptr: neither known nor reserved.
bool is_known_feature(std::string_view name);        // This version reads and writes the form.
bool is_any_feature_known();
bool is_feature_name(std::string_view name);         // Whether a feature may be called so.

// The features that a definition needs. Errors: of stored texts that do not parse.
Result<FeatureSet> features_of(const TableDef& table);
Result<FeatureSet> features_of(const ViewDef& view);

}  // namespace rowan::catalog
