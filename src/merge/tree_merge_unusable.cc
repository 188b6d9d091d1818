// Views and CHECKs that work on each side that has them and not in the merged tree: the other side
// changed or dropped what they read. A side stands: what it has of them, and what that reads as it
// has it. So that works as it does there.
#include <algorithm>
#include <utility>

#include "catalog/expression_text.h"
#include "catalog/objects.h"
#include "merge/constraint_text.h"
#include "merge/sides.h"
#include "merge/tree_merge.h"
#include "sql/parser.h"
#include "sql/walk.h"
#include "type/key_codec.h"

namespace rowan::merge {
namespace {

std::string path_of(std::string_view schema, std::string_view name) {
  return type::encode_name(schema) + "/" + type::encode_name(name);
}

// AS OF the branch whose tip the merged tree is going to be.
bool is_of_branch(const sql::NamedTable& table, std::string_view branch) {
  if (sql::is_of_tip(table)) return true;
  if (branch.empty() || table.as_of.kind != sql::AsOfKind::kRevision ||
      table.as_of.value->kind != sql::ExprKind::kLiteral)
    return false;
  std::string_view revision = static_cast<const sql::LiteralExpr&>(*table.as_of.value).text;
  if (revision.starts_with("refs/heads/")) revision.remove_prefix(11);
  return revision == branch;
}

// The relations and column names that a query mentions.
class Mentions final : public sql::Visitor {
 public:
  explicit Mentions(std::string_view branch) : branch_(branch) {}
  void table(sql::NamedTable& table) override {
    if (is_of_branch(table, branch_))
      relations.insert(path_of(table.name.schema, table.name.name));
  }
  void column(sql::ColumnExpr& column, const sql::WalkScope*) override {
    columns.emplace(column.column);
  }
  void join(sql::JoinTable& join, const sql::WalkScope&) override {
    is_natural = is_natural || join.natural;
    for (const std::string_view column : join.using_columns) columns.emplace(column);
  }
  std::set<std::string> relations, columns;
  bool is_natural = false;  // It may read any column.

 private:
  std::string_view branch_;
};

// A column of a side's table in the merged one; null: it is not there.
const catalog::ColumnDef* merged_column(const catalog::TableDef& merged,
                                        const catalog::ColumnDef& own, const ColumnNames& names) {
  for (const catalog::ColumnDef& column : merged.columns) {
    if (column.id == own.id) return &column;
  }
  const auto renamed = names.find(own.name);
  const auto found = merged.find_column(renamed == names.end() ? own.name : renamed->second);
  return found ? &merged.columns[*found] : nullptr;
}

}  // namespace

// What a view, or a table's CHECK, reads on a side, by that side's names.
struct TreeMerge::Reads {
  bool is_there = false;  // The view or the CHECK itself.
  std::string text;       // Of it.
  std::set<std::string> views, tables, columns;
  bool any_column = false;
  bool groups = false;  // And rows are told apart by a key.
};

Result<TreeMerge::Reads> TreeMerge::reads_of(Side side, const Unusable& unusable) const {
  Reads reads;
  const std::string path = path_of(unusable.schema, unusable.name);
  if (!unusable.check.empty()) {
    const Job* job = job_at(path);
    const catalog::TableDef* table =
        job == nullptr ? nullptr : job->sides.versions[at(side)].table.get();
    if (table == nullptr) return reads;
    for (const catalog::CheckConstraint& check : table->checks) {
      if (check.name != unusable.check) continue;
      reads.is_there = true;
      reads.text = constraint_text(*table, check.name);
      reads.tables.insert(job->side_path(side));
      TRY_ASSIGN(const auto columns, catalog::columns_of(check.expression_sql));
      reads.columns.insert(columns.begin(), columns.end());
    }
    return reads;
  }
  reads.groups = unusable.code == ErrorCode::kGrouping;
  const catalog::Catalog catalog(made_, cache_, root(side));
  std::vector<std::string> open{path};
  while (!open.empty()) {
    const std::string next = std::exchange(open.back(), {});
    open.pop_back();
    TRY_ASSIGN(const PlainPath plain, decode_path(next));
    TRY_ASSIGN(const bool has_schema, catalog.has_schema(plain.schema));
    if (!has_schema) continue;
    TRY_ASSIGN(const auto view, catalog.find_view(plain.schema, plain.name));
    if (view == nullptr) {
      if (next != path) reads.tables.insert(next);
      continue;
    }
    if (next == path) {
      reads.is_there = true;
      reads.text = catalog::view_sql(*view);
    } else if (!reads.views.insert(next).second) {
      continue;
    }
    TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(view->query_sql));
    if (parsed.statement->kind != sql::StatementKind::kSelect) continue;
    Mentions mentions(side == Side::kTheirs ? std::string_view() : request_.branch);
    sql::walk(static_cast<sql::SelectStmt&>(*parsed.statement), mentions);
    open.insert(open.end(), mentions.relations.begin(), mentions.relations.end());
    reads.columns.merge(mentions.columns);
    reads.any_column = reads.any_column || mentions.is_natural;
  }
  return reads;
}

