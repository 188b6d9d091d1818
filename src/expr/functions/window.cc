// Window functions.
#include "expr/families.h"

namespace rowan::expr {
namespace {

using enum type::TypeId;

constexpr Traits kOfRows = {.strict = false};
constexpr WindowOnly kWindow{};

constexpr Function kRows[] = {
    {3100, "row_number", {}, kInt8, kWindow, kOfRows},
    {3101, "rank", {}, kInt8, kWindow, kOfRows},
    {3102, "dense_rank", {}, kInt8, kWindow, kOfRows},
    {3103, "percent_rank", {}, kFloat8, kWindow, kOfRows},
    {3104, "cume_dist", {}, kFloat8, kWindow, kOfRows},
    {3105, "ntile", {kInt4}, kInt4, kWindow},
    {3106, "lag", {Any::kElement}, Any::kElement, kWindow},
    {3107, "lag", {Any::kElement, kInt4}, Any::kElement, kWindow},
    {3108, "lag", {Any::kCompatible, kInt4, Any::kCompatible}, Any::kCompatible, kWindow},
    {3109, "lead", {Any::kElement}, Any::kElement, kWindow},
    {3110, "lead", {Any::kElement, kInt4}, Any::kElement, kWindow},
    {3111, "lead", {Any::kCompatible, kInt4, Any::kCompatible}, Any::kCompatible, kWindow},
    {3112, "first_value", {Any::kElement}, Any::kElement, kWindow},
    {3113, "last_value", {Any::kElement}, Any::kElement, kWindow},
    {3114, "nth_value", {Any::kElement, kInt4}, Any::kElement, kWindow},
};

}  // namespace

constinit const std::span<const Function> kWindowFunctions = kRows;

}  // namespace rowan::expr
