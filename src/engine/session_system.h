// What the system relations see of a session.
#pragma once

#include <memory>
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
  txn::Manager& manager() override;
  versions::Context versions() override;
  bool is_cancelled() const override;
  std::string_view version() const override;
  std::string database() const override;
  Result<std::vector<std::string>> databases() const override;
  std::vector<system::NamedStatementFacts> named_statements() const override;
  std::vector<system::CursorFacts> cursors() const override;
  const std::string& branch() const override;
  std::vector<system::Setting> settings() const override;
  Result<std::string> change_setting(std::string_view name, std::string_view value,
                                     bool is_local) override;
  std::string user() const override;
  const std::vector<std::string>& search_path() const override;
  std::unique_ptr<plan::Resolver> resolver() override;
  expr::EvalContext eval() const override;
  exec::ExecContext exec_context(const expr::EvalContext& eval) override;
  const std::vector<std::string>& disabled_rules() const override;
  std::string schema_of(std::string_view name) const override;
  std::vector<system::ForeignTip> foreign_tips() override;
  const std::vector<exec::Violation>& violations() const override;
  std::optional<uint64_t> row_count(const catalog::TableVersion& table) override;

 private:
  SessionImpl& session_;
};

}  // namespace rowan::engine
