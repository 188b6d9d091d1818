"""psycopg 3, all that it says in its own way: binary parameters, statements that are prepared after five runs, pipelines,
server-side cursors, COPY both ways in both formats, notices, cancel, transactions within transactions, every type both ways.
The same asked of PostgreSQL 15 gives the same: `psycopg3.py --postgres 'host=… dbname=…'` shows it."""
import datetime as dt
import decimal
import ipaddress
import os
import sys
import threading
import time
import uuid

from serving import PASSWORD, Server, expect, run, skip

try:
    import psycopg
    from psycopg import sql
    from psycopg.rows import dict_row, namedtuple_row
    from psycopg.types.json import Json, Jsonb
except ImportError:
    # Debian's packages are the system's Python's.
    if sys.executable != "/usr/bin/python3" and os.access("/usr/bin/python3", os.X_OK):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])
    skip("psycopg 3 is not installed")

POSTGRES = sys.argv[1] == "--postgres"
URL = ""
Decimal = decimal.Decimal
UTC = dt.timezone.utc

# Type, values. Each goes out as text and binary parameter and comes back as text and binary result.
TYPES = [
    ("boolean", [True, False]),
    ("smallint", [0, -32768, 32767]),
    ("integer", [0, 1, -2147483648, 2147483647]),
    ("bigint", [0, -9223372036854775808, 9223372036854775807]),
    ("real", [0.0, -1.5, -16777215.0]),
    ("double precision", [0.0, -0.1, 1e308, 5e-324, float("inf"), float("-inf")]),
    ("numeric", [Decimal(x) for x in ("0", "0.00", "-0.001", "12345678901234567890.123456789", "1E+30", "10000", "9999.9999", "-1E-20", "Infinity")]),
    ("numeric(10,2)", [Decimal("12.50"), Decimal("-99999999.99")]),
    ("text", ["", "x", "päin 'x' \\ \" \t\n", "𝄞" * 10, "y" * 100_000]),
    ("varchar(20)", ["", "abc", "äöü"]),
    ("char(5)", ["abc  ", "abcde"]),
    ("bytea", [b"", b"\0\xff", bytes(range(256)) * 40]),
    ("date", [dt.date(2024, 2, 29), dt.date(1, 1, 1), dt.date(9999, 12, 31)]),
    ("time", [dt.time(0, 0), dt.time(23, 59, 59, 999999)]),
    ("timestamp", [dt.datetime(2024, 2, 29, 12, 30, 1, 250000), dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)]),
    ("timestamptz", [dt.datetime(2024, 2, 29, 12, 30, 1, 250000, UTC), dt.datetime(1999, 12, 31, 23, 59, 59, 1, dt.timezone(dt.timedelta(hours=5, minutes=30)))]),
    ("interval", [dt.timedelta(0), dt.timedelta(days=-3, seconds=7, microseconds=9), dt.timedelta(days=400)]),
    ("uuid", [uuid.UUID(int=0), uuid.UUID(int=2 ** 128 - 1)]),
    ("integer[]", [[], [1, -2, 3], [None, 5]]),
    ("text[]", [["a", "", "b,c", 'd"e', "NULL", "ä\\"], [None]]),
    ("numeric[]", [[Decimal("1.50"), Decimal("-3")]]),
]
DUMPED = {"json": Json, "jsonb": Jsonb}
JSON = [{"a": [1, 2.5, None, True], "ä": "\u2028x"}, [], "text", 7, None]


def connect(**options):
    return psycopg.connect(URL, **options)


def types_both_ways():
    wrong = []
    with connect(autocommit=True) as c:
        c.execute("SET TimeZone = 'UTC'")
        c.execute("DROP TABLE IF EXISTS one_each")
        cells = ", ".join(f"c{i} {name}" for i, (name, _) in enumerate(TYPES))
        c.execute(f"CREATE TABLE one_each (k integer PRIMARY KEY, {cells}, cj json, cjb jsonb)")
        k = 0
        for column, name, values in [(f"c{i}", name, values) for i, (name, values) in enumerate(TYPES)] + [("cj", "json", JSON), ("cjb", "jsonb", JSON)]:
            for value in [*values, None]:
                for sent in ("%t", "%b", "%s"):
                    k += 1
                    given = DUMPED[name](value) if name in DUMPED and not (value is None and sent == "%s") else value
                    try:
                        c.execute(f"INSERT INTO one_each (k, {column}) VALUES (%s, {sent})", (k, given))
                        for binary in (False, True):
                            found = c.execute(f"SELECT {column} FROM one_each WHERE k = %s", (k,), binary=binary).fetchone()[0]
                            digits = name.startswith("numeric") and "E" not in str(value)  # 1.50 is not 1.5 there.
                            if found != value or digits and str(found) != str(value):
                                wrong.append((name, str(value)[:60], sent, binary, str(found)[:60]))
                    except psycopg.Error as error:
                        wrong.append((name, str(value)[:60], sent, str(error)))
        # A cast of the parameter itself: the server tells the type, nothing is stored between.
        for name, values in TYPES:
            for value in values:
                for sent in ("%t", "%b"):
                    for binary in (False, True):
                        found = c.execute(f"SELECT {sent}::{name}", (value,), binary=binary).fetchone()[0]
                        if found != value:
                            wrong.append(("cast", name, str(value)[:60], sent, binary, str(found)[:60]))
    assert not wrong, "\n".join(map(str, wrong))


