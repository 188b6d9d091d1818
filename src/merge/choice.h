// Choice: which side stands when both changed something about the schema, and the list of what
// stayed open.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "merge/merge.h"

namespace rowan::merge {

// What is settled without asking: by policy, for a virtual base, or not at all (ours stands and the
// conflict is listed).
enum class Prefer : uint8_t { kReport, kOurs, kTheirs, kBase };

class Choices {
 public:
  using Answer = std::function<std::optional<Side>(const SchemaConflict& conflict)>;
  // Told what was settled, and whether an answer did it.
  using Record = std::function<void(const SchemaConflict& conflict, Side side, bool answered)>;

  Choices(Prefer prefer, Answer answer, Record record = {})
      : prefer_(prefer), answer_(std::move(answer)), record_(std::move(record)) {}

  // The side that stands. Lists the conflict when nobody settled it, or by a side that cannot
  // stand.
  Side settle(SchemaConflict conflict) {
    const std::optional<Side> answer = answer_ ? answer_(conflict) : std::nullopt;
    const std::optional<Side> side = answer ? answer : preferred();
    if (side && (prefer_ == Prefer::kBase || conflict.takes(*side))) {
      ++settled;
      answered = answer.has_value();
      if (record_ && prefer_ != Prefer::kBase) record_(conflict, *side, answer.has_value());
      return *side;
    }
    open.push_back(std::move(conflict));
    return Side::kOurs;
  }
  // For what no policy may settle. Nothing: it stays open.
  std::optional<Side> ask(SchemaConflict conflict) {
    const std::optional<Side> answer = answer_ ? answer_(conflict) : std::nullopt;
    if (answer && conflict.takes(*answer)) {
      ++settled;
      answered = true;
      if (record_ && prefer_ != Prefer::kBase) record_(conflict, *answer, true);
      return answer;
    }
    if (prefer_ != Prefer::kBase) open.push_back(std::move(conflict));
    return std::nullopt;
  }
  // For what no side's version would settle.
  void list(SchemaConflict conflict) {
    conflict.may_stand = {false, false, false};
    if (prefer_ != Prefer::kBase) open.push_back(std::move(conflict));
  }

  std::vector<SchemaConflict> open;
  uint64_t settled = 0;
  bool answered = false;  // What was settled last, by an answer.

 private:
  std::optional<Side> preferred() const {
    switch (prefer_) {
      case Prefer::kOurs:
        return Side::kOurs;
      case Prefer::kTheirs:
        return Side::kTheirs;
      case Prefer::kBase:
        return Side::kBase;
      case Prefer::kReport:
        break;
    }
    return std::nullopt;
  }

  Prefer prefer_;
  Answer answer_;
  Record record_;
};

}  // namespace rowan::merge
