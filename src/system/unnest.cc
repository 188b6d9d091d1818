#include "system/unnest.h"

#include "type/array.h"

namespace rowan::system {

namespace {

class ElementRows final : public plan::VirtualRows {
 public:
  ElementRows(type::Type element, std::string array)
      : element_(element), array_(std::move(array)), reader_(array_) {}

  Result<bool> next(type::Batch& batch) override {
    type::ColumnBuilder builder(element_);
    while (!reader_.at_end() && builder.size() < kBatchRows) {
      if (const auto value = reader_.next()) {
        builder.append_datum(*value);
      } else {
        builder.append_null();
      }
    }
    batch.rows = builder.size();
    batch.columns = {builder.finish()};
    return batch.rows > 0;
  }

 private:
  const type::Type element_;
  const std::string array_;
  type::ArrayReader reader_;
};

class UnnestTable final : public plan::VirtualTable {
 public:
  explicit UnnestTable(type::Type element) : columns_{{"unnest", element}} {}
  const std::vector<plan::OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<type::Value>& arguments,
                                        const expr::EvalContext& context) const override {
    return all_rows(*this, arguments, context);
  }
  Result<std::unique_ptr<plan::VirtualRows>> open(const std::vector<type::Value>& arguments,
                                                  const expr::EvalContext&) const override {
    return std::unique_ptr<plan::VirtualRows>(std::make_unique<ElementRows>(
        columns_[0].type, arguments[0].is_null() ? std::string() : arguments[0].as_string()));
  }

 private:
  std::vector<plan::OutputColumn> columns_;
};

}  // namespace

Result<TablePtr> make_unnest(Context& /*context*/, const Call& call) {
  const type::Type array = call.types[0];
  if (!type::is_array(array.id)) return TablePtr();
  return TablePtr(
      std::make_shared<UnnestTable>(type::Type{type::element_of(array.id), array.modifier}));
}

}  // namespace rowan::system
