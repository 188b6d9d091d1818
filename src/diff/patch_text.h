// Texts of which patches are made. For the patch only.
#pragma once

#include <string>
#include <vector>

#include "catalog/objects.h"
#include "catalog/table.h"
#include "type/value.h"

namespace rowan::diff {

std::string literal_sql(const type::Value& value);
// The same text is the same value.
std::string exact_text(const type::Value& value);
// True for just those values of the column that read like this one.
std::string condition_sql(const std::string& column, const type::Value& value);
std::string table_name_sql(const catalog::TableDef& table);
std::string identity_words(const catalog::ColumnDef& column);  // GENERATED … AS IDENTITY.
// CREATE TABLE in PostgreSQL's words, without foreign keys, indexes and repeated keys.
std::string plain_table_sql(const catalog::TableDef& table);
// A statement for each UNIQUE constraint over the columns of another key: of two such keys in one
// CREATE TABLE PostgreSQL makes one.
std::vector<std::string> repeated_keys_sql(const catalog::TableDef& table);
std::string create_index_sql(const catalog::TableDef& table, const catalog::IndexDef& index);
std::string sequence_options_sql(const catalog::SequenceDef& sequence);

}  // namespace rowan::diff