// What is another thing in the merged tree than on the side: as a text, and, with `keep`, from now
// on as the side has it.
Result<TreeMerge::OtherReads> TreeMerge::other_reads(Side side, const Reads& reads, bool keep) {
  OtherReads other;
  const auto note = [&](const std::string& words) {
    other.text += (other.text.empty() ? "" : ", ") + words;
  };
  for (const std::string& path : reads.views) {
    const auto object = changes_.objects.find(path);
    if (object == changes_.objects.end() || object->second.same(side, other_side(side))) continue;
    TRY_ASSIGN(const PlainPath plain, decode_path(path));
    note("view " + plain.dotted());
    if (keep) settled_.kept_views.emplace(path, side);
  }
  for (const std::string& path : reads.tables) {
    const auto found = std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& job) {
      return job->side_path(side) == path;
    });
    if (found == jobs_.end()) continue;
    const Job& job = **found;
    const catalog::TableDef& own = *job.sides.versions[at(side)].table;
    if (job.path.empty()) {
      note(own.schema + "." + own.name);
      if (keep && job.has(Side::kBase)) settled_.kept.insert(job.side_path(Side::kBase));
      continue;
    }
    TRY_ASSIGN(const auto merged, definition_at(job.path));
    const ColumnNames names = job.definition ? job.definition->names_of(side) : ColumnNames();
    for (const catalog::ColumnDef& column : own.columns) {
      if (!reads.any_column && !reads.columns.contains(column.name)) continue;
      const catalog::ColumnDef* const now = merged_column(*merged, column, names);
      if (now != nullptr && now->type == column.type) continue;
      note(own.schema + "." + own.name + "." + column.name + " " + type::type_name(column.type));
      if (job.definition && !job.definition->may_have_type(side, column.name)) other.can_be_kept = false;
      if (keep) settled_.kept_columns[{side, path}].insert(column.name);
    }
    if (!reads.groups || own.primary_key.empty() || !merged->primary_key.empty()) continue;
    note("primary key of " + own.schema + "." + own.name);
    if (keep) settled_.kept_parts[job.id()].emplace(own.primary_key_name, side);
  }
  return other;
}

// Two trees can only be at odds where both changed definitions, or where what one side changed does
// not stand as it has it: rows of the other side may have no value of a column's new type.
bool TreeMerge::may_be_unusable() const {
  if (choices_.settled > 0) return true;
  const auto changed = [&](Side side) {
    for (const auto& [path, object] : changes_.objects) {
      const ObjectKind was = object.kind[at(Side::kBase)];
      const ObjectKind is = object.kind[at(side)];
      if (was != is) return true;
      const bool is_view = is == ObjectKind::kView || is == ObjectKind::kMaterializedView;
      if (is_view && !object.same(Side::kBase, side)) return true;
    }
    return std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& job) {
      if (job->has(Side::kBase) != job->has(side)) return true;
      return job->has(side) && (job->side_path(side) != job->side_path(Side::kBase) ||
                                catalog::table_sql(*job->sides.versions[at(side)].table) !=
                                    catalog::table_sql(*job->sides.versions[0].table));
    });
  };
  return changed(Side::kOurs) && changed(Side::kTheirs);
}

