"""psql: scripts, single commands, and the prompt at a terminal."""
import os
import pty
import select
import subprocess
import time

from serving import Server, expect, need, run

PSQL = need("psql")
server = Server()


def psql(*words, stdin=None, database="shop", locale="C.UTF-8"):
    return subprocess.run([PSQL, "-X", *words], input=stdin, capture_output=True, text=True, env=dict(server.env(database), LC_ALL=locale), timeout=60)


def a_script():
    path = os.path.join(server.temp, "script.sql")
    with open(path, "w", encoding="utf-8") as file:
        file.write("""\\set ON_ERROR_STOP 1
CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2));
COPY item FROM stdin;
1\tpen\t1.50
2\tink\t\\N
\\.
\\copy item to '/dev/stdout' csv header
BEGIN;
UPDATE item SET price = 2 WHERE id = 2;
SAVEPOINT s;
DELETE FROM item;
ROLLBACK TO s;
COMMIT;
SELECT name, price FROM item ORDER BY id;
SELECT count(*) AS n FROM item \\gset
\\echo :n
""")
    done = psql("-q", "-At", "-f", path)
    expect(done.stderr, "")
    expect(done.stdout, "id,name,price\n1,pen,1.50\n2,ink,\npen|1.50\nink|2.00\n2\n")


def commands_and_failures():
    expect(psql("-Atc", "SELECT 1", "-c", "SELECT 2").stdout, "1\n2\n")
    done = psql("-c", "SELECT nix FROM item")
    expect((done.returncode, done.stderr), (1, 'ERROR:  column "nix" does not exist\nLINE 1: SELECT nix FROM item\n               ^\n'))
    expect(psql("-c", "selct").stderr, 'ERROR:  syntax error at or near "selct"\nLINE 1: selct\n        ^\n')
    done = psql("-v", "ON_ERROR_STOP=1", stdin="SELECT 1 / 0;\nSELECT 2;\n")
    expect(done.returncode, 3)
    assert "division by zero" in done.stderr and "2" not in done.stdout
    expect(psql("-1", "-Atc", "INSERT INTO item VALUES (9, 'x', 1)", "-c", "SELECT 1 / 0").returncode, 1)
    expect(psql("-Atc", "SELECT count(*) FROM item").stdout, "2\n")
    assert 'database "nix" does not exist' in psql("-c", "SELECT 1", database="nix").stderr


def rows_by_the_hundred():
    rows = psql("-v", "FETCH_COUNT=100", "-Atc", "SELECT g FROM generate_series(1, 1001) g").stdout.split()
    expect((len(rows), rows[-1]), (1001, "1001"))
    done = psql("-v", "FETCH_COUNT=10", "-Atc", "SELECT 1 / (20 - g) FROM generate_series(1, 50) g")
    expect(done.returncode, 1)
    assert "division by zero" in done.stderr


