// TreeMerge: two roots that came from a base become one: what differs is found, tables are matched,
// and each object is merged.
//
// Threads: one.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/dangling.h"
#include "merge/choice.h"
#include "merge/definition.h"
#include "merge/files.h"
#include "merge/merge.h"
#include "merge/objects.h"
#include "merge/rows.h"
#include "merge/view_names.h"

namespace rowan::merge {

inline constexpr size_t kConflictTextBytesMax = 16u << 10;

// What was settled about the whole of the merge, on which so much depends that it begins anew.
struct Settled {
  // Tables of which one side's version stands, definition and rows, and the conflict that was
  // settled so: by their path on ours.
  std::map<std::string, SchemaConflict> whole;
  // What one side took away and something new on the other side needs: conflicts about that, and
  // what follows. A path is the base's, or the one that an object has on the side.
  std::vector<SchemaConflict> needs;
  std::set<std::string> kept;                           // Relations that stay.
  // Of tables (Job::id): whose key or CHECK of a name stands.
  std::map<std::string, std::map<std::string, Side>> kept_parts;
  std::map<std::string, Side> kept_views;  // Whose version stands, by path.
  std::map<std::string, Side> lost_views;  // That go, whatever was settled: the side that stands.
  std::set<std::pair<std::string, std::string>> lost_keys;  // Table and foreign key.
  // Columns that stay, of the type that a side gives them: by its path of the table.
  std::map<std::pair<Side, std::string>, std::set<std::string>> kept_columns;
  std::map<std::string, Side> lost_schemas;  // Folders that go, and the side that dropped them.
  std::set<std::string> asked;  // What could not be used, and was settled.

  size_t size() const;  // Of all of it: it only grows.
};

class TreeMerge {
 public:
  TreeMerge(store::PendingObjects& made, store::NodeCache& cache, const Request& request,
            Settled& settled);
  // Nothing: more stands by now, and all else depends on it. Then another one runs.
  Result<std::optional<Outcome>> run();

 private:
  // A table through the sides. An empty path: the side does not have it.
  struct Job {
    TableSides sides;
    std::array<Oid, 3> folders{};
    std::string path;          // In the merged tree; empty: it goes.
    Side whole = Side::kBase;  // Unless kBase: that side's folder is taken as it is.
    bool chosen_whole = false;  // Although both sides changed it (Settled::whole).
    bool is_rewritten = false;  // A side's definition is another one here than it is there.
    std::unique_ptr<DefinitionMerge>
        definition;  // Of a table that all sides have, or both ours and theirs.
    std::shared_ptr<const catalog::TableDef> merged;  // Once its constraints are merged.
    std::unique_ptr<RowMerge> rows;
    std::vector<SharedChange> shared;  // Commits of both sides, where deltas add up.

    // The same however often the merge begins anew.
    std::string id() const {
      return has(Side::kBase) ? side_path(Side::kBase)
                              : "new " + side_path(has(Side::kOurs) ? Side::kOurs : Side::kTheirs);
    }
    bool has(Side side) const { return sides.versions[static_cast<size_t>(side)].table != nullptr; }
    const std::string& side_path(Side side) const { return sides.paths[static_cast<size_t>(side)]; }
    const Oid& folder(Side side) const { return folders[static_cast<size_t>(side)]; }
    bool unchanged(Side side) const {
      return folder(side) == folder(Side::kBase) && side_path(side) == side_path(Side::kBase);
    }
  };