def unknown_and_lists():
    with connect() as c:
        expect(c.execute("SELECT %s", ("x",)).fetchone(), ("x",))
        expect(c.execute("SELECT %s + 1", (41,)).fetchone(), (42,))
        expect(c.execute("SELECT %s::text || %s", ("a", "b")).fetchone(), ("ab",))
        expect(c.execute("SELECT g FROM generate_series(1, 9) g WHERE g = ANY(%s) ORDER BY g", ([3, 5, 77],)).fetchall(), [(3,), (5,)])
        expect(c.execute("SELECT g FROM generate_series(1, 9) g WHERE g = ANY(%b) ORDER BY g", ([3, 5, 77],)).fetchall(), [(3,), (5,)])
        expect(c.execute("SELECT %s::text IS NULL, coalesce(%s, 7)", (None, None)).fetchone(), (True, 7))
        expect(c.execute("SELECT '%%', %(a)s, %(b)s, %(a)s", {"a": 1, "b": "z"}).fetchone(), ("%", 1, "z", 1))
        expect(c.execute("SELECT 1; SELECT 2").fetchone(), (1,))
        cur = c.execute("SELECT 1; SELECT 2")
        expect((cur.fetchall(), cur.nextset(), cur.fetchall(), cur.nextset()), ([(1,)], True, [(2,)], None))
        expect(c.execute("").description, None)
        big = 10 ** 25
        expect(c.execute("SELECT %s", (big,)).fetchone(), (big,))
        name = 'odd "name'
        c.execute(sql.SQL("CREATE TEMPORARY TABLE {} (a int)" if POSTGRES else "CREATE TABLE {} (a int)").format(sql.Identifier(name)))
        c.execute(sql.SQL("INSERT INTO {} VALUES ({})").format(sql.Identifier(name), sql.Literal(5)))
        expect(c.execute(sql.SQL("SELECT a FROM {}").format(sql.Identifier(name))).fetchall(), [(5,)])
        c.rollback()


def prepared_after_five_runs():
    with connect(autocommit=True) as c:
        c.execute("DROP TABLE IF EXISTS five")
        c.execute("CREATE TABLE five (a int PRIMARY KEY, b text)")
        for i in range(20):
            c.execute("INSERT INTO five VALUES (%s, %s)", (i, f"row {i}"))
            expect(c.execute("SELECT b FROM five WHERE a = %s", (i,)).fetchone(), (f"row {i}",))
        # One is failed, and a block around it; the statements stay.
        for i in range(20):
            try:
                with c.transaction():
                    c.execute("INSERT INTO five VALUES (%s, %s)", (i, "again"))
                assert False
            except psycopg.errors.UniqueViolation as error:
                expect(error.diag.message_detail, f"Key (a)=({i}) already exists.")
        # The table changes under a statement that is prepared: told, and prepared anew.
        c.execute("SELECT * FROM five WHERE a = %s", (1,), prepare=True)
        c.execute("ALTER TABLE five ADD COLUMN d int DEFAULT 3")
        try:
            expect(c.execute("SELECT * FROM five WHERE a = %s", (1,)).fetchone(), (1, "row 1", 3))
        except psycopg.errors.FeatureNotSupported:
            c.execute("DEALLOCATE ALL")
    with connect(autocommit=True) as c:
        c.prepared_max = 3  # The oldest are given back.
        for i in range(30):
            for _ in range(6):
                expect(c.execute(f"SELECT %s + {i}", (i,)).fetchone(), (2 * i,))


