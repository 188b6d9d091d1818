// kill -9 of a process that merges with conflicts, settles them, finishes or gives up, while
// another session writes: what was answered is there, or one step more; the pending merge can be
// finished; the repository stays sound for Rowan and for stock git.
#include <signal.h>
#include <unistd.h>

#include <random>
#include <sstream>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

constexpr int kRounds = 12;
constexpr int kConflicts = 4;

// Branch `ours` after a step.
struct State {
  std::string tip;
  long left = 0;  // Conflicts of the pending merge.
  bool operator==(const State&) const = default;
};

std::string value_of(Session& session, const std::string& sql) {
  auto rows = session.run(sql);
  if (!rows) return rows.failure().sqlstate;
  auto more = (*rows)->next();
  if (!more) return more.failure().sqlstate;
  return *more ? (*rows)->get_text(0) : "";
}

State state_of(Session& session) {
  return {value_of(session, "SELECT commit FROM rowan.branches WHERE branch = 'ours'"),
          std::stol(value_of(session, "SELECT count(*) FROM rowan.conflicts"))};
}

// Rounds of merging; each statement of a merge is told of before and, with the state, after it.
class Merger {
 public:
  Merger(Session& session, Session& theirs, int answers)
      : session_(session), theirs_(theirs), answers_(answers) {}

  void work() {
    for (long round = ::random();; ++round) {
      // Both sides change the same cells to other values.
      for (int i = 0; i < kConflicts; ++i) {
        run(theirs_,
            "UPDATE item SET n = 't" + std::to_string(round) + "' WHERE id = " + std::to_string(i));
        run(session_,
            "UPDATE item SET n = 'o" + std::to_string(round) + "' WHERE id = " + std::to_string(i));
      }
      step("MERGE theirs WITH MANUAL");
      step("RESOLVE CONFLICT public.item.0 USING HEAD");
      step("RESOLVE CONFLICTS IN item WHERE id = 1 USING SOURCE");
      if (round % 3 == 0) {
        step("ABORT MERGE");
        continue;
      }
      step("UPDATE rowan.conflicts_item SET our_n = 'settled " + std::to_string(round) +
           "' WHERE our_id = 2");
      step("RESOLVE CONFLICTS USING SOURCE");
      step("COMMIT MERGE MESSAGE 'round " + std::to_string(round) + "'");
    }
  }

 private:
  static void run(Session& session, const std::string& sql) {
    auto rows = session.run(sql);
    for (bool more = static_cast<bool>(rows); more;) {
      auto next = (*rows)->next();
      if (!next) fail(sql, next.failure());
      more = *next;
    }
    if (!rows) fail(sql, rows.failure());
  }
  [[noreturn]] static void fail(const std::string& sql, const Failure& failure) {
    ::fprintf(stderr, "%s: %s %s\n", sql.c_str(), failure.sqlstate.c_str(),
              failure.message.c_str());
    ::_exit(1);
  }
  void step(const std::string& sql) {
    say("> " + sql.substr(0, sql.find(' ', sql.find(' ') + 1)) + "\n");
    run(session_, sql);
    const State state = state_of(session_);
    say("= " + state.tip + " " + std::to_string(state.left) + "\n");
  }
  void say(const std::string& line) {
    if (::write(answers_, line.data(), line.size()) < 0) ::_exit(1);
  }

  Session& session_;
  Session& theirs_;
  const int answers_;
};

