"""psycopg2 and psycopg 3: parameters, transactions, named cursors, COPY, binary results, errors with their SQLSTATE."""
import datetime
import decimal
import os
import sys
import uuid

from serving import SKIPPED, Server, expect, run, PASSWORD

try:
    import psycopg2
    import psycopg2.extras
except ImportError:
    psycopg2 = None
try:
    import psycopg
except ImportError:
    psycopg = None

# Debian's packages are the system's Python's.
if not (psycopg2 and psycopg) and sys.executable != "/usr/bin/python3" and os.access("/usr/bin/python3", os.X_OK):
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])

server = Server()
URL = f"host=127.0.0.1 port={server.port} user=ada password={PASSWORD} dbname=shop"
ROW = (7, "päin 'x'", decimal.Decimal("12.50"), True, 1.5, datetime.date(2024, 2, 29),
       datetime.datetime(2024, 2, 29, 12, 30, 1, 250000), b"\x00\xff", uuid.UUID(int=5), None)
COLUMNS = "a int PRIMARY KEY, b text, c numeric(10,2), d boolean, e double precision, f date, g timestamp, h bytea, i uuid, j text"


def with_psycopg2():
    psycopg2.extras.register_uuid()
    c = psycopg2.connect(URL)
    cur = c.cursor()
    cur.execute(f"CREATE TABLE two ({COLUMNS})")
    cur.execute(f"INSERT INTO two VALUES ({', '.join(['%s'] * 10)})", ROW)
    expect(cur.rowcount, 1)
    c.commit()
    cur.execute("SELECT * FROM two WHERE a = %s", (7,))
    found = cur.fetchone()
    expect(found[:7] + (bytes(found[7]),) + found[8:], ROW)
    cur.execute("SELECT g FROM generate_series(1, 5000) g")
    expect(len(cur.fetchall()), 5000)
    try:
        cur.execute("INSERT INTO two (a) VALUES (7)")
        assert False
    except psycopg2.errors.UniqueViolation as error:
        expect(error.pgcode, "23505")
    c.rollback()
    cur.executemany("INSERT INTO two (a, b) VALUES (%s, %s)", [(i, str(i)) for i in range(100, 110)])
    c.rollback()
    cur.execute("SELECT count(*) FROM two")
    expect(cur.fetchone(), (1,))
    with c.cursor("rows", scrollable=True) as named:
        named.itersize = 7
        named.execute("SELECT g, 'row ' || g FROM generate_series(1, %s) g", (100,))
        expect([row[0] for row in named], list(range(1, 101)))
        named.scroll(2, mode="absolute")
        expect(named.fetchone(), (3, "row 3"))
    c.commit()
    with c.cursor("held", withhold=True) as named:
        named.execute("SELECT g FROM generate_series(1, 5) g")
        c.commit()
        expect(named.fetchmany(2), [(1,), (2,)])
    c.close()


def with_psycopg():
    with psycopg.connect(URL) as c:
        c.execute(f"CREATE TABLE three ({COLUMNS})")
        c.execute(f"INSERT INTO three VALUES ({', '.join(['%s'] * 10)})", ROW)
        c.commit()
        for binary in (False, True):
            with c.cursor(binary=binary) as cur:
                cur.execute("SELECT * FROM three WHERE a = %s", (7,), prepare=True)
                expect(cur.fetchone(), ROW)
        with c.cursor() as cur:
            with cur.copy("COPY three (a, b) FROM STDIN") as copy:
                for i in range(1000, 1100):
                    copy.write_row((i, f"row {i}"))
            expect(cur.rowcount, 100)
            with cur.copy("COPY (SELECT a, b FROM three WHERE a >= 1000 ORDER BY a) TO STDOUT") as copy:
                expect(list(copy.rows())[0], ("1000", "row 1000"))
        c.rollback()
        for binary in (False, True):
            with c.cursor("rows", scrollable=True, binary=binary) as named:
                named.execute("SELECT g, 'row ' || g FROM generate_series(1, %s) g", (100,))
                expect([column.name for column in named.description], ["g", "?column?"])
                expect(named.fetchmany(3)[-1], (3, "row 3"))
                named.scroll(-2)
                expect(named.fetchone(), (2, "row 2"))
                expect(len(named.fetchall()), 98)
        c.rollback()
        try:
            c.execute("SELECT * FROM nowhere")
            assert False
        except psycopg.errors.UndefinedTable as error:
            expect(error.sqlstate, "42P01")
        c.rollback()
        with c.transaction():
            c.execute("INSERT INTO three (a) VALUES (2)")
            try:
                with c.transaction():
                    c.execute("INSERT INTO three (a) VALUES (2)")
            except psycopg.errors.UniqueViolation:
                pass
        expect(c.execute("SELECT count(*) FROM three").fetchone(), (2,))
        if psycopg.Pipeline.is_supported():
            with c.pipeline():
                for i in range(50):
                    c.execute("INSERT INTO three (a) VALUES (%s)", (i + 100,))
            expect(c.execute("SELECT count(*) FROM three").fetchone(), (52,))


with server:
    tests = ([with_psycopg2] if psycopg2 else []) + ([with_psycopg] if psycopg else [])
    run(*tests)
    assert server.stop() == 0
    server.check()
if not tests:
    print("skipped: neither psycopg2 nor psycopg is installed")
    raise SystemExit(SKIPPED)