def transactions_within_transactions():
    with connect() as c, connect(autocommit=True) as other:
        other.execute("DROP TABLE IF EXISTS nested")
        other.execute("CREATE TABLE nested (a int PRIMARY KEY)")
        with c.transaction():
            c.execute("INSERT INTO nested VALUES (1)")
            try:
                with c.transaction("inner"):
                    c.execute("INSERT INTO nested VALUES (2)")
                    with c.transaction():
                        c.execute("INSERT INTO nested VALUES (3)")
                    raise KeyError("out")
            except KeyError:
                pass
            with c.transaction(force_rollback=True):
                c.execute("INSERT INTO nested VALUES (4)")
            with c.transaction():
                try:
                    with c.transaction():
                        c.execute("INSERT INTO nested VALUES (1)")
                except psycopg.errors.UniqueViolation:
                    pass
                c.execute("INSERT INTO nested VALUES (5)")
            expect(c.info.transaction_status.name, "INTRANS")
            expect(other.execute("SELECT count(*) FROM nested").fetchone(), (0,))
        expect(other.execute("SELECT a FROM nested ORDER BY a").fetchall(), [(1,), (5,)])
        c.isolation_level, c.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        expect(c.execute("SHOW transaction_isolation").fetchone(), ("repeatable read",))
        try:
            c.execute("INSERT INTO nested VALUES (9)")
            assert False
        except psycopg.errors.ReadOnlySqlTransaction:
            expect(c.info.transaction_status.name, "INERROR")
        try:
            c.execute("SELECT 1")
            assert False
        except psycopg.errors.InFailedSqlTransaction:
            c.rollback()
        expect(c.info.transaction_status.name, "IDLE")


def pipelines():
    with connect(autocommit=True) as c:
        c.execute("DROP TABLE IF EXISTS piped")
        c.execute("CREATE TABLE piped (a int PRIMARY KEY, b text)")
        with c.pipeline() as p, c.cursor() as cur:
            found = [c.execute("INSERT INTO piped VALUES (%s, %s) RETURNING a", (i, "x" * i)) for i in range(200)]
            p.sync()
            expect([f.fetchone()[0] for f in found], list(range(200)))
            cur.executemany("UPDATE piped SET b = %s WHERE a = %s", [(str(i), i) for i in range(50)])
            expect(c.execute("SELECT b FROM piped WHERE a = 7").fetchone(), ("7",))
        # A failure ends what follows to the next Sync, and what came before it in its transaction.
        with c.pipeline() as p:
            c.execute("INSERT INTO piped VALUES (1000, 'kept')")
            p.sync()
            lost = c.execute("INSERT INTO piped VALUES (1001, 'lost')")
            bad = c.execute("INSERT INTO piped VALUES (1000, 'twice')")
            after = c.execute("INSERT INTO piped VALUES (1002, 'never')")
            try:
                p.sync()
                bad.fetchone()
                assert False, "a failure in a pipeline was not told"
            except psycopg.errors.UniqueViolation:
                pass
            for cur in (after,):
                try:
                    cur.fetchone()
                    assert False
                except (psycopg.errors.PipelineAborted, psycopg.ProgrammingError):
                    pass
        expect(c.execute("SELECT count(*) FROM piped WHERE a >= 1000").fetchone()[0], 1)
        with c.pipeline():  # A block of the client's within.
            with c.transaction():
                for i in range(10):
                    c.execute("INSERT INTO piped VALUES (%s, 'b')", (2000 + i,))
                with c.transaction():
                    c.execute("DELETE FROM piped WHERE a = 2000")
            big = c.execute("SELECT repeat('z', 1000) FROM generate_series(1, 5000)")
            small = c.execute("SELECT 1")
            expect((len(big.fetchall()), small.fetchone()), (5000, (1,)))
        expect(c.execute("SELECT count(*) FROM piped WHERE a >= 2000").fetchone(), (9,))


