#include "engine/session_system.h"

#include "engine/session.h"

namespace rowan::engine {

txn::Transaction& SessionSystem::transaction() { return *session_.transaction(); }

store::ObjectStore& SessionSystem::store() { return session_.owner().store(); }

bool SessionSystem::is_cancelled() const { return session_.cancelled(); }

std::string_view SessionSystem::version() const { return rowan::version(); }

std::string SessionSystem::database() const { return session_.database(); }

const std::string& SessionSystem::branch() const { return session_.branch_name(); }

std::vector<system::Setting> SessionSystem::settings() const {
  std::vector<system::Setting> settings;
  for (Settings::Row& row : session_.settings().all())
    settings.push_back({row.name, std::move(row.value), row.description});
  return settings;
}

std::optional<uint64_t> SessionSystem::row_count(const catalog::TableVersion& table) {
  return session_.owner().row_count(table);
}

}  // namespace rowan::engine
