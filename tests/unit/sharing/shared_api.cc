// Gives the tests of the embedding API sessions that run over there: the repository is open already, by
// another opener, which shares it.
#include <memory>
#include <utility>

#include "rowan/shared.h"
#include "unit/engine/api_session.h"
#include "unit/temp_folder.h"

namespace {

using rowan::ConnectOptions;
using rowan::Database;
using rowan::Outcome;
using rowan::Progress;
using rowan::Session;

// The second opener of a repository, and with it the first.
class SecondOpener final : public Database {
 public:
  SecondOpener() {
    const std::string path = (folder_.path / "memory.git").string();
    REQUIRE(Database::init(path).ok());
    first_ = open(path);
    second_ = open(path);
  }
  ~SecondOpener() override {
    second_.reset();
    first_.reset();
  }
  using Database::connect;
  Outcome<std::unique_ptr<Session>> connect(const ConnectOptions& options) override {
    return second_->connect(options);
  }
  Outcome<bool> checkpoint() override { return second_->checkpoint(); }
  Outcome<std::vector<std::string>> check(const std::function<void(const Progress&)>& report,
                                          std::vector<std::string>* notes) override {
    return second_->check(report, notes);
  }

 private:
  static std::unique_ptr<Database> open(const std::string& path) {
    auto opened = rowan::open_shared(path);
    REQUIRE(opened.ok());
    return std::move(*opened);
  }

  rowan::TempFolder folder_;
  std::unique_ptr<Database> first_;
  std::unique_ptr<Database> second_;
};

[[maybe_unused]] const bool is_set = [] {
  rowan::testing::open_for_api = []() -> std::unique_ptr<Database> {
    return std::make_unique<SecondOpener>();
  };
  return true;
}();

}  // namespace