[[noreturn]] void merging_process(const fs::path& db, int answers) {
  auto database = Database::open(db.string());
  if (!database) ::_exit(1);
  ::srandom(static_cast<unsigned>(::getpid()));
  auto ours = (*database)->connect("ours");
  auto theirs = (*database)->connect("theirs");
  auto other = (*database)->connect();
  if (!ours || !theirs || !other) ::_exit(1);
  std::thread beside([&] {
    for (long n = ::random();; ++n) {
      if (!(*other)->run("INSERT INTO item VALUES (" + std::to_string(100 + n % 1'000'000'000) +
                         ", 'beside') "))
        continue;
    }
  });
  Merger(**ours, **theirs, answers).work();
  ::_exit(1);
}

struct Heard {
  State last;             // After the last statement that answered.
  std::string under_way;  // Begun and not answered; empty: none.
  bool any = false;
};

Heard merge_and_kill(const fs::path& db, std::mt19937& random) {
  const std::string lines = run_until_killed([&](int answers) { merging_process(db, answers); },
                                             std::chrono::milliseconds(20 + random() % 600));
  Heard heard;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("> ")) {
      heard.under_way = line.substr(2);
    } else if (line.starts_with("= ")) {
      std::istringstream fields(line.substr(2));
      fields >> heard.last.tip >> heard.last.left;
      heard.under_way.clear();
      heard.any = true;
    }
  }
  return heard;
}

// The state that was answered last, or what the statement under way makes of it. Updates of the
// branch between two merges answer nothing, so there the tip may be any later one.
void check_state(const Heard& heard, const State& now) {
  INFO("answered: ", heard.last.tip, " ", heard.last.left, "; under way: ", heard.under_way,
       "; now: ", now.tip, " ", now.left);
  if (heard.under_way.empty() || heard.under_way.starts_with("MERGE")) {
    const bool began = heard.under_way.starts_with("MERGE") && now.left == kConflicts;
    CHECK((now.left == heard.last.left || began));
    return;
  }
  if (heard.under_way.starts_with("COMMIT MERGE")) {
    CHECK((now == heard.last || (now.left == 0 && now.tip != heard.last.tip)));
    return;
  }
  CHECK(now.tip == heard.last.tip);
  // All at once: RESOLVE CONFLICTS without a table, ABORT MERGE. One: everything else.
  const bool may_clear =
      heard.under_way == "RESOLVE CONFLICTS" || heard.under_way.starts_with("ABORT MERGE");
  const bool one_less = now.left == heard.last.left - 1 && !heard.under_way.starts_with("ABORT");
  CHECK((now.left == heard.last.left || one_less || (may_clear && now.left == 0)));
}

}  // namespace

TEST_CASE("merges with conflicts when the process was killed") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  {
    Opened opened(db);
    opened.execute("CREATE TABLE item (id integer PRIMARY KEY, n text)");
    opened.execute("INSERT INTO item SELECT g, 'base' FROM generate_series(0, 50) g");
    opened.execute("CREATE BRANCH ours");
    opened.execute("CREATE BRANCH theirs");
  }
  const unsigned seed = std::random_device()();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    const Heard heard = merge_and_kill(db, random);
    State first;
    {
      Opened opened(db);
      auto session = opened.connect("ours");
      first = state_of(*session);
      if (heard.any) check_state(heard, first);
    }
    // Once more: what recovery made stands, and a merge that is pending can be finished or given
    // up, beside writes to the branch.
    Opened opened(db);
    auto session = opened.connect("ours");
    const State again = state_of(*session);
    CHECK(again.tip == first.tip);
    CHECK(again.left == first.left);
    Opened::execute(*session,
                    "INSERT INTO item VALUES (" + std::to_string(-1 - round) + ", 'after')");
    const std::string pending = git(db, "for-each-ref refs/rowan/merge/");
    if (pending.find("refs/rowan/merge/ours") != std::string::npos) {
      if (again.left > 0) Opened::execute(*session, "RESOLVE CONFLICTS USING SOURCE");
      Opened::execute(*session, round % 2 == 0 ? "COMMIT MERGE" : "ABORT MERGE");
    }
    CHECK(state_of(*session).left == 0);
    CHECK(value_of(*session, "SELECT count(*) FROM item WHERE n = 'after'") ==
          std::to_string(round + 1));
    opened.execute("INSERT INTO item VALUES (" + std::to_string(-1 - round) + ", 'main')");
  }
  check_clean(db);
  CHECK(git(db, "for-each-ref refs/rowan/merge/").find("refs/rowan/merge/ours") ==
        std::string::npos);
}

}  // namespace rowan::git_testing