  Result<void> find_shared_tables();
  Result<void> find_tables();
  Result<void> add_job(const std::string& base, const std::string& ours, const std::string& theirs);
  Result<void> place(Job& job);
  Result<void> define(Job& job);
  Request told_of(const Request& request);
  void tell_held_back();
  bool is_cancelled() const;
  Result<void> tell_lost_cells_of(const Job& job);
  bool keeps_other_kind(Side side, const std::string& path) const;
  Result<void> tell_gone(const Job& job, const std::string& path) const;
  Result<void> give_way(Job& job);
  void tell_renamed(std::string_view kind, const std::array<std::string, 3>& names,
                    const std::string& merged, std::string_view ground) const;
  Result<void> tell_new_path(const Job& job, std::string_view ground);
  Result<void> settle_other_kind(Job& job);
  Result<void> settle_one_name(Job& first, Job& second);
  Result<bool> settle_dropped(Job& job);
  Result<uint64_t> changed_cells(const Job& job, Side kept, uint16_t base_slot,
                                 uint16_t slot) const;
  Result<void> settle_paths();
  Result<void> merge_definitions();
  Reference reference(Side side, std::string_view schema, std::string_view table) const;
  bool needs_new_references(const Job& job) const;
  Result<void> merge_with_itself(Job& job);
  Result<void> merge_constraints(Job& job);
  Result<void> settle_index_names();
  Result<void> settle_two_indexes(const std::string& schema, const std::string& name, Job& ours,
                                  Job& theirs);
  Result<bool> has_new_relation(Side side, const std::string& schema,
                                const std::string& name) const;
  Result<bool> stays_elsewhere(Side side, const Job& job, const std::string& schema,
                               const std::string& name) const;
  static const catalog::TableDef& standing(const Job& job);
  Result<void> rename_index(Job& job, const std::string& schema, const std::string& name);
  Result<void> clear_place(const std::string& path);
  Result<bool> merge_rows();
  Result<void> merge_rows_of(Job& job);
  Result<bool> stands_whole(const Job& job);
  Result<int64_t> next_value(const std::string& dotted);
  Result<void> count_once(Job& job);
  Result<void> fill_new_columns(Job& job);
  Result<void> write_tables();
  Result<void> write_whole(Job& job);
  Result<void> write_merged(Job& job);
  Result<void> summarise_whole(const Job& job);

  Result<void> merge_objects();
  Result<void> merge_object(const ChangedObject& object);
  Result<bool> settle_dropped_object(const ChangedObject& object, ObjectKind kind);
  Result<void> merge_relations();
  Result<const std::vector<RenamedRelation>*> renamed_relations(Side side);
  Result<void> find_views();
  Result<bool> settle_view_name(Side side, const std::string& was, const std::string& is);
  Result<std::string> view_text(Side side, const ChangedObject& object) const;
  Result<Side> settle_kind(const ChangedObject& object);
  Result<Oid> renamed_view(Side side, const ChangedObject& object);

  // ---- What something new needs (tree_merge_needs.cc) ----
  struct Need;
  bool may_dangle() const;
  bool went_by_choice(const std::string& base_path) const;
  Result<bool> settle_needs();
  Result<std::vector<Need>> find_needs();
  Result<std::optional<Need>> need_of(const catalog::DanglingReference& reference);
  Result<std::optional<Need>> need_of_key(const catalog::DanglingReference& reference);
  Result<std::vector<catalog::DanglingReference>> dangling_here();
  using LookAt = std::function<Result<void>(const store::ObjectReader& objects, const Oid& root)>;
  Result<void> look_at_merged(const LookAt& look);
  Result<void> take_lost_keys();
  bool was_settled(const std::string& object) const;
  void tell_lost_key(const Job& job, const std::string& name) const;
  Result<bool> stands_by_need(const ChangedObject& object, ObjectKind kind);
  const Job* job_at(const std::string& path) const;

  // ---- Renumbering (tree_merge_renumber.cc) ----
  struct NewKeys;
  Result<void> find_new_keys();
  Result<void> find_key_columns();
  Result<void> find_given_keys(Job& job, NewKeys& found);
  Result<void> follow_new_keys(NewKeys& found);
  Result<void> draw_key(Job& job, int64_t key, NewKeys& found);
  bool refers_to_new_keys(const Job& job, Side side) const;
  Result<void> merge_alone(Job& job);

  // ---- Foreign keys and the types they join (tree_merge_references.cc) ----
  struct Mismatch;
  Result<std::shared_ptr<const catalog::TableDef>> definition_at(const std::string& path) const;
  Result<std::optional<Mismatch>> mismatch_of(const Job& child, const catalog::ForeignKey& key) const;
  Result<bool> settle_reference_types();

  // ---- Views and CHECKs that do not bind any more (tree_merge_unusable.cc) ----
  struct Reads;
  struct OtherReads {
    std::string text;
    bool can_be_kept = true;  // As the side has them.
  };
  Result<Reads> reads_of(Side side, const Unusable& unusable) const;
  Result<OtherReads> other_reads(Side side, const Reads& reads, bool keep);
  bool may_be_unusable() const;
  Result<std::vector<Unusable>> unusable_here();
  Result<bool> settle_unusable();

