#include <iostream>
#include <map>

#include "target.h"

namespace rowan::slt {
namespace {

class LocalTarget final : public Target {
 public:
  explicit LocalTarget(const std::string& path) {
    OpenOptions options;
    options.create = true;
    auto opened = Database::open(path, options);
    if (!opened) {
      std::cout << "cannot open a database: " << opened.failure().message << '\n';
      std::exit(1);
    }
    database_ = std::move(*opened);
  }

  Answer run(const std::string& name, const std::string& sql) override {
    Answer answer;
    auto rows = session(name).run(sql);
    if (!rows) {
      answer.failure = rows.failure();
      return answer;
    }
    for (const ColumnInfo& column : (*rows)->columns()) answer.kinds.push_back(column.kind);
    for (;;) {
      auto more = (*rows)->next();
      if (!more) answer.failure = more.failure();
      if (!more || !*more) return answer;
      std::vector<Cell>& row = answer.rows.emplace_back();
      for (size_t i = 0; i < answer.kinds.size(); ++i)
        row.push_back((*rows)->is_null(i) ? Cell() : Cell((*rows)->get_text(i)));
    }
  }

  void reconnect() override { sessions_.clear(); }

  std::vector<std::string> check() override {
    sessions_.clear();
    auto problems = database_->check();
    if (!problems) return {problems.failure().message};
    return *problems;
  }

 private:
  Session& session(const std::string& name) {
    auto& slot = sessions_[name];
    if (!slot) {
      auto connected = database_->connect();
      if (!connected) {
        std::cout << "cannot connect: " << connected.failure().message << '\n';
        std::exit(1);
      }
      slot = std::move(*connected);
    }
    return *slot;
  }

  std::unique_ptr<Database> database_;
  std::map<std::string, std::unique_ptr<Session>> sessions_;
};

}  // namespace

std::unique_ptr<Target> make_local_target(const std::string& path) {
  return std::make_unique<LocalTarget>(path);
}

}  // namespace rowan::slt
