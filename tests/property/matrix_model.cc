#include "matrix_model.h"

#include <algorithm>

namespace matrix {
namespace {

Cell cell_of(const Row& row, const std::string& column) {
  const auto found = row.find(column);
  return found == row.end() ? Cell() : found->second;
}

std::vector<Cell> tuple_of(const Row& row, const std::vector<std::string>& columns) {
  std::vector<Cell> tuple;
  for (const std::string& column : columns) tuple.push_back(cell_of(row, column));
  return tuple;
}

std::string text_of(const std::vector<Cell>& tuple) {
  std::string text = "(";
  for (const Cell& cell : tuple) text += (text.size() > 1 ? ", " : "") + cell.value_or("NULL");
  return text + ")";
}

class Merge {
 public:
  Merge(const State& base, const State& ours, const State& theirs, Policy policy)
      : base_(base), ours_(ours), theirs_(theirs), policy_(policy) {}

  Outcome run(const std::vector<std::string>& key) {
    find_columns();
    if (outcome_.must_refuse) return outcome_;
    outcome_.key = key;
    key.empty() ? count_rows() : merge_rows();
    return outcome_;
  }

 private:
  // Whether a side put other values into a column of rows that the base has.
  bool changed(const State& side, const std::string& column) const {
    if (!base_.key.empty() && base_.key == side.key) {
      for (const Row& row : side.rows) {
        for (const Row& was : base_.rows) {
          if (tuple_of(row, base_.key) == tuple_of(was, base_.key) &&
              cell_of(row, column) != cell_of(was, column))
            return true;
        }
      }
      return false;
    }
    std::map<std::vector<Cell>, std::map<Cell, int>> rests;
    const auto add = [&](const State& state, int sign) {
      std::vector<std::string> others;
      for (const std::string& each : base_.columns) {
        if (each != column && side.has(each)) others.push_back(each);
      }
      for (const Row& row : state.rows) rests[tuple_of(row, others)][cell_of(row, column)] += sign;
    };
    add(base_, -1);
    add(side, 1);
    for (const auto& [rest, values] : rests) {
      bool put = false, taken = false;
      for (const auto& [value, count] : values) {
        put = put || count > 0;
        taken = taken || count < 0;
      }
      if (put && taken) return true;
    }
    return false;
  }

  void find_columns() {
    std::vector<std::string> all = ours_.columns;
    for (const std::string& column : theirs_.columns) {
      if (!ours_.has(column)) all.push_back(column);
    }
    for (const std::string& column : all) {
      const bool both = ours_.has(column) && theirs_.has(column);
      if (!both && base_.has(column)) {
        const State& keeper = ours_.has(column) ? ours_ : theirs_;
        if (!changed(keeper, column)) continue;
        outcome_.has_conflict = true;
        if (policy_ == Policy::kAny) outcome_.must_refuse = true;
        if (policy_ == Policy::kOurs && !ours_.has(column)) continue;
        if (policy_ == Policy::kTheirs && !theirs_.has(column)) continue;
      }
      outcome_.columns.push_back(column);
      if (!base_.has(column)) find_fill(column, both);
    }
  }

  void find_fill(const std::string& column, bool both) {
    const auto of = [&](const State& side) {
      const auto found = side.fill.find(column);
      return found == side.fill.end() ? Cell() : found->second;
    };
    if (!both) {
      fill_[column] = of(ours_.has(column) ? ours_ : theirs_);
      return;
    }
    fill_[column] = of(policy_ == Policy::kTheirs ? theirs_ : ours_);
    if (of(ours_) == of(theirs_)) return;
    outcome_.has_conflict = true;
    if (policy_ == Policy::kAny) outcome_.must_refuse = true;
  }

  // A side's cell of a row that the base has as `base`, or of one that is new.
  Cell value(const State& side, const Row& row, const Row* base, const std::string& column) const {
    if (!side.has(column)) {
      if (base_.has(column)) return base != nullptr ? cell_of(*base, column) : Cell();
      return fill_.at(column);
    }
    const Cell own = cell_of(row, column);
    if (base == nullptr || base_.has(column)) return own;
    const auto filled = side.fill.find(column);
    return own == (filled == side.fill.end() ? Cell() : filled->second) ? fill_.at(column) : own;
  }

  const Row* find(const State& side, const std::vector<Cell>& key) const {
    for (const Row& row : side.rows) {
      if (tuple_of(row, outcome_.key) == key) return &row;
    }
    return nullptr;
  }

  Row whole(const State& side, const Row& row, const Row* base) const {
    Row result;
    for (const std::string& column : outcome_.columns) result[column] = value(side, row, base, column);
    return result;
  }

  void allow(const std::vector<Cell>& key, const Row& row, bool may_go) {
    Outcome::Allowed& allowed = outcome_.rows[key];
    allowed.may_go = may_go;
    for (const auto& [column, cell] : row) allowed.cells[column].insert(cell);
  }