// Of the merged definitions, and that bind on the sides that have them. Of views that come to read
// themselves one at a time: with it the others may be right.
Result<std::vector<Unusable>> TreeMerge::unusable_here() {
  std::vector<Unusable> found;
  TRY(look_at_merged([&](const store::ObjectReader& objects, const Oid& root) -> Result<void> {
    TRY_ASSIGN(found, request_.find_unusable(objects, root));
    return {};
  }));
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    if (found.empty()) return found;
    TRY_ASSIGN(const auto known, request_.find_unusable(made_, root(side)));
    std::erase_if(found, [&](const Unusable& one) {
      return std::any_of(known.begin(), known.end(), [&](const Unusable& other) {
        return other.schema == one.schema && other.name == one.name && other.check == one.check;
      });
    });
  }
  const auto reads_itself = [](const Unusable& one) {
    return one.code == ErrorCode::kInvalidObjectDefinition;
  };
  const auto first = std::find_if(found.begin(), found.end(), reads_itself);
  if (first != found.end()) found = {Unusable(*first)};
  return found;
}

// True: something was settled, and the merge begins anew.
Result<bool> TreeMerge::settle_unusable() {
  if (request_.conflicts_take_base || !request_.find_unusable || !choices_.open.empty() ||
      !may_be_unusable())
    return false;
  TRY_ASSIGN(const std::vector<Unusable> found, unusable_here());
  const size_t before = settled_.size();
  for (const Unusable& unusable : found) {
    const bool is_view = unusable.check.empty();
    const std::string dotted = unusable.schema + "." + unusable.name;
    SchemaConflict conflict{is_view ? dotted : dotted + "." + unusable.check,
                            is_view ? "broken view" : "broken check", {}, {}, {}};
    conflict.may_stand[at(Side::kBase)] = false;
    std::array<Reads, 3> reads;
    for (const Side side : {Side::kOurs, Side::kTheirs}) {
      TRY_ASSIGN(reads[at(side)], reads_of(side, unusable));
    }
    for (const Side side : {Side::kOurs, Side::kTheirs}) {
      const Reads& own = reads[at(side)];
      std::string& text = side == Side::kOurs ? conflict.ours : conflict.theirs;
      if (!own.is_there) continue;
      TRY_ASSIGN(const OtherReads other, other_reads(side, own, false));
      text = own.text + (other.text.empty() ? "" : (is_view ? "-- reads " : " -- reads ") + other.text);
      conflict.may_stand[at(side)] = other.can_be_kept;
    }
    const std::string path = path_of(unusable.schema, unusable.name);
    // Once it is settled and does not work all the same, the other side has its way: if that has
    // none, it goes.
    const bool was_asked = settled_.asked.contains(conflict.object);
    const size_t open = choices_.open.size();
    Side stands = Side::kOurs;
    if (was_asked) {
      const auto answer = settled_.kept_views.find(path);
      // What did not bind for several causes told the first alone: the others are kept as well.
      if (answer != settled_.kept_views.end() && reads[at(answer->second)].is_there) {
        const size_t kept = settled_.size();
        TRY_ASSIGN(const OtherReads more,
                   other_reads(answer->second, reads[at(answer->second)], true));
        if (settled_.size() > kept) {
          const auto told = std::find_if(
              settled_.needs.begin(), settled_.needs.end(),
              [&](const SchemaConflict& need) { return need.object == conflict.object; });
          if (told != settled_.needs.end() && !more.text.empty())
            (answer->second == Side::kOurs ? told->ours : told->theirs) += ", " + more.text;
          continue;
        }
      }
      const bool is_other = answer != settled_.kept_views.end()
                                ? answer->second == Side::kOurs
                                : reads[at(Side::kOurs)].is_there;
      stands = is_other ? Side::kTheirs : Side::kOurs;
    } else {
      stands = choices_.settle(conflict);
      if (choices_.open.size() > open) continue;  // Asked again, if something else is settled first.
      settled_.needs.push_back(conflict);
      settled_.asked.insert(conflict.object);
    }
    if (reads[at(stands)].is_there) {
      TRY_ASSIGN(const OtherReads ignored, other_reads(stands, reads[at(stands)], true));
      static_cast<void>(ignored);
    }
    if (const Job* job = is_view ? nullptr : job_at(path)) {
      settled_.kept_parts[job->id()].emplace(unusable.check, stands);
    } else if (!is_view) {
      continue;  // Its table is as it was on either side, and so is what becomes of the CHECK.
    } else if (reads[at(stands)].is_there && !was_asked) {
      settled_.kept_views.emplace(path, stands);
    } else {
      settled_.lost_views.emplace(path, stands);
    }
  }
  return settled_.size() > before;
}

}  // namespace rowan::merge
