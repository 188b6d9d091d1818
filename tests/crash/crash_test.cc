// Proves: whatever moment the power goes or the process dies, every acknowledged transaction is
// there after reopening, none is there by half, the store takes new ones, and stock git finds the
// repository in order.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include "crash/power_loss.h"

namespace rowan::store {

namespace {

// ROWAN_CRASH_ROUNDS multiplies the work of both tests (suite crash-long).
int rounds(int ordinary) {
  const char* text = std::getenv("ROWAN_CRASH_ROUNDS");
  return text == nullptr ? ordinary : ordinary * std::max(1, std::atoi(text));
}

struct Acknowledged {
  std::vector<Made> commits;
  size_t attempted = 0;
};

// A bulk pack past the journal: of a transaction that is given up, or of the one that comes next,
// which leads to a part of it.
bool load(ObjectStore& store, const std::string& text, bool gives_up) {
  auto bulk = store.begin_bulk();
  if (!bulk) return false;
  const auto hold = gives_up ? (*bulk)->hold() : nullptr;
  if (!gives_up && !(*bulk)->add(ObjectType::kBlob, text)) return false;
  return (*bulk)->add(ObjectType::kBlob, "unused " + text).has_value() &&
         (*bulk)->finish().has_value();
}

// A few transactions on two branches, small and large, with checkpoints between; stops at the first
// failure.
void make_commits(ObjectStore& store, Acknowledged& done, int from, int to) {
  for (int i = from; i < to; ++i) {
    ++done.attempted;
    const size_t bytes = i % 5 == 4 ? 20'000 : 300;
    const std::string text = std::to_string(i) + std::string(bytes, 'w');
    if (i % 3 == 1 && !load(store, text, i % 2 == 1)) return;
    const auto made = commit_text(store, text, "refs/heads/main");
    if (!made || !store.wait_durable(made->sequence)) return;
    done.commits.push_back(*made);
    if (i % 4 == 3 && !store.checkpoint()) return;
  }
}

// Whole: the objects of every commit that main leads to can be read, and as many commits are there
// as were acknowledged.
void check_content(const ObjectStore& store, const Acknowledged& done) {
  for (const Made& made : done.commits) {
    CHECK(store.contains(made.commit));
    CHECK(text_of(store, made.blob).substr(0, 6) != "error:");
  }
  size_t depth = 0;
  auto at = store.ref("refs/heads/main").value_or(Oid{});
  while (!at.is_zero()) {
    const auto object = store.read(at);
    REQUIRE(object.has_value());
    const auto commit = git::parse_commit(object->bytes);
    REQUIRE(commit.has_value());
    REQUIRE(store.read(commit->tree).has_value());
    ++depth;
    at = commit->parents.empty() ? Oid{} : commit->parents.front();
  }
  CHECK(depth >= done.commits.size());
  CHECK(depth <= done.attempted);
}

struct Trial {
  void work(const std::filesystem::path& repository, FaultFileSystem& files, uint64_t n) {
    REQUIRE(init_git_store_with(repository, "main", quiet_options()).has_value());
    files.crash_at(n);
    if (auto store = open_git_store_on(repository, quiet_options(), files))
      make_commits(**store, done, 0, 10);
  }

  void check(const std::filesystem::path& repository, FaultFileSystem& files) {
    {
      auto store = open_or_fail(repository, quiet_options(), files);
      check_content(*store, done);
      // An unacknowledged transaction that is there counts as done from now on.
      const size_t before = done.commits.size();
      done.attempted += 3;
      for (int i = 0; i < 3; ++i)
        done.commits.push_back(must_commit(*store, "again " + std::to_string(i)));
      CHECK(done.commits.size() == before + 3);
    }
    {
      auto store = open_or_fail(repository, quiet_options());
      check_content(*store, done);
      CHECK(store->ref("refs/heads/main") == done.commits.back().commit);
    }
    CHECK(git(repository, "fsck --dangling --no-progress").output == "");
  }

  Acknowledged done;
};

}  // namespace

TEST_CASE("power loss at every operation") {
  const int seeds = rounds(1);
  for (int seed = 1; seed <= seeds; ++seed)
    lose_power_at_every_operation<Trial>(static_cast<uint32_t>(seed * 1000));
}

namespace {

// Kills a process that commits from four threads, `kills` times over one repository.
void kill_under_load(std::mt19937& random, int kills) {
  TempFolder folder;
  REQUIRE(init_git_store(folder.repository(), "main").has_value());
  constexpr int kThreads = 4;
  struct Report {
    uint8_t thread;
    uint8_t commit[20];
  };
  std::map<int, Oid> tips;
  for (int round = 0; round < kills; ++round) {
    int pipe_ends[2];
    REQUIRE(pipe(pipe_ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      close(pipe_ends[0]);
      auto options = quiet_options();
      options.background = true;
      options.journal_file_bytes = 1 << 20;
      auto opened = open_git_store(folder.repository(), options);
      if (!opened) _exit(3);
      ObjectStore& store = **opened;
      std::vector<std::thread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
          for (int i = 0;; ++i) {
            const std::string text =
                std::to_string(round) + "/" + std::to_string(t) + "/" + std::to_string(i);
            const auto made = commit_text(store, text + std::string(2000, 'k'),
                                          "refs/heads/t" + std::to_string(t));
            if (!made || !store.wait_durable(made->sequence)) _exit(4);
            Report report{static_cast<uint8_t>(t), {}};
            std::copy(made->commit.bytes.begin(), made->commit.bytes.end(), report.commit);
            if (write(pipe_ends[1], &report, sizeof report) != sizeof report) _exit(5);
          }
        });
      }
      for (auto& thread : threads) thread.join();
      _exit(0);
    }
    close(pipe_ends[1]);
    std::thread killer([&, wait_ms = 30 + random() % 400] {
      usleep(static_cast<useconds_t>(wait_ms * 1000));
      kill(child, SIGKILL);
    });
    std::vector<std::pair<int, Oid>> acknowledged;
    Report report;
    while (read(pipe_ends[0], &report, sizeof report) == sizeof report) {
      acknowledged.emplace_back(report.thread, Oid::from_raw(report.commit));
      tips[report.thread] = acknowledged.back().second;
    }
    close(pipe_ends[0]);
    killer.join();
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    {
      auto store = open_or_fail(folder.repository(), quiet_options());
      for (const auto& [thread, commit] : acknowledged) CHECK(store->contains(commit));
      must_commit(*store, "round " + std::to_string(round));
    }
    // Whatever else is on the branch, the last acknowledged commit leads to it.
    for (const auto& [thread, tip] : tips) {
      CHECK(git(folder.repository(),
                "merge-base --is-ancestor " + tip.hex() + " t" + std::to_string(thread))
                .status == 0);
    }
    check_fsck(folder.repository());
  }
}

}  // namespace

TEST_CASE("kill -9 under load") {
  std::mt19937 random(std::random_device{}());
  const uint32_t seed = random();
  MESSAGE("seed " << seed);
  random.seed(seed);
  // What is proved after each kill takes as long as the repository is large.
  constexpr int kKillsEach = 20;
  for (int left = rounds(5); left > 0; left -= kKillsEach) kill_under_load(random, std::min(left, kKillsEach));
}

}  // namespace rowan::store
