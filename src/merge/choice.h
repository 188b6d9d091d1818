// Choice: which side stands when both changed something about the schema, and the list of what
// stayed open.
#pragma once

#include <array>
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

// Something of a side that is another one now, or is not there, because of what was settled elsewhere
// or because something else has its name: no choice of its own, but on record (M8). Texts are empty
// where it is not there.
struct Consequence {
  std::string object, kind;  // As SchemaConflict's.
  std::array<std::string, 3> sides;  // By Side.
  std::string merged;
  std::string ground;  // "name taken", "dropped schema" …
};

class Choices {
 public:
  using Tell = std::function<void(Consequence consequence)>;
  using Answer = std::function<std::optional<Side>(const SchemaConflict& conflict)>;
  // Told what was settled, and whether an answer did it.
  using Record = std::function<void(const SchemaConflict& conflict, Side side, bool answered)>;

  Choices(Prefer prefer, Answer answer, Record record = {}, Tell tell = {})
      : prefer_(prefer),
        answer_(std::move(answer)),
        record_(std::move(record)),
        tell_(std::move(tell)) {}

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
  // The answer, which is neither taken nor on record by this.
  std::optional<Side> given(const SchemaConflict& conflict) const {
    return answer_ ? answer_(conflict) : std::nullopt;
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
  void tell(Consequence consequence) const {
    if (tell_ && prefer_ != Prefer::kBase) tell_(std::move(consequence));
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
  Tell tell_;
};

}  // namespace rowan::merge