def server_side_cursors():
    with connect() as c:
        c.execute("DROP TABLE IF EXISTS walked")
        c.execute("CREATE TABLE walked (a int PRIMARY KEY, b text)")
        c.execute("INSERT INTO walked SELECT g, repeat('x', g % 50) FROM generate_series(1, 3000) g")
        c.commit()
        # Streamed row by row on the client's side (single row mode), left in the middle.
        cur = c.cursor()
        expect(sum(row[0] for row in cur.stream("SELECT a FROM walked")), 3000 * 3001 // 2)
        for row in cur.stream("SELECT a FROM walked ORDER BY a"):
            if row[0] == 5:
                break
        expect(c.execute("SELECT 1").fetchone(), (1,))
        try:
            c.execute("DECLARE tried CURSOR FOR SELECT 1")
        except psycopg.errors.FeatureNotSupported:
            print("left out: there are no cursors of the server's")
            return
        with c.cursor("walk") as cur:
            cur.itersize = 100
            cur.execute("SELECT a, b FROM walked WHERE a > %s ORDER BY a", (10,))
            expect([d.name for d in cur.description], ["a", "b"])
            expect(cur.fetchone()[0], 11)
            expect([row[0] for row in cur.fetchmany(3)], [12, 13, 14])
            expect(sum(1 for _ in cur), 2986)
        with c.cursor("jump", scrollable=True) as cur:
            cur.execute("SELECT a FROM walked ORDER BY a")
            cur.scroll(100)
            expect(cur.fetchone(), (101,))
            cur.scroll(-50)
            expect(cur.fetchone(), (52,))
            cur.scroll(0, mode="absolute")
            expect(cur.fetchmany(2), [(1,), (2,)])
            expect(len(cur.fetchall()), 2998)
        with c.cursor("bin", binary=True) as cur:
            cur.execute("SELECT a, b FROM walked ORDER BY a LIMIT 2")
            expect(cur.fetchall(), [(1, "x"), (2, "xx")])
        c.commit()
        with c.cursor("stays", withhold=True) as cur:
            cur.execute("SELECT a FROM walked ORDER BY a")
            c.commit()
            expect(cur.fetchmany(2), [(1,), (2,)])


def copy_both_ways():
    with connect(autocommit=True) as c:
        c.execute("DROP TABLE IF EXISTS copied")
        c.execute("CREATE TABLE copied (a int PRIMARY KEY, b text, d numeric, e timestamp)")
        rows = [(i, None if i % 7 == 0 else "t\tab\\n\n" * (i % 3), Decimal(i) / 4, dt.datetime(2024, 1, 1) + dt.timedelta(hours=i)) for i in range(1000)]
        cur = c.cursor()
        with cur.copy("COPY copied FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        expect(cur.rowcount, 1000)
        with cur.copy("COPY copied TO STDOUT") as copy:
            copy.set_types(["int4", "text", "numeric", "timestamp"])
            expect(sorted(copy.rows()), sorted(rows, key=lambda r: r[0]))
        with cur.copy("COPY (SELECT a, b FROM copied WHERE a < %s ORDER BY a) TO STDOUT (FORMAT csv, HEADER)", (3,)) as copy:
            expect(b"".join(copy), b'a,b\n0,\n1,"t\tab\\n\n"\n2,"t\tab\\n\nt\tab\\n\n"\n')
        # Blocks as they come, cut anywhere.
        data = b"".join(b"%d\tx%d\t1\t2024-01-01\n" % (i, i) for i in range(5000, 9000))
        with cur.copy("COPY copied FROM STDIN") as copy:
            for at in range(0, len(data), 777):
                copy.write(data[at:at + 777])
        expect(c.execute("SELECT count(*) FROM copied WHERE a >= 5000").fetchone(), (4000,))
        # It breaks off here, and there.
        try:
            with cur.copy("COPY copied FROM STDIN") as copy:
                copy.write("100000\tx\t1\t2024-01-01\n")
                raise KeyError("enough")
        except psycopg.errors.QueryCanceled as error:
            assert "enough" in str(error), error
        try:
            with cur.copy("COPY copied FROM STDIN") as copy:
                copy.write("100000\tx\t1\t2024-01-01\nwrong\n")
            assert False
        except psycopg.errors.DataError:
            pass
        expect(c.execute("SELECT count(*) FROM copied").fetchone(), (5000,))
        expect(c.execute("SELECT 1").fetchone(), (1,))


def notices_and_errors():
    with connect(autocommit=True) as c:
        said = []
        c.add_notice_handler(lambda diag: said.append((diag.severity, diag.sqlstate, diag.message_primary)))
        c.execute("DROP TABLE IF EXISTS never_there")
        expect(said, [("NOTICE", "00000", 'table "never_there" does not exist, skipping')])
        try:
            c.execute("SELECT 1 +\n nix FROM (SELECT 1) t")
            assert False
        except psycopg.errors.UndefinedColumn as error:
            expect((error.diag.severity, error.diag.severity_nonlocalized, error.diag.statement_position), ("ERROR", "ERROR", "13"))
        c.execute("DROP TABLE IF EXISTS told")
        c.execute("CREATE TABLE told (a int PRIMARY KEY, b int NOT NULL CHECK (b > 0))")
        for statement, kind in (("INSERT INTO told VALUES (1, NULL)", psycopg.errors.NotNullViolation),
                                ("INSERT INTO told VALUES (1, 0)", psycopg.errors.CheckViolation),
                                ("INSERT INTO told VALUES (1, 1), (1, 2)", psycopg.errors.UniqueViolation),
                                ("INSERT INTO told VALUES (99999999999, 1)", psycopg.errors.NumericValueOutOfRange)):
            try:
                c.execute(statement)
                assert False
            except kind as error:
                expect(error.diag.severity, "ERROR")


def cancels():
    with connect(autocommit=True) as c:
        timer = threading.Timer(0.4, c.cancel)
        timer.start()
        start = time.time()
        try:
            c.execute("SELECT count(*) FROM generate_series(1, 3000000000)")
            assert False
        except psycopg.errors.QueryCanceled:
            assert time.time() - start < 10
        timer.join()
        expect(c.execute("SELECT 1").fetchone(), (1,))
        with connect() as d:
            d.execute("SELECT 1")
            timer = threading.Timer(0.4, d.cancel)
            timer.start()
            try:
                with d.cursor() as cur, cur.copy("COPY (SELECT g FROM generate_series(1, 3000000000) g) TO STDOUT") as copy:
                    for _ in copy:
                        pass
                assert False
            except psycopg.errors.QueryCanceled:
                expect(d.info.transaction_status.name, "INERROR")
            d.rollback()
            timer.join()


def rows_and_descriptions():
    with connect(row_factory=dict_row) as c:
        expect(c.execute("SELECT 1 AS a, 'x' AS b").fetchone(), {"a": 1, "b": "x"})
        cur = c.cursor(row_factory=namedtuple_row)
        expect(cur.execute("SELECT 5 AS five").fetchone().five, 5)
        cur.execute("SELECT 1::numeric(10,2) AS n, 'x'::varchar(7) AS v, 2::int AS i, now() AS t, '{1}'::int[] AS l")
        expect([(d.name, d.type_code, d.internal_size, d.precision, d.scale, d.display_size) for d in cur.description],
               [("n", 1700, None, 10, 2, None), ("v", 1043, None, None, None, 7), ("i", 23, 4, None, None, None),
                ("t", 1184, 8, None, None, None), ("l", 1007, None, None, None, None)])
        expect(cur.statusmessage, "SELECT 1")
        expect((c.info.server_version // 10000, c.info.encoding, c.info.parameter_status("integer_datetimes")), (15, "utf-8", "on"))
        for text, wanted in (("CREATE TABLE tag (a int PRIMARY KEY)", ("CREATE TABLE", -1)), ("INSERT INTO tag VALUES (1), (2)", ("INSERT 0 2", 2)),
                             ("UPDATE tag SET a = a + 10", ("UPDATE 2", 2)), ("DELETE FROM tag WHERE a = 11", ("DELETE 1", 1)),
                             ("SELECT * FROM tag", ("SELECT 1", 1)), ("DROP TABLE tag", ("DROP TABLE", -1))):
            cur.execute(text)
            expect((cur.statusmessage, cur.rowcount), wanted)
        c.rollback()


def many_at_once():
    with connect(autocommit=True) as c:
        c.execute("DROP TABLE IF EXISTS counted")
        c.execute("CREATE TABLE counted (a int PRIMARY KEY, n int)")
        c.execute("INSERT INTO counted VALUES (1, 0)")
    failed = []

    def work():
        try:
            with connect() as c:
                for _ in range(25):
                    with c.transaction():
                        c.execute("UPDATE counted SET n = n + 1 WHERE a = %s", (1,))
        except Exception as error:  # Told below.
            failed.append(error)
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(failed, [])
    with connect() as c:
        expect(c.execute("SELECT n FROM counted").fetchone(), (200,))


TESTS = (types_both_ways, unknown_and_lists, prepared_after_five_runs, transactions_within_transactions, pipelines, server_side_cursors,
         copy_both_ways, notices_and_errors, cancels, rows_and_descriptions, many_at_once)
if POSTGRES:
    URL = sys.argv[2]
    run(*TESTS)
else:
    with Server() as server:
        URL = f"host=127.0.0.1 port={server.port} user=ada password={PASSWORD} dbname=shop"
        run(*TESTS)
        assert server.stop() == 0
        server.check()
