"""Patches in PostgreSQL 15: `rowan diff --sql` from one revision to another, run there as it is printed, gives what Rowan has.

    replay.py PATH-OF-ROWAN [SEED]

For each pair of revisions a database is made by the patches "nothing to A" and "A to B", another by "nothing to B".
pg_dump must tell no difference of their definitions, and their rows must be those that Rowan shows at B. The revisions
are the examples below and random histories. A server of its own is started in a temporary folder; without one
installed the test says so and is skipped.
"""

import glob
import os
import pwd
import random
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
rowan = os.path.realpath(sys.argv[1])
seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1


def find_server():
    """The folder with PostgreSQL 15's programs."""
    folders = glob.glob('/usr/lib/postgresql/15/bin') + glob.glob('/usr/pgsql-15/bin')
    on_path = shutil.which('initdb')
    if on_path:
        folders.append(os.path.dirname(on_path))
    for folder in folders:
        if not os.path.exists(folder + '/postgres'):
            continue
        version = subprocess.run([folder + '/postgres', '--version'], capture_output=True, text=True).stdout
        if ' 15' in version:
            return folder
    return None


class Server:
    """A PostgreSQL server in a folder of its own, reached by a socket there."""

    def __init__(self, programs, folder):
        self.programs = programs
        self.folder = folder
        self.user = None
        if os.getuid() == 0:  # PostgreSQL does not run as root.
            names = [entry.pw_name for entry in pwd.getpwall()]
            self.user = 'postgres' if 'postgres' in names else 'nobody'
            os.chown(folder, pwd.getpwnam(self.user).pw_uid, -1)
        self.run('initdb', '-D', folder + '/data', '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '-N')
        options = "-c listen_addresses='' -c fsync=off -c unix_socket_directories=" + folder
        self.run('pg_ctl', '-D', folder + '/data', '-w', '-l', folder + '/log', '-o', options, 'start')

    def run(self, program, *arguments, **more):
        def become():
            if self.user:
                entry = pwd.getpwnam(self.user)
                os.setgid(entry.pw_gid)
                os.setuid(entry.pw_uid)
        done = subprocess.run([self.programs + '/' + program, *arguments], capture_output=True, text=True,
                              preexec_fn=become, cwd=self.folder, env={'LC_ALL': 'C.UTF-8', 'TZ': 'UTC'},
                              stdin=None if 'input' in more else subprocess.DEVNULL, **more)
        if done.returncode != 0:
            raise RuntimeError(f'{program}: {done.stderr or done.stdout}')
        return done.stdout

    def stop(self):
        self.run('pg_ctl', '-D', self.folder + '/data', '-m', 'immediate', 'stop')

    def make(self, database):
        self.run('psql', '-h', self.folder, '-U', 'postgres', '-qc', f'DROP DATABASE IF EXISTS {database}', '-c',
                 f'CREATE DATABASE {database}', 'postgres')

    def script(self, database, text):
        self.run('psql', '-h', self.folder, '-U', 'postgres', '-qXv', 'ON_ERROR_STOP=1', '-f', '-', database, input=text)

    def rows(self, database, query):
        text = self.run('psql', '-h', self.folder, '-U', 'postgres', '-qXc', f"COPY ({query}) TO STDOUT", database)
        return sorted(text.splitlines())

    def definitions(self, database):
        text = self.run('pg_dump', '-h', self.folder, '-U', 'postgres', '-s', '--no-owner', database)
        return '\n'.join(line for line in text.splitlines() if line and not line.startswith(('--', '\\')))


class Repository:
    def __init__(self, folder):
        self.folder = folder
        self.call('init', folder)

    @staticmethod
    def call(*arguments):
        done = subprocess.run([rowan, *arguments], capture_output=True, text=True)
        if done.returncode not in (0, 1):
            raise RuntimeError(f'rowan {" ".join(arguments)}: {done.stderr}')
        return done.stdout

    def sql(self, *scripts):
        words = [word for script in scripts for word in ('-c', script)]
        return self.call('sql', self.folder, *words)

    def try_all(self, statements):
        """Those that fail are passed over: a script stops there, and its failure names the line."""
        script = self.folder + '.sql'
        while statements:
            with open(script, 'w', encoding='utf-8') as out:
                out.write(''.join(statement + ';\n' for statement in statements))
            done = subprocess.run([rowan, 'sql', self.folder, '-f', script], capture_output=True, text=True)
            if done.returncode == 0:
                return
            failed = re.search(r'\.sql:(\d+): ERROR', done.stderr)
            if not failed or 'XX000' in done.stderr:
                raise RuntimeError(done.stderr)
            statements = statements[int(failed.group(1)):]

    def patch(self, old, new):
        return self.call('diff', self.folder, old, new, '--sql')

    def rows(self, branch, query):
        text = self.call('sql', self.folder, '--branch', branch, '-c', f'COPY ({query}) TO STDOUT')
        return sorted(text.splitlines())

    def relations(self, branch):
        return [line.split('\t') for line in
                self.rows(branch, "SELECT schema, name, kind FROM rowan.relations WHERE kind IN ('table', 'view', 'sequence')")]


EXAMPLES = {
    'generated always': (
        "CREATE TABLE g (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text)",
        "INSERT INTO g (v) VALUES ('a'), ('b'); CREATE TABLE h (n int GENERATED BY DEFAULT AS IDENTITY, w int); INSERT INTO h (w) VALUES (7)"),
    'a serial of a table made anew': (
        "CREATE TABLE s (id serial PRIMARY KEY, v text); INSERT INTO s (v) VALUES ('a'), ('b')",
        "ALTER TABLE s DROP CONSTRAINT s_pkey; ALTER TABLE s ADD PRIMARY KEY (v)"),
    'an identity of a table made anew': (
        "CREATE TABLE i (id int GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT BY 3), v text); INSERT INTO i (v) VALUES ('a'), ('b')",
        "ALTER TABLE i ADD PRIMARY KEY (v)"),
    'views upon views': (
        "CREATE TABLE t (a int PRIMARY KEY, b int); CREATE VIEW v1 AS SELECT a, b FROM t; CREATE VIEW v2 AS SELECT a FROM v1; "
        "CREATE MATERIALIZED VIEW m AS SELECT a FROM v2",
        "DROP VIEW v1 CASCADE; CREATE VIEW v1 AS SELECT a, b, a + b AS c FROM t; CREATE VIEW v2 AS SELECT a FROM v1"),
    'columns that went and came': (
        "CREATE TABLE t (a int PRIMARY KEY, b int DEFAULT 4, c text); INSERT INTO t VALUES (1, 2, 'x')",
        "ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN b int DEFAULT 9; ALTER TABLE t ADD COLUMN d timestamptz DEFAULT '2024-01-01'"),
    'indexes and keys': (
        "CREATE TABLE p (a int PRIMARY KEY, v int); CREATE INDEX gv ON p (v DESC); CREATE TABLE k (r int REFERENCES p, UNIQUE (r)); "
        "INSERT INTO p VALUES (1, 1), (2, 2); INSERT INTO k VALUES (1)",
        "DROP INDEX gv; CREATE UNIQUE INDEX gv ON p (v, a); UPDATE k SET r = 2; DELETE FROM p WHERE a = 1; ALTER TABLE k ADD CHECK (r > 0)"),
    'types': (
        "CREATE TABLE y (k numeric(8,2) PRIMARY KEY, f real, d double precision, j json, b bytea, c char(5), u uuid, t timestamptz)",
        r"""INSERT INTO y VALUES (1.50, 0.1, 1e300, '{"a":  1}', '\x00ff', 'ab', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2024-02-29 12:00+02'),
            (2, 'NaN', '-Infinity', 'null', '', '', NULL, 'infinity'); ALTER TABLE y ALTER COLUMN k TYPE numeric(9,3)"""),
    'rows that count': (
        "CREATE TABLE n (f real, j jsonb, t text); INSERT INTO n VALUES (0.1, '1.0', 'it''s'), (0.1, '1.0', 'it''s'), (0.1, '1.00', NULL)",
        "DELETE FROM n WHERE t IS NULL; INSERT INTO n VALUES (0.1, '1.0', 'it''s'); ALTER TABLE n ADD COLUMN z int DEFAULT 3"),
    'schemas': (
        "CREATE SCHEMA a; CREATE TABLE a.t (id serial PRIMARY KEY); INSERT INTO a.t VALUES (DEFAULT); CREATE VIEW a.v AS SELECT id FROM a.t",
        "DROP VIEW a.v; CREATE SCHEMA b; ALTER TABLE a.t SET SCHEMA b; DROP SCHEMA a; CREATE SEQUENCE b.q START WITH 50 CYCLE MAXVALUE 60"),
    'names that change hands': (
        "CREATE TABLE x (a int PRIMARY KEY, b int); CREATE TABLE y (c int PRIMARY KEY, d text); INSERT INTO x VALUES (1, 2); INSERT INTO y VALUES (3, 'd')",
        "ALTER TABLE x RENAME TO z; ALTER TABLE y RENAME TO x; ALTER TABLE z RENAME TO y; ALTER TABLE y RENAME COLUMN a TO e; "
        "ALTER TABLE y RENAME COLUMN b TO a; ALTER TABLE y RENAME COLUMN e TO b"),
    'keys that change hands': (
        "CREATE TABLE x (id int PRIMARY KEY, a int); CREATE TABLE y (id int PRIMARY KEY, b int); INSERT INTO x VALUES (1, 2); INSERT INTO y VALUES (3, 4)",
        "ALTER TABLE x RENAME CONSTRAINT x_pkey TO y_key; ALTER TABLE y RENAME CONSTRAINT y_pkey TO x_pkey; "
        "CREATE TABLE a (id int CONSTRAINT y_pkey PRIMARY KEY); INSERT INTO a VALUES (1)"),
    'a table that comes to its namesake': (
        "CREATE SCHEMA o; CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE o.t (id int CONSTRAINT o_key PRIMARY KEY, a text); INSERT INTO o.t VALUES (1, 'a')",
        "ALTER TABLE o.t RENAME TO u; ALTER TABLE o.u SET SCHEMA public; INSERT INTO u VALUES (2, 'b')"),
    'a sequence that changes its owner': (
        "CREATE TABLE t (id serial PRIMARY KEY, w text UNIQUE); CREATE TABLE u (id int PRIMARY KEY); INSERT INTO t (w) VALUES ('a')",
        "ALTER SEQUENCE t_id_seq OWNED BY u.id; DROP TABLE t"),
    'an identity beside what has its name': (
        "CREATE SEQUENCE a_k_seq; SELECT nextval('a_k_seq'); CREATE TABLE x (k int); CREATE INDEX b_k_seq ON x (k); CREATE TABLE e (k int)",
        "CREATE TABLE a (k int GENERATED ALWAYS AS IDENTITY); CREATE TABLE b (k int GENERATED ALWAYS AS IDENTITY); CREATE TABLE c_k_seq (k int); "
        "CREATE TABLE c (k int GENERATED ALWAYS AS IDENTITY); ALTER TABLE e RENAME TO d_k_seq; CREATE TABLE d (k int GENERATED ALWAYS AS IDENTITY)"),
    'an identity of a table that takes a name': (
        "CREATE TABLE a (k int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v int); INSERT INTO a (v) VALUES (1), (2)",
        "ALTER TABLE a RENAME TO b; CREATE TABLE a (k int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, z text); INSERT INTO a (z) VALUES ('z')"),
    'a default that draws elsewhere': (
        "CREATE SEQUENCE q; CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT nextval('q')); INSERT INTO t VALUES (1)",
        "CREATE SEQUENCE r INCREMENT BY -1; ALTER TABLE t ALTER COLUMN n SET DEFAULT nextval('r'); DROP SEQUENCE q"),
    "a default that draws from another table's identity": (
        "SELECT 1",
        "CREATE TABLE b (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY); CREATE TABLE a (x int DEFAULT nextval('b_id_seq')); INSERT INTO a DEFAULT VALUES"),
    'tables that draw from each other': (
        "SELECT 1",
        "CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x int); CREATE TABLE b (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        "x int DEFAULT nextval('a_id_seq')); ALTER TABLE a ALTER COLUMN x SET DEFAULT nextval('b_id_seq'); INSERT INTO a (x) VALUES (4)"),
    "a default that draws from its own table's identity": (
        "CREATE TABLE x (k int)",
        "CREATE TABLE b (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, c int); ALTER TABLE b ALTER COLUMN c SET DEFAULT nextval('b_id_seq')"),
    'a serial that becomes an identity, and is drawn from': (
        "CREATE TABLE t (id serial PRIMARY KEY, a int); INSERT INTO t (a) VALUES (1)",
        "ALTER TABLE t ALTER COLUMN id DROP DEFAULT; DROP SEQUENCE t_id_seq; ALTER TABLE t ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY; "
        "ALTER TABLE t ADD COLUMN c int; ALTER TABLE t ALTER COLUMN c SET DEFAULT nextval('t_id_seq')"),
    "a default that draws from an identity's sequence of another name": (
        "CREATE TABLE t9 (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY); CREATE TABLE t4 (x bigserial)",
        "ALTER SEQUENCE t9_id_seq RENAME TO q; ALTER TABLE t4 ALTER COLUMN x SET DEFAULT nextval('q')"),
}


def random_statement(dice):
    t = dice.choice('abc')
    c = f'c{dice.randrange(4)}'
    alter = f'ALTER TABLE {t} '
    kind = dice.choice(['ALWAYS', 'BY DEFAULT'])
    return dice.choice([
        f'CREATE TABLE {t} (id int PRIMARY KEY, c0 text, c1 int)',
        f'CREATE TABLE {t} (id int GENERATED {kind} AS IDENTITY PRIMARY KEY, c0 text)',
        f'CREATE TABLE {t} (id serial PRIMARY KEY, c0 numeric(6,2), c2 real)',
        f'CREATE TABLE {t} (id int, c0 text, c1 int)',
        f'DROP TABLE {t} CASCADE',
        f'INSERT INTO {t} (c0) VALUES (\'{dice.randrange(9)}\')',
        f'INSERT INTO {t} (id, c0) VALUES ({dice.randrange(30)}, \'{dice.randrange(9)}\')',
        f'INSERT INTO {t} (id, c0) VALUES ({dice.randrange(30)}, NULL), ({dice.randrange(30, 60)}, \'5\')',
        f'UPDATE {t} SET {c} = \'{dice.randrange(5)}\' WHERE id % 2 = {dice.randrange(2)}',
        f'DELETE FROM {t} WHERE id % 3 = {dice.randrange(3)}',
        f'{alter}ADD COLUMN {c} int DEFAULT {dice.randrange(5)}',
        f'{alter}ADD COLUMN {c} varchar(7)',
        f'{alter}ADD COLUMN {c} int GENERATED {kind} AS IDENTITY',
        f'{alter}ADD COLUMN {c} serial',
        f'{alter}DROP COLUMN {c} CASCADE',
        f'{alter}DROP COLUMN {c}, ADD COLUMN {c} bigint',
        f'{alter}RENAME COLUMN {c} TO c{dice.randrange(4)}',
        f'{alter}RENAME TO {dice.choice("abc")}',
        f'{alter}ALTER COLUMN {c} TYPE {dice.choice(["text", "bigint", "numeric(9,3)"])} USING NULL',
        f'{alter}ALTER COLUMN {c} SET DEFAULT \'{dice.randrange(9)}\'',
        f'{alter}ALTER COLUMN {c} SET NOT NULL',
        f'{alter}DROP CONSTRAINT {t}_pkey CASCADE',
        f'{alter}ADD PRIMARY KEY ({dice.choice(["id", c])})',
        f'{alter}ADD UNIQUE ({c})',
        f'{alter}RENAME CONSTRAINT {dice.choice("abc")}_pkey TO {dice.choice("abc")}_pkey',
        f'{alter}ADD CHECK ({c} IS NOT NULL OR id > 5)',
        f'{alter}ADD FOREIGN KEY (id) REFERENCES {dice.choice("abc")} ON DELETE CASCADE',
        f'CREATE {dice.choice(["", "UNIQUE "])}INDEX i{dice.randrange(3)} ON {t} ({c} DESC)',
        f'DROP INDEX i{dice.randrange(3)}',
        f'CREATE VIEW v{dice.randrange(3)} AS SELECT * FROM {t}',
        f'CREATE VIEW v{dice.randrange(3)} AS SELECT id FROM v{dice.randrange(3)} WHERE id > 1',
        f'DROP VIEW v{dice.randrange(3)} CASCADE',
        f'CREATE MATERIALIZED VIEW m AS SELECT id FROM {dice.choice([t, "v0", "v1"])}',
        'DROP MATERIALIZED VIEW m',
        f'CREATE SEQUENCE q{dice.randrange(2)} INCREMENT BY {dice.choice([1, 2, -1])}',
        f'DROP SEQUENCE q{dice.randrange(2)}',
        f'{alter}ALTER COLUMN c1 SET DEFAULT nextval(\'q{dice.randrange(2)}\')',
        f'{alter}ALTER COLUMN {c} SET DEFAULT nextval(\'{dice.choice("abc")}_id_seq\')',
        f'ALTER SEQUENCE q{dice.randrange(2)} OWNED BY {t}.id',
        f'ALTER SEQUENCE {t}_id_seq RESTART WITH {dice.randrange(100, 200)}',
        f'ALTER SEQUENCE {t}_id_seq RENAME TO {dice.choice("abc")}_id_seq',
        # What has the name that an identity's sequence would get.
        f'CREATE SEQUENCE {t}_id_seq',
        f'CREATE TABLE {t}_id_seq (id int)',
        f'CREATE INDEX {t}_id_seq ON {dice.choice("abc")} (id)',
        f'CREATE VIEW {t}_id_seq AS SELECT 1 AS one',
        f'DROP {dice.choice(["SEQUENCE", "TABLE", "INDEX", "VIEW"])} {t}_id_seq',
    ])


class Comparison:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.count = 0
        self.failures = 0

    def pair(self, what, repository, empty, old, new):
        self.count += 1
        first, step, whole = repository.patch(empty, old), repository.patch(old, new), repository.patch(empty, new)
        try:
            self.server.make('stepped')
            self.server.make('direct')
            self.server.script('stepped', first)
            self.server.script('stepped', step)
            self.server.script('direct', whole)
            self.compare(repository, new)
        except (RuntimeError, AssertionError) as failure:
            self.failures += 1
            print(f'FAILED: {what}: {old} to {new}\n{failure}\n---- the patch\n{step}\n---- to the old one\n{first}')

    def compare(self, repository, new):
        stepped, direct = self.server.definitions('stepped'), self.server.definitions('direct')
        assert stepped == direct, f'definitions differ\n{stepped}\n---- but\n{direct}'
        for schema, name, kind in repository.relations(new):
            relation = f'"{schema}"."{name}"'
            if kind == 'sequence':
                step = f"SELECT last_value + CASE WHEN is_called THEN seqincrement ELSE 0 END FROM {relation}, pg_sequence " \
                       f"WHERE seqrelid = '{relation}'::regclass"
                a, b = self.server.rows('stepped', step), self.server.rows('direct', step)
                assert a == b, f'{relation} goes on with {a} and {b}'
                continue
            wanted = repository.rows(new, f'SELECT * FROM {relation}')
            for database in ('stepped', 'direct'):
                found = self.server.rows(database, f'SELECT * FROM {relation}')
                assert found == wanted, f'rows of {relation} in {database}: {found}\n---- but {wanted}'

    def examples(self):
        for number, (what, (before, after)) in enumerate(EXAMPLES.items()):
            repository = Repository(f'{self.folder}/example{number}.git')
            repository.sql('CREATE BRANCH empty', before, 'CREATE BRANCH before', after)
            self.pair(what, repository, 'empty', 'before', 'main')
            self.pair(what, repository, 'empty', 'main', 'before')

    def random_history(self, number):
        dice = random.Random(number)
        repository = Repository(f'{self.folder}/random{number}.git')
        repository.sql('CREATE BRANCH empty')
        branches = []
        for step in range(3):
            repository.try_all([random_statement(dice) for _ in range(25)])
            branches.append(f'at{step}')
            repository.sql(f'CREATE BRANCH at{step}')
        for old in branches:
            for new in branches:
                if old != new:
                    self.pair(f'random {number}', repository, 'empty', old, new)


def main():
    programs = find_server()
    if programs is None:
        print('skipped: the programs of PostgreSQL 15 are not installed')
        return SKIPPED
    folder = tempfile.mkdtemp(prefix='rowan_postgres_')
    os.chmod(folder, 0o755)
    os.environ.update(HOME=folder, GIT_AUTHOR_NAME='Tester', GIT_AUTHOR_EMAIL='tester@example.org')
    server_folder = folder + '/server'
    os.mkdir(server_folder)
    try:
        server = Server(programs, server_folder)
        try:
            comparison = Comparison(server, folder)
            comparison.examples()
            for number in range(seed, seed + 5):
                comparison.random_history(number)
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
    print(f'{comparison.count} pairs, {comparison.failures} failed (seed {seed})')
    return 1 if comparison.failures or not comparison.count else 0


sys.exit(main())
