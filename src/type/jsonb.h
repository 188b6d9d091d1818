// jsonb as PostgreSQL compares and joins it, on canonical texts (T8).
#pragma once

#include <string>
#include <string_view>

namespace rowan::type {

// PostgreSQL's btree order: Object > Array > Boolean > Number > String > Null; containers first by
// how many members they have, then member by member; numbers by value. As there, an empty array at
// the top stands below every scalar.
int jsonb_compare(std::string_view a, std::string_view b);

// Appends a text that two documents share exactly when they compare equal.
void append_jsonb_identity(std::string_view jsonb, std::string& out);

// a || b: the members of two objects, b's where both have one; else the elements of both, what is no
// array counting as one element.
std::string jsonb_concatenate(std::string_view a, std::string_view b);

}  // namespace rowan::type
