#include "engine/session_system.h"

#include "engine/database_folder.h"
#include "engine/import/parked.h"
#include "engine/resolver.h"
#include "engine/session.h"

namespace rowan::engine {

txn::Transaction& SessionSystem::transaction() { return *session_.transaction(); }

store::ObjectStore& SessionSystem::store() { return session_.owner().store(); }

txn::Manager& SessionSystem::manager() { return session_.owner().manager(); }

versions::Context SessionSystem::versions() { return session_.version_context(); }

bool SessionSystem::is_cancelled() const { return session_.cancelled(); }

std::string_view SessionSystem::version() const { return rowan::version(); }

std::string SessionSystem::database() const { return session_.database(); }

Result<std::vector<std::string>> SessionSystem::databases() const {
  const std::string& folder = session_.databases_folder();
  if (folder.empty()) return std::vector<std::string>{database()};
  return database_names(folder);
}

std::vector<system::NamedStatementFacts> SessionSystem::named_statements() const {
  std::vector<system::NamedStatementFacts> all;
  for (const auto& [name, statement] : session_.named_statements().all())
    all.push_back({name, statement.text, statement.made_us, statement.prepared->parameters.types,
                   statement.from_sql});
  return all;
}

std::vector<system::CursorFacts> SessionSystem::cursors() const {
  std::vector<system::CursorFacts> all;
  session_.cursors().visit([&](const std::string& name, const Cursor& cursor) {
    const Cursor::Facts& facts = cursor.facts();
    all.push_back({name, facts.text, facts.made_us, facts.is_held, facts.is_binary,
                   cursor.may_go_back()});
  });
  return all;
}

const std::string& SessionSystem::branch() const { return session_.branch_name(); }

std::vector<system::Setting> SessionSystem::settings() const {
  std::vector<system::Setting> settings;
  for (Settings::Row& row : session_.settings().all())
    settings.push_back({row.name, std::move(row.value), row.description});
  return settings;
}

Result<std::string> SessionSystem::change_setting(std::string_view name, std::string_view value,
                                                  bool is_local) {
  return session_.change_setting(name, value, is_local);
}

std::string SessionSystem::user() const { return session_.user(); }

const std::vector<std::string>& SessionSystem::search_path() const {
  return session_.settings().search_path();
}

std::unique_ptr<plan::Resolver> SessionSystem::resolver() {
  return std::make_unique<SessionResolver>(session_);
}

expr::EvalContext SessionSystem::eval() const { return session_.eval_context(); }

exec::ExecContext SessionSystem::exec_context(const expr::EvalContext& eval) {
  return session_.context_in(transaction(), eval);
}

const std::vector<std::string>& SessionSystem::disabled_rules() const {
  return session_.settings().disabled_rules();
}

std::string SessionSystem::schema_of(std::string_view name) const {
  return session_.schema_of(name);
}

std::vector<system::ForeignTip> SessionSystem::foreign_tips() {
  std::vector<ParkedTip> tips = parked_tips(manager());
  const std::vector<ParkedTip>& others = session_.owner().foreign_moves().unparked();
  tips.insert(tips.end(), others.begin(), others.end());
  std::vector<system::ForeignTip> foreign;
  for (ParkedTip& tip : tips) {
    foreign.push_back({std::move(tip.branch), tip.commit, std::move(tip.ref), tip.parked_us,
                       std::move(tip.sqlstate), std::move(tip.place.file), tip.place.line,
                       std::move(tip.reason)});
  }
  return foreign;
}

const std::vector<exec::Violation>& SessionSystem::violations() const {
  return session_.violations();
}

std::optional<uint64_t> SessionSystem::row_count(const catalog::TableVersion& table) {
  return session_.owner().row_count(table);
}

}  // namespace rowan::engine
