// Names in FROM, over a session's running transaction.
#pragma once

#include "engine/session.h"
#include "plan/plan.h"

namespace rowan::engine {

class SessionResolver final : public plan::Resolver {
 public:
  explicit SessionResolver(SessionImpl& session) : session_(session) {}
  Result<plan::ResolvedTable> resolve(const sql::QualifiedName& name, std::string_view revision,
                                      std::optional<int64_t> time_us) override;
  Result<std::shared_ptr<const plan::VirtualTable>> resolve_function(
      const sql::CallExpr& call, const std::vector<type::Type>& arguments) override;
  Result<std::shared_ptr<const plan::VirtualTable>> resolve_call(
      const sql::CallExpr& call, const std::vector<type::Type>& arguments,
      const std::vector<std::optional<type::Value>>& known) override;
  std::optional<expr::PlacedArguments> place_arguments(const sql::CallExpr& call) override;
  Result<std::shared_ptr<const plan::VirtualTable>> resolve_versions(
      const sql::QualifiedName& name, const plan::TimeRange& range) override;
  Result<std::shared_ptr<const plan::VirtualTable>> run_once(plan::Plan plan) override;
  std::optional<uint64_t> row_count(const catalog::TableVersion& table) override;
  std::optional<derived::EntryTree> find_index(const catalog::TableVersion& table,
                                               const derived::IndexKey& key,
                                               bool historical) override;
  bool rules_hold(bool historical) override;
  double key_share(const catalog::TableVersion& table, Bytes lower, Bytes upper) override;

 private:
  Result<std::optional<Oid>> historical_commit(std::string_view revision,
                                               const std::optional<int64_t>& time_us) const;

  SessionImpl& session_;
};

}  // namespace rowan::engine
