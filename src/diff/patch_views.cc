#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "catalog/objects.h"
#include "diff/patch_objects.h"
#include "sql/parser.h"
#include "sql/print.h"
#include "sql/walk.h"

namespace rowan::diff {

namespace {

using catalog::ViewDef;

// The relations that a query names, sequences among them.
class Reads final : public sql::Visitor {
 public:
  void table(sql::NamedTable& table) override {
    names.insert(catalog::qualified(table.name.schema, table.name.name));
    reads_revisions = reads_revisions || table.as_of.kind != sql::AsOfKind::kNone;
  }
  void call(sql::CallExpr& call) override {
    sql::LiteralExpr* literal = sql::sequence_name(call);
    if (literal == nullptr) return;
    const auto name = catalog::parse_name(literal->text, catalog::kDefaultSchema);
    if (name) names.insert(catalog::qualified(name->schema, name->name));
  }

  std::set<std::string> names;
  bool reads_revisions = false;
};

struct View {
  std::shared_ptr<const ViewDef> definition;
  std::set<std::string> reads;
  bool reads_revisions = false;
};
using Views = std::map<std::string, View>;  // By qualified name.

Result<Views> all_views(const Source& source, const Oid& root) {
  Views views;
  if (root.is_zero()) return views;
  const catalog::Catalog catalog(source.objects, source.cache, root);
  TRY_ASSIGN(const std::vector<std::string> schemas, catalog.schemas());
  for (const std::string& schema : schemas) {
    TRY_ASSIGN(const std::vector<std::string> names, catalog.views(schema));
    for (const std::string& name : names) {
      View view;
      TRY_ASSIGN(view.definition, catalog.find_view(schema, name));
      TRY_ASSIGN(const sql::ParsedStatement parsed,
                 sql::parse_statement(catalog::view_sql(*view.definition)));
      Reads reads;
      sql::walk(*static_cast<const sql::CreateViewStmt&>(*parsed.statement).select, reads);
      view.reads = std::move(reads.names);
      view.reads_revisions = reads.reads_revisions;
      views.emplace(catalog::qualified(schema, name), std::move(view));
    }
  }
  return views;
}

class ViewWriter {
 public:
  explicit ViewWriter(const PatchContext& context) : context_(context) {}

  Result<ViewWork> run() {
    note_what_changes();
    if (gone_.empty() && coming_.empty() && !any_disturbed_) return std::move(work_);
    TRY_ASSIGN(from_, all_views(context_.source, context_.request.from_root));
    TRY_ASSIGN(to_, all_views(context_.source, context_.request.to_root));
    close();
    for (const std::string& name : ordered(from_, gone_)) {
      const bool materialized = from_.at(name).definition->materialized();
      work_.drops.push_back((materialized ? "DROP MATERIALIZED VIEW " : "DROP VIEW ") + name);
    }
    std::reverse(work_.drops.begin(), work_.drops.end());
    for (const std::string& name : ordered(to_, coming_)) create(name);
    return std::move(work_);
  }

 private:
  void note_what_changes() {
    for (const ObjectChange& change : context_.changes) {
      const auto name = [](const ObjectSide& side) {
        return catalog::qualified(side.schema, side.name);
      };
      if (change.kind == ObjectKind::kSequence && !change.to && context_.request.table_path.empty())
        disturbed_.insert(name(*change.from));
      if (change.kind != ObjectKind::kView && change.kind != ObjectKind::kMaterializedView)
        continue;
      const bool redefined =
          !change.from || !change.to || change.from->definition != change.to->definition;
      if (!redefined) {
        coming_.insert(name(*change.to));  // Other rows: it is refreshed.
        continue;
      }
      if (change.from) gone_.insert(name(*change.from));
      if (change.to) coming_.insert(name(*change.to));
    }
    for (const TableWork& work : context_.tables) {
      if (work.from && (work.goes() || work.disturbs || renamed(work)))
        disturbed_.insert(catalog::qualified(work.from->table->schema, work.from->table->name));
    }
    any_disturbed_ = !disturbed_.empty();
  }

  static bool renamed(const TableWork& work) {
    return work.altered() && work.from->table->path() != work.to->table->path();
  }

  // What stands on something that goes has to go too.
  void close() {
    for (bool more = true; std::exchange(more, false);) {
      for (const auto& [name, view] : from_) {
        if (gone_.contains(name)) continue;
        const bool stands =
            std::any_of(view.reads.begin(), view.reads.end(), [&](const auto& read) {
              return gone_.contains(read) || disturbed_.contains(read);
            });
        if (!stands) continue;
        gone_.insert(name);
        if (to_.contains(name)) coming_.insert(name);
        more = true;
      }
    }
  }

  // Each behind what it reads.
  static std::vector<std::string> ordered(const Views& views, const std::set<std::string>& wanted) {
    std::vector<std::string> order;
    std::set<std::string> done;
    const auto place = [&](const auto& self, const std::string& name) -> void {
      const auto found = views.find(name);
      if (found == views.end() || !done.insert(name).second) return;
      for (const std::string& read : found->second.reads) self(self, read);
      if (wanted.contains(name)) order.push_back(name);
    };
    for (const std::string& name : wanted) place(place, name);
    return order;
  }

  void create(const std::string& name) {
    const View& view = to_.at(name);
    const ViewDef& definition = *view.definition;
    const bool there = from_.contains(name) && !gone_.contains(name);
    if (definition.materialized())
      work_.notes.push_back("Materialised view " + name + " is computed anew.");
    if (there) {
      work_.creates.push_back("REFRESH MATERIALIZED VIEW " + name);
      return;
    }
    if (view.reads_revisions)
      work_.notes.push_back("View " + name + " reads other revisions, which PostgreSQL cannot.");
    std::string columns;
    for (const std::string& column : definition.columns)
      columns += (columns.empty() ? "" : ", ") + sql::quote_ident(column);
    work_.creates.push_back(
        (definition.materialized() ? "CREATE MATERIALIZED VIEW " : "CREATE VIEW ") + name +
        (columns.empty() ? "" : " (" + columns + ")") + " AS " + definition.query_sql +
        (definition.materialized() && !definition.populated ? " WITH NO DATA" : ""));
  }

  const PatchContext& context_;
  ViewWork work_;
  Views from_, to_;
  std::set<std::string> disturbed_;  // Tables and sequences that no view may stand on.
  bool any_disturbed_ = false;
  std::set<std::string> gone_, coming_;
};

}  // namespace

Result<ViewWork> views_of_patch(const PatchContext& context) { return ViewWriter(context).run(); }

}  // namespace rowan::diff
