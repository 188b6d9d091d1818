// What the system relations see of a session.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/context.h"

namespace rowan::engine {

class SessionImpl;

class SessionSystem final : public system::Context {
 public:
  explicit SessionSystem(SessionImpl& session) : session_(session) {}

  txn::Transaction& transaction() override;
  store::ObjectStore& store() override;
  bool is_cancelled() const override;
  std::string_view version() const override;
  std::string database() const override;
  const std::string& branch() const override;
  std::vector<system::Setting> settings() const override;
  std::optional<uint64_t> row_count(const catalog::TableVersion& table) override;

 private:
  SessionImpl& session_;
};

}  // namespace rowan::engine