  // The side whose word counts; with kAny both do.
  void allow_conflict(const std::vector<Cell>& key, const Row* ours, const Row* theirs) {
    outcome_.has_conflict = true;
    const bool may_go = policy_ == Policy::kAny;
    if (policy_ != Policy::kTheirs && ours != nullptr) allow(key, *ours, may_go && !theirs);
    if (policy_ != Policy::kOurs && theirs != nullptr) allow(key, *theirs, may_go && !ours);
  }

  void merge_rows() {
    std::set<std::vector<Cell>> keys;
    for (const State* side : {&base_, &ours_, &theirs_}) {
      for (const Row& row : side->rows) {
        if (!keys.insert(tuple_of(row, outcome_.key)).second) continue;
      }
    }
    for (const auto& key : keys) {
      const Row* b = find(base_, key);
      const Row* o = find(ours_, key);
      const Row* t = find(theirs_, key);
      Row base, ours, theirs;
      if (b != nullptr) base = whole(base_, *b, nullptr);
      if (o != nullptr) ours = whole(ours_, *o, b);
      if (t != nullptr) theirs = whole(theirs_, *t, b);
      merge_row(key, b ? &base : nullptr, o ? &ours : nullptr, t ? &theirs : nullptr);
    }
  }

  void merge_row(const std::vector<Cell>& key, const Row* base, const Row* ours,
                 const Row* theirs) {
    if (ours == nullptr || theirs == nullptr) {
      const Row* kept = ours != nullptr ? ours : theirs;
      if (kept == nullptr) return;
      if (base == nullptr) return allow(key, *kept, false);
      if (*kept != *base) allow_conflict(key, ours, theirs);
      return;
    }
    Outcome::Allowed& allowed = outcome_.rows[key];
    for (const std::string& column : outcome_.columns) {
      const Cell o = ours->at(column);
      const Cell t = theirs->at(column);
      std::set<Cell>& cells = allowed.cells[column];
      if (o == t || (base != nullptr && t == base->at(column))) {
        cells = {o};
      } else if (base != nullptr && o == base->at(column)) {
        cells = {t};
      } else {
        outcome_.has_conflict = true;
        if (policy_ != Policy::kTheirs) cells.insert(o);
        if (policy_ != Policy::kOurs) cells.insert(t);
      }
    }
  }

  // Rows of a side in merged columns, by number. A row that lacks values the base has, or only has
  // what its definition filled in, is the base's row when all else in it is.
  std::map<std::vector<Cell>, int> counted(const State& side) const {
    std::map<std::vector<Cell>, int> counts;
    std::map<std::vector<Cell>, int> left;
    for (const Row& row : base_.rows) ++left[tuple_of(whole(base_, row, nullptr), outcome_.columns)];
    std::vector<const Row*> others;
    for (const Row& row : side.rows) {
      const std::vector<Cell> own = tuple_of(whole(side, row, nullptr), outcome_.columns);
      if (&side != &base_ && left[own] > 0) --left[own];
      else if (&side != &base_) others.push_back(&row);
      if (&side == &base_ || others.empty() || others.back() != &row) ++counts[own];
    }
    for (const Row* row : others) {
      std::vector<Cell> taken = tuple_of(whole(side, *row, nullptr), outcome_.columns);
      for (const Row& base : base_.rows) {
        const Row as_base = whole(side, *row, &base);
        const std::vector<Cell> target = tuple_of(as_base, outcome_.columns);
        if (target != tuple_of(whole(base_, base, nullptr), outcome_.columns) || left[target] <= 0)
          continue;
        --left[target];
        taken = target;
        break;
      }
      ++counts[taken];
    }
    return counts;
  }

  void count_rows() {
    auto base = counted(base_), ours = counted(ours_), theirs = counted(theirs_);
    std::set<std::vector<Cell>> all;
    int missing = 0, our_put = 0, their_put = 0, our_kept = 0, their_kept = 0;
    for (const auto* side : {&base, &ours, &theirs}) {
      for (const auto& [tuple, count] : *side) all.insert(tuple);
    }
    for (const auto& tuple : all) {
      const int sum = ours[tuple] + theirs[tuple] - base[tuple];
      if (theirs[tuple] != base[tuple]) missing += std::max(0, -sum);
      our_put += std::max(0, ours[tuple] - base[tuple]);
      their_put += std::max(0, theirs[tuple] - base[tuple]);
      our_kept += std::min(ours[tuple], base[tuple]);
      their_kept += std::min(theirs[tuple], base[tuple]);
      if (sum > 0) outcome_.counts[tuple] = sum;
    }
    const bool rewritten =
        (our_put > 0 && (ours_.redefined || our_kept == 0)) ||
        (their_put > 0 && (theirs_.redefined || their_kept == 0));
    if (missing == 0 || !rewritten) return;
    outcome_.has_conflict = true;
    if (policy_ == Policy::kAny) outcome_.must_refuse = true;
    outcome_.counts.clear();
    for (const auto& [tuple, count] : policy_ == Policy::kTheirs ? theirs : ours) {
      if (count > 0) outcome_.counts[tuple] = count;
    }
  }