def what_psql_says_by_itself():
    """Statements that psql makes: of results, around each statement, and to look at their columns."""
    def said(*lines, **more):
        done = psql("-qAt", stdin="\n".join(lines) + "\n", **more)
        return done.stdout + done.stderr
    expect(said("SELECT 'SELECT ' || g FROM generate_series(1, 3) g \\gexec"), "1\n2\n3\n")
    expect(said("SELECT 1::numeric(10,2) AS n, 'x'::varchar(7) AS v, now() AS t \\gdesc"),
           "n|numeric(10,2)\nv|character varying(7)\nt|timestamp with time zone\n")
    expect(said("SELECT a, b, a * b FROM generate_series(1, 2) a, generate_series(1, 2) b ORDER BY 1, 2 \\crosstabview"), "1|1|2\n2|2|4\n")
    expect(said("SELECT 1 AS one, NULL AS two \\gx"), "one|1\ntwo|\n")
    expect(said("SELECT 5 AS five, true AS yes \\gset my_", "\\if :my_yes", "SELECT :'my_five' || :my_five;", "\\else", "SELECT 'no';", "\\endif"), "55\n")
    expect(said("\\set ON_ERROR_ROLLBACK on", "BEGIN;", "CREATE TABLE roll (a int PRIMARY KEY);", "INSERT INTO roll VALUES (1);",
                "INSERT INTO roll VALUES (1);", "INSERT INTO roll VALUES (2);", "COMMIT;", "SELECT count(*) FROM roll;").splitlines()[0], "2")
    expect(said("\\set AUTOCOMMIT off", "INSERT INTO roll VALUES (3);", "ROLLBACK;", "SELECT count(*) FROM roll;", "COMMIT;"), "2\n")
    expect(said("SELECT 1\\; SELECT 2\\; SELECT 3;"), "1\n2\n3\n")
    expect(said("\\set VERBOSITY sqlstate", "SELECT 1 / 0;", "\\echo :SQLSTATE :LAST_ERROR_MESSAGE :ROW_COUNT"), "22012 division by zero 0\nERROR:  22012\n")
    expect(said("\\copy (SELECT g FROM generate_series(1, 3) g) TO PROGRAM 'cat'", "\\copy roll FROM PROGRAM 'seq 10 12'", "SELECT count(*) FROM roll;"), "1\n2\n3\n5\n")
    expect(said("\\c shop", "SELECT 1;", "\\c - - - -", "SELECT current_database();"), "1\nshop\n")
    expect(said("\\encoding", "SHOW client_encoding;", locale="C"), "UTF8\nUTF8\n")
    expect(said("\\encoding SQL_ASCII", "\\encoding", "SELECT '\u00e4';"), "SQL_ASCII\n\u00e4\n")


def the_printed_line_works():
    line = server.said[1].split()
    expect(line[0], "psql")
    done = subprocess.run([PSQL, "-X", *line[1:], "-Atc", "SELECT 7"], capture_output=True, text=True, env=server.env(), timeout=60)
    expect(done.stdout, "7\n")


def at_a_terminal(locale="C.UTF-8"):
    pid, master = pty.fork()
    if pid == 0:
        os.execve(PSQL, [PSQL, "-X", "-P", "pager=off"], dict(server.env(), TERM="dumb", LC_ALL=locale))
    seen = b""

    def until(text):
        nonlocal seen
        end = time.time() + 15
        while text not in seen:
            assert time.time() < end, f"{text} did not come: {seen}"
            if select.select([master], [], [], 0.2)[0]:
                try:
                    seen += os.read(master, 65536)
                except OSError:
                    break
        assert text in seen, (text, seen)
        seen = seen[seen.index(text) + len(text):]

    until(b"shop=")
    os.write(master, b"SELECT 40 + 2 AS answer;\n")
    until(b"42")
    until(b"(1 row)")
    os.write(master, b"BEGIN;\n")
    until(b"shop=*")
    os.write(master, b"selct;\n")
    until(b"syntax error")
    until(b"shop=!")
    os.write(master, b"ROLLBACK;\n")
    until(b"ROLLBACK")
    until(b"shop=")
    os.write(master, b"SELECT count(*) FROM generate_series(1, 20000000000);\n")
    time.sleep(0.7)
    os.write(master, b"\x03")
    until(b"canceling statement due to user request")
    # A statement over several lines, completion by the server's catalogue, and what was said before.
    os.write(master, b"SELECT 'a\nb'\n, 'c' AS last;\n")
    until(b"shop'")
    until(b"shop-")
    until(b"(1 row)")
    os.write(master, b"SELECT name FROM ite\t WHERE id = 1;\n")
    until(b"pen")
    os.write(master, b"\\d item\n")
    until(b'"item_pkey" PRIMARY KEY, btree (id)')
    os.write(master, b"\x10\x10\n")  # Twice back.
    until(b"pen")
    os.write(master, b"\\q\n")
    os.waitpid(pid, 0)
    os.close(master)


def at_a_terminal_in_the_c_locale():
    at_a_terminal("C")  # psql asks for the encoding SQL_ASCII then.


with server:
    run(a_script, commands_and_failures, what_psql_says_by_itself, rows_by_the_hundred, the_printed_line_works, at_a_terminal, at_a_terminal_in_the_c_locale)
    assert server.stop() == 0
    server.check()
