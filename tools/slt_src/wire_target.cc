#include <iostream>
#include <map>

#include "target.h"

#ifdef ROWAN_HAVE_LIBPQ
#include <libpq-fe.h>
#endif

namespace rowan::slt {

#ifdef ROWAN_HAVE_LIBPQ
namespace {

struct FinishConnection {
  void operator()(PGconn* connection) const { ::PQfinish(connection); }
};
struct ClearResult {
  void operator()(PGresult* result) const { ::PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, FinishConnection>;
using Outcome = std::unique_ptr<PGresult, ClearResult>;

ColumnKind kind_of(Oid type) {
  switch (type) {
    case 16:
      return ColumnKind::kBool;
    case 20:
    case 21:
    case 23:
      return ColumnKind::kInteger;
    case 700:
    case 701:
      return ColumnKind::kFloat;
    case 1700:
      return ColumnKind::kNumeric;
    case 25:
    case 1042:
    case 1043:
      return ColumnKind::kText;
    default:
      return ColumnKind::kDate;  // No number.
  }
}

class WireTarget final : public Target {
 public:
  WireTarget(std::string url, std::string database)
      : url_(std::move(url)), database_(std::move(database)) {
    direct("DROP DATABASE IF EXISTS " + database_);
    direct("CREATE DATABASE " + database_);
  }
  ~WireTarget() override {
    sessions_.clear();
    // The server may take a moment to see that its clients have left.
    for (int i = 0; i < 200 && !try_direct("DROP DATABASE " + database_); ++i) {
    }
  }

  Answer run(const std::string& name, const std::string& sql) override {
    Connection& connection = sessions_[name];
    if (!connection) connection = connect(database_);
    const Outcome result(::PQexec(connection.get(), sql.c_str()));
    Answer answer;
    const ExecStatusType status = ::PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
      const auto field = [&](int code) {
        const char* text = ::PQresultErrorField(result.get(), code);
        return std::string(text != nullptr ? text : "");
      };
      Failure& failure = answer.failure.emplace();
      failure.sqlstate = field(PG_DIAG_SQLSTATE);
      failure.message = field(PG_DIAG_MESSAGE_PRIMARY);
      failure.detail = field(PG_DIAG_MESSAGE_DETAIL);
      failure.hint = field(PG_DIAG_MESSAGE_HINT);
      failure.context = field(PG_DIAG_CONTEXT);
      if (failure.sqlstate.empty()) {
        failure.sqlstate = "XX000";
        failure.message = ::PQerrorMessage(connection.get());
      }
      return answer;
    }
    const int columns = ::PQnfields(result.get());
    for (int i = 0; i < columns; ++i) answer.kinds.push_back(kind_of(::PQftype(result.get(), i)));
    for (int r = 0; r < ::PQntuples(result.get()); ++r) {
      std::vector<Cell>& row = answer.rows.emplace_back();
      for (int i = 0; i < columns; ++i)
        row.push_back(::PQgetisnull(result.get(), r, i)
                          ? Cell()
                          : Cell(std::string(::PQgetvalue(result.get(), r, i),
                                             ::PQgetlength(result.get(), r, i))));
    }
    return answer;
  }

  void reconnect() override { sessions_.clear(); }
  std::vector<std::string> check() override {
    sessions_.clear();
    return {};  // Its files are the server's.
  }

 private:
  Connection connect(const std::string& database) const {
    const char* const names[] = {"dbname", "dbname", nullptr};
    const char* const values[] = {url_.c_str(), database.c_str(), nullptr};
    // The URL stands first and is taken apart; what comes behind it counts.
    Connection made(::PQconnectdbParams(names, values, 1));
    if (::PQstatus(made.get()) != CONNECTION_OK) {
      std::cout << "cannot connect: " << ::PQerrorMessage(made.get());
      std::exit(1);
    }
    ::PQsetNoticeProcessor(made.get(), [](void*, const char*) {}, nullptr);
    return made;
  }
  bool try_direct(const std::string& sql) const {
    const Connection connection = connect("postgres");
    const Outcome result(::PQexec(connection.get(), sql.c_str()));
    return ::PQresultStatus(result.get()) == PGRES_COMMAND_OK;
  }
  void direct(const std::string& sql) const {
    if (try_direct(sql)) return;
    std::cout << "the server does not do: " << sql << '\n';
    std::exit(1);
  }

  std::string url_;
  std::string database_;
  std::map<std::string, Connection> sessions_;
};

}  // namespace

std::unique_ptr<Target> make_wire_target(const std::string& url, const std::string& database) {
  return std::make_unique<WireTarget>(url, database);
}

#else

std::unique_ptr<Target> make_wire_target(const std::string&, const std::string&) {
  std::cerr << "rowan-slt was built without libpq: install libpq-dev and set up the build anew\n";
  std::exit(2);
}

#endif

}  // namespace rowan::slt