  const State& base_;
  const State& ours_;
  const State& theirs_;
  const Policy policy_;
  Outcome outcome_;
  std::map<std::string, Cell> fill_;  // Of columns that the base does not have.
};

}  // namespace

bool State::has(const std::string& column) const {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

Outcome merge(const State& base, const State& ours, const State& theirs, Policy policy,
              const std::vector<std::string>& key) {
  return Merge(base, ours, theirs, policy).run(key);
}

void refuse_misfits(Outcome& outcome, const std::string& column) {
  const auto is_number = [](const Cell& cell) {
    return !cell || (!cell->empty() && cell->find_first_not_of("0123456789") == cell->npos);
  };
  for (const auto& [key, allowed] : outcome.rows) {
    const auto cells = allowed.cells.find(column);
    const bool fits = allowed.may_go || cells == allowed.cells.end() ||
                      std::any_of(cells->second.begin(), cells->second.end(), is_number);
    outcome.must_refuse = outcome.must_refuse || !fits;
  }
}

GivenBack give_columns_back(const State& base, const State& ours, const State& theirs) {
  std::vector<std::string> shared, back;
  for (const std::string& column : theirs.columns)
    (base.has(column) ? shared : back).push_back(column);
  std::map<std::vector<Cell>, std::vector<Row>> was, is, own;
  for (const auto& [state, groups] :
       {std::pair(&base, &was), std::pair(&theirs, &is), std::pair(&ours, &own)}) {
    for (const Row& row : state->rows) (*groups)[tuple_of(row, shared)].push_back(row);
  }
  // A row that was changed is one that is gone and one that was put.
  const bool puts = std::any_of(own.begin(), own.end(), [&](const auto& group) {
    const auto before = was.find(group.first);
    return group.second.size() > (before == was.end() ? 0 : before->second.size());
  });
  GivenBack given{base, ours};
  for (State* state : {&given.base, &given.ours}) {
    state->columns.insert(state->columns.end(), back.begin(), back.end());
    state->rows.clear();
  }
  for (const auto& [tuple, rows] : was) {
    std::vector<Row> full = is[tuple];
    std::vector<Row>& left = own[tuple];
    const bool alike = std::all_of(full.begin(), full.end(), [&](const Row& row) {
      return tuple_of(row, back) == tuple_of(full.front(), back);
    });
    const bool is_known = full.size() == rows.size() &&
                          (left.size() >= rows.size() || (!puts && (alike || left.empty())));
    for (size_t i = 0; i < rows.size(); ++i) {
      given.base.rows.push_back(rows[i]);
      for (const std::string& column : back) {
        if (!is_known) break;
        given.base.rows.back()[column] = cell_of(full[i], column);
        if (i < left.size()) left[i][column] = cell_of(full[i], column);
      }
    }
  }
  for (auto& [tuple, rows] : own) {
    const auto before = was.find(tuple);
    // What is new was made while the columns were away, and gets their defaults.
    for (size_t i = before == was.end() ? 0 : before->second.size(); i < rows.size(); ++i) {
      for (const std::string& column : back) {
        const auto filled = theirs.fill.find(column);
        if (filled != theirs.fill.end()) rows[i][column] = filled->second;
      }
    }
    given.ours.rows.insert(given.ours.rows.end(), rows.begin(), rows.end());
  }
  return given;
}

std::string difference(const Outcome& outcome, const State& found) {
  if (std::set<std::string>(outcome.columns.begin(), outcome.columns.end()) !=
      std::set<std::string>(found.columns.begin(), found.columns.end()))
    return "other columns";
  if (outcome.key.empty()) {
    std::map<std::vector<Cell>, int> counts = outcome.counts;
    for (const Row& row : found.rows) --counts[tuple_of(row, outcome.columns)];
    std::string text;
    for (const auto& [tuple, count] : counts) {
      if (count != 0)
        text += text_of(tuple) + (count > 0 ? " missing " : " too often ") + std::to_string(std::abs(count)) + "; ";
    }
    return text;
  }
  std::set<std::vector<Cell>> seen;
  for (const Row& row : found.rows) {
    const std::vector<Cell> key = tuple_of(row, outcome.key);
    seen.insert(key);
    const auto allowed = outcome.rows.find(key);
    if (allowed == outcome.rows.end()) return "row " + text_of(key) + " should not be there";
    for (const std::string& column : outcome.columns) {
      const auto cells = allowed->second.cells.find(column);
      const Cell cell = cell_of(row, column);
      if (cells == allowed->second.cells.end() || cells->second.contains(cell)) continue;
      return "row " + text_of(key) + ", " + column + " is " + cell.value_or("NULL") + ", not " +
             cells->second.begin()->value_or("NULL");
    }
  }
  for (const auto& [key, allowed] : outcome.rows) {
    if (!allowed.may_go && !seen.contains(key)) return "row " + text_of(key) + " is missing";
  }
  return {};
}

std::string show(const State& state) {
  std::string text;
  for (const Row& row : state.rows) text += text_of(tuple_of(row, state.columns)) + " ";
  return text;
}

}  // namespace matrix