  // ---- Sequences (tree_merge_sequences.cc) ----
  // A sequence that has another path on a side, or in the merged tree.
  struct MovedSequence {
    std::array<std::string, 3> paths;  // By Side; empty: it is not there.
    std::array<Oid, 3> folders{};
    std::string path;  // In the merged tree.
  };
  Result<void> find_sequences();
  Result<std::map<std::string, std::string>> find_renamed_sequences(Side side);
  Result<std::map<std::string, std::string>> drawn_instead(Side side) const;
  Result<std::optional<catalog::SequenceDef>> sequence_at(Side side, const std::string& path) const;
  Result<bool> is_sequence_path_free(const std::string& path) const;
  Result<void> find_yielding();
  Result<bool> must_yield(Side side, const std::string& path,
                          const catalog::SequenceDef& sequence) const;
  bool is_taken_by_another(const MovedSequence& sequence) const;
  Result<std::string> free_sequence_path(const std::string& schema, const std::string& name) const;
  Result<void> place_sequence(MovedSequence sequence);
  Result<void> tell_new_path(const MovedSequence& sequence, std::string_view ground) const;
  Result<void> keep_with_owner(MovedSequence& sequence) const;
  Result<void> part_identities();
  Result<void> follow_owners();
  Result<void> follow_owner(Side side, const ChangedObject& object);
  Result<void> take_moved(MovedSequence sequence);
  Result<void> rename_sequences_in_tables();
  bool is_in_lost_schema(const std::string& path) const;
  Result<void> tell_lost_table(const Job& job, Side kept) const;
  Result<void> tell_lost_object(const ChangedObject& object, ObjectKind kind,
                                std::string_view ground, Side stands) const;
  bool is_moved_sequence(Side side, const std::string& path) const;
  Result<MovedSequence> sequence_of_path(const std::string& path) const;
  bool is_taken_anew(const std::string& path) const;
  Result<void> find_drawn_from();
  Result<bool> has_owner(const catalog::SequenceDef& sequence) const;
  Result<void> rename_owner(Side side, catalog::SequenceDef& sequence) const;
  Result<void> give_to_identity(const std::string& path, catalog::SequenceDef& sequence) const;
  Result<void> merge_sequence(const MovedSequence& sequence);
  Result<void> merge_drawn();
  Result<void> merge_materialized(const ChangedObject& object);
  Result<void> merge_file(const std::string& path, const std::array<Oid, 3>& files,
                          std::string_view kind);
  Result<void> unite_features(const ChangedFile& file);
  Result<void> merge_readmes();
  Result<void> write_readmes();
  Result<void> merge_folder(const std::string& path, const std::array<Oid, 3>& folders,
                            std::string_view kind);
  void drop_schema(const std::string& folder, const std::string& name);
  Side settle_dropped_schema(const std::string& name, bool ours_dropped);
  Result<bool> settle_schemas();
  Result<void> keep_schemas();

  Result<std::optional<catalog::SequenceDef>> sequence_on(Side side, std::string_view dotted) const;
  Result<std::string> text_of(const Oid& blob) const;
  Result<uint64_t> count_rows(const catalog::TableVersion& version) const;
  Result<Oid> entry(const Oid& folder, std::string_view name) const;
  void put(std::string path, const Oid& id, bool is_tree);
  void put_file(std::string path, const FileSide& file);
  const Oid& root(Side side) const { return roots_[static_cast<size_t>(side)]; }

  store::PendingObjects& made_;
  store::NodeCache& cache_;
  const std::function<bool(Settlement)> record_;
  // What was settled, while the merge may have to begin anew.
  std::optional<std::vector<Settlement>> held_back_{std::in_place};
  const Request request_;  // What is recorded goes by held_back_.
  Settled& settled_;
  std::array<Oid, 3> roots_;
  Choices choices_;
  Outcome outcome_;
  MergeContext context_;
  Changes changes_;
  std::vector<std::unique_ptr<Job>> jobs_;
  std::map<std::string, Job*> placed_;        // By path in the merged tree.
  std::map<std::string, Side> kind_stands_;  // Whose thing has a name that a table or view came to.
  std::map<std::string, Side> back_in_place_;  // Views that one side renamed in vain: whose there are.
  std::array<std::optional<std::vector<RenamedRelation>>, 3> renamed_;  // By Side, once asked.
  KeyMaps new_keys_;
  std::vector<MovedSequence> moved_sequences_;
  std::array<SequenceNames, 3> sequence_names_;  // By Side.
  std::set<std::pair<Side, std::string>> yielding_;  // Sequences of a side that give up their name.
  std::map<std::string, int64_t>
      drawn_;  // Sequence ("schema.name") to the farthest value given out here.
  std::set<std::string> merged_sequences_;  // Their paths, as edits_ has them.
  std::set<std::string> drawn_from_;  // Paths of sequences that merged tables name.
  std::map<std::string, tree::PathEdit> edits_;  // Against ours' root, by path.
  // README.md of objects that both sides have, against the root with all other edits: by the
  // object's path there.
  std::map<std::string, FileSide> readmes_;
};

}  // namespace rowan::merge
