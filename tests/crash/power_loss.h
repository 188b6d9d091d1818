// Power loss, as the crash tests put it to the proof: lose_power_at_every_operation() runs a trial
// again and again, with the power going one operation later each time, and Progress tells which
// states a disk may hold after that.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include "crash/fault_file_system.h"
#include "unit/store/store_fixture.h"

namespace rowan::store {

// Each round makes a new Trial and has it work in a new folder, with the power going at the Nth
// changing operation, N = 1, 2, ... until it stays on to the end. A Trial gives:
//   void work(repository, files, n);  // Makes the repository, calls files.crash_at(n), works until
//                                     // something fails, and leaves nothing open.
//   void check(repository, files);    // Opens what the disk holds, proves it, leaves nothing open.
// In the end stock git must find the repository in order. `seed` decides with N what becomes of the
// writes that were not synced.
template <typename Trial>
void lose_power_at_every_operation(uint32_t seed) {
  bool is_clean = false;
  for (uint64_t n = 1; !is_clean; ++n) {
    CAPTURE(seed);
    CAPTURE(n);
    const TempFolder folder;
    FaultFileSystem files(folder.path / "trash", seed + static_cast<uint32_t>(n));
    Trial trial;
    trial.work(folder.repository(), files, n);
    is_clean = !files.has_crashed();
    files.settle();
    trial.check(folder.repository(), files);
    check_fsck(folder.repository());
  }
}

// How far some work came: what it left, or would have left had its flush not failed, before the
// first step and after each one.
template <typename Standing>
class Progress {
 public:
  explicit Progress(Standing before) : standings_{std::move(before)} {}

  // Gives `is_acknowledged` back.
  bool note_step(bool is_acknowledged, Standing after) {
    if (is_acknowledged) acknowledged_ = standings_.size();
    standings_.push_back(std::move(after));
    return is_acknowledged;
  }
  // What was acknowledged, or a state that was under way behind it: never a mixture.
  bool may_have_left(const Standing& found) const {
    const auto from = standings_.begin() + static_cast<std::ptrdiff_t>(acknowledged_);
    return std::find(from, standings_.end(), found) != standings_.end();
  }

 private:
  std::vector<Standing> standings_;
  size_t acknowledged_ = 0;  // Where the last acknowledged one is.
};

}  // namespace rowan::store
