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

  Choices(Prefer prefer, Answer answer) : prefer_(prefer), answer_(std::move(answer)) {}

  // The side that stands. Lists the conflict when nobody settled it.
  Side settle(SchemaConflict conflict) {
    if (answer_) {
      if (const std::optional<Side> side = answer_(conflict)) {
        ++settled;
        return *side;
      }
    }
    switch (prefer_) {
      case Prefer::kOurs:
        ++settled;
        return Side::kOurs;
      case Prefer::kTheirs:
        ++settled;
        return Side::kTheirs;
      case Prefer::kBase:
        ++settled;
        return Side::kBase;
      case Prefer::kReport:
        break;
    }
    open.push_back(std::move(conflict));
    return Side::kOurs;
  }
  // For what no side's version would settle.
  void list(SchemaConflict conflict) {
    if (prefer_ != Prefer::kBase) open.push_back(std::move(conflict));
  }

  std::vector<SchemaConflict> open;
  uint64_t settled = 0;

 private:
  Prefer prefer_;
  Answer answer_;
};

}  // namespace rowan::merge
