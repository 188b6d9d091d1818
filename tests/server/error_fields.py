"""What an error names beside its SQLSTATE, field by field as PostgreSQL sends it: detail, context, schema, table, column,
constraint. Each answer below is PostgreSQL 15's; where its programs are installed, one is asked again."""
import os
import shutil
import sys
import tempfile

from serving import Server, Wire, copy_in, expect, fields, query, run

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "differential"))

SETUP = """
CREATE SCHEMA "S h";
CREATE TABLE parent (id integer PRIMARY KEY, code text, part integer, UNIQUE (code, part));
CREATE TABLE child (id integer PRIMARY KEY, parent integer REFERENCES parent, code text, part integer,
                    CONSTRAINT pair FOREIGN KEY (code, part) REFERENCES parent (code, part));
CREATE TABLE item (id integer PRIMARY KEY, name text NOT NULL, price numeric(10, 2) CHECK (price > 0), made date,
                   CONSTRAINT sane CHECK (length(name) < 500));
CREATE UNIQUE INDEX item_name ON item (name);
CREATE TABLE "S h"."T ä" (id integer PRIMARY KEY, "C d" text NOT NULL, CONSTRAINT "no x" CHECK ("C d" <> 'x'));
CREATE TABLE loose (a integer, b text, flag boolean);
INSERT INTO parent VALUES (1, 'a', 1), (2, 'b', NULL);
INSERT INTO child VALUES (1, 1, 'a', 1);
INSERT INTO item VALUES (1, 'one', 1.50, '2024-02-29'), (2, 'two', NULL, NULL);
INSERT INTO loose VALUES (1, 'x', true), (1, 'y', NULL), (NULL, 'z', false);
"""

# Which fields of PostgreSQL's answer are compared: all but severity and place in the source.
COMPARED = "CMDHPWstcdn"

# Fields that PostgreSQL leaves out and we do not, or that say what helps here.
MORE = ("P", "H")
OTHERWISE = {
    "TRUNCATE parent": "H",  # There is no TRUNCATE … CASCADE.
    "INSERT INTO item (id, nosuch) VALUES (1, 2)": "P",  # The table's.
}

# A statement (with the data of a COPY behind it), and the fields of its error.
CASES = [
    ('INSERT INTO parent VALUES (1)',
     {'C': '23505', 'M': 'duplicate key value violates unique constraint "parent_pkey"', 'D': 'Key (id)=(1) already exists.', 's': 'public', 't': 'parent', 'n': 'parent_pkey'}),
    ("INSERT INTO parent VALUES (3, 'a', 1)",
     {'C': '23505', 'M': 'duplicate key value violates unique constraint "parent_code_part_key"', 'D': 'Key (code, part)=(a, 1) already exists.', 's': 'public', 't': 'parent', 'n': 'parent_code_part_key'}),
    ("INSERT INTO item VALUES (3, 'one')",
     {'C': '23505', 'M': 'duplicate key value violates unique constraint "item_name"', 'D': 'Key (name)=(one) already exists.', 's': 'public', 't': 'item', 'n': 'item_name'}),
    ('UPDATE item SET id = 2 WHERE id = 1',
     {'C': '23505', 'M': 'duplicate key value violates unique constraint "item_pkey"', 'D': 'Key (id)=(2) already exists.', 's': 'public', 't': 'item', 'n': 'item_pkey'}),
    ("UPDATE item SET name = 'two' WHERE id = 1",
     {'C': '23505', 'M': 'duplicate key value violates unique constraint "item_name"', 'D': 'Key (name)=(two) already exists.', 's': 'public', 't': 'item', 'n': 'item_name'}),
    ("INSERT INTO item (id, name) SELECT 7, 'x' FROM generate_series(1, 2)",
     {'C': '23505', 'M': 'duplicate key value violates unique constraint "item_pkey"', 'D': 'Key (id)=(7) already exists.', 's': 'public', 't': 'item', 'n': 'item_pkey'}),
    ('INSERT INTO "S h"."T ä" VALUES (1, \'a\'), (1, \'b\')',
     {'C': '23505', 'M': 'duplicate key value violates unique constraint "T ä_pkey"', 'D': 'Key (id)=(1) already exists.', 's': 'S h', 't': 'T ä', 'n': 'T ä_pkey'}),
    ('ALTER TABLE loose ADD CONSTRAINT once UNIQUE (a)',
     {'C': '23505', 'M': 'could not create unique index "once"', 'D': 'Key (a)=(1) is duplicated.', 's': 'public', 't': 'loose', 'n': 'once'}),
    ('CREATE UNIQUE INDEX once ON loose (a)',
     {'C': '23505', 'M': 'could not create unique index "once"', 'D': 'Key (a)=(1) is duplicated.', 's': 'public', 't': 'loose', 'n': 'once'}),
    ("INSERT INTO item VALUES (3, NULL, 1, '2024-01-01')",
     {'C': '23502', 'M': 'null value in column "name" of relation "item" violates not-null constraint', 'D': 'Failing row contains (3, null, 1.00, 2024-01-01).', 's': 'public', 't': 'item', 'c': 'name'}),
    ("INSERT INTO item (name) VALUES ('x')",
     {'C': '23502', 'M': 'null value in column "id" of relation "item" violates not-null constraint', 'D': 'Failing row contains (null, x, null, null).', 's': 'public', 't': 'item', 'c': 'id'}),
    ("INSERT INTO item (id, name, made) VALUES (3, NULL, '2024-01-31')",
     {'C': '23502', 'M': 'null value in column "name" of relation "item" violates not-null constraint', 'D': 'Failing row contains (3, null, null, 2024-01-31).', 's': 'public', 't': 'item', 'c': 'name'}),
    ('UPDATE item SET name = NULL WHERE id = 2',
     {'C': '23502', 'M': 'null value in column "name" of relation "item" violates not-null constraint', 'D': 'Failing row contains (2, null, null, null).', 's': 'public', 't': 'item', 'c': 'name'}),
    ('INSERT INTO "S h"."T ä" VALUES (1)',
     {'C': '23502', 'M': 'null value in column "C d" of relation "T ä" violates not-null constraint', 'D': 'Failing row contains (1, null).', 's': 'S h', 't': 'T ä', 'c': 'C d'}),
    ('ALTER TABLE loose ALTER COLUMN a SET NOT NULL',
     {'C': '23502', 'M': 'column "a" of relation "loose" contains null values', 's': 'public', 't': 'loose', 'c': 'a'}),
    ('ALTER TABLE loose ADD COLUMN c integer NOT NULL',
     {'C': '23502', 'M': 'column "c" of relation "loose" contains null values', 's': 'public', 't': 'loose', 'c': 'c'}),
    ("INSERT INTO item VALUES (3, 'x', -1)",
     {'C': '23514', 'M': 'new row for relation "item" violates check constraint "item_price_check"', 'D': 'Failing row contains (3, x, -1.00, null).', 's': 'public', 't': 'item', 'n': 'item_price_check'}),
    ('UPDATE item SET price = 0 WHERE id = 1',
     {'C': '23514', 'M': 'new row for relation "item" violates check constraint "item_price_check"', 'D': 'Failing row contains (1, one, 0.00, 2024-02-29).', 's': 'public', 't': 'item', 'n': 'item_price_check'}),
    ("INSERT INTO item VALUES (3, repeat('ä', 500), 1)",
     {'C': '23514', 'M': 'new row for relation "item" violates check constraint "sane"', 'D': 'Failing row contains (3, ääääääääääääääääääääääääääääääää..., 1.00, null).', 's': 'public', 't': 'item', 'n': 'sane'}),
    ("INSERT INTO item VALUES (3, repeat('a', 63) || 'ä', -1)",
     {'C': '23514', 'M': 'new row for relation "item" violates check constraint "item_price_check"', 'D': 'Failing row contains (3, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..., -1.00, null).', 's': 'public', 't': 'item', 'n': 'item_price_check'}),
    ("INSERT INTO item VALUES (3, repeat('a', 64), -1)",
     {'C': '23514', 'M': 'new row for relation "item" violates check constraint "item_price_check"', 'D': 'Failing row contains (3, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, -1.00, null).', 's': 'public', 't': 'item', 'n': 'item_price_check'}),
    ('INSERT INTO "S h"."T ä" VALUES (1, \'x\')',
     {'C': '23514', 'M': 'new row for relation "T ä" violates check constraint "no x"', 'D': 'Failing row contains (1, x).', 's': 'S h', 't': 'T ä', 'n': 'no x'}),
    ('ALTER TABLE loose ADD CONSTRAINT big CHECK (a > 1)',
     {'C': '23514', 'M': 'check constraint "big" of relation "loose" is violated by some row', 's': 'public', 't': 'loose', 'n': 'big'}),
    ('INSERT INTO child VALUES (2, 9)',
     {'C': '23503', 'M': 'insert or update on table "child" violates foreign key constraint "child_parent_fkey"', 'D': 'Key (parent)=(9) is not present in table "parent".', 's': 'public', 't': 'child', 'n': 'child_parent_fkey'}),
    ("INSERT INTO child VALUES (2, NULL, 'a', 9)",
     {'C': '23503', 'M': 'insert or update on table "child" violates foreign key constraint "pair"', 'D': 'Key (code, part)=(a, 9) is not present in table "parent".', 's': 'public', 't': 'child', 'n': 'pair'}),
    ('UPDATE child SET parent = 9',
     {'C': '23503', 'M': 'insert or update on table "child" violates foreign key constraint "child_parent_fkey"', 'D': 'Key (parent)=(9) is not present in table "parent".', 's': 'public', 't': 'child', 'n': 'child_parent_fkey'}),
    ('DELETE FROM parent WHERE id = 1',
     {'C': '23503', 'M': 'update or delete on table "parent" violates foreign key constraint "child_parent_fkey" on table "child"', 'D': 'Key (id)=(1) is still referenced from table "child".', 's': 'public', 't': 'child', 'n': 'child_parent_fkey'}),
    ('UPDATE parent SET id = 5 WHERE id = 1',
     {'C': '23503', 'M': 'update or delete on table "parent" violates foreign key constraint "child_parent_fkey" on table "child"', 'D': 'Key (id)=(1) is still referenced from table "child".', 's': 'public', 't': 'child', 'n': 'child_parent_fkey'}),
    ("UPDATE parent SET code = 'z' WHERE id = 1",
     {'C': '23503', 'M': 'update or delete on table "parent" violates foreign key constraint "pair" on table "child"', 'D': 'Key (code, part)=(a, 1) is still referenced from table "child".', 's': 'public', 't': 'child', 'n': 'pair'}),
    ('ALTER TABLE child ADD CONSTRAINT kin FOREIGN KEY (code) REFERENCES item (name)',
     {'C': '23503', 'M': 'insert or update on table "child" violates foreign key constraint "kin"', 'D': 'Key (code)=(a) is not present in table "item".', 's': 'public', 't': 'child', 'n': 'kin'}),
    ('TRUNCATE parent',
     {'C': '0A000', 'M': 'cannot truncate a table referenced in a foreign key constraint', 'D': 'Table "child" references "parent".', 'H': 'Truncate table "child" at the same time, or use TRUNCATE ... CASCADE.'}),
    ('SELECT * FROM nosuch',
     {'C': '42P01', 'M': 'relation "nosuch" does not exist', 'P': '15'}),
    ('SELECT nosuch FROM item',
     {'C': '42703', 'M': 'column "nosuch" does not exist', 'P': '8'}),
    ('INSERT INTO nosuch VALUES (1)',
     {'C': '42P01', 'M': 'relation "nosuch" does not exist', 'P': '13'}),
    ('CREATE TABLE item (a int)',
     {'C': '42P07', 'M': 'relation "item" already exists'}),
    ('SELECT 1 / 0',
     {'C': '22012', 'M': 'division by zero'}),
    ("SELECT 'x'::integer",
     {'C': '22P02', 'M': 'invalid input syntax for type integer: "x"', 'P': '8'}),
    ("INSERT INTO item VALUES (3, 'x', 1e20)",
     {'C': '22003', 'M': 'numeric field overflow', 'D': 'A field with precision 10, scale 2 must round to an absolute value less than 10^8.'}),
    ('SELEC 1',
     {'C': '42601', 'M': 'syntax error at or near "SELEC"', 'P': '1'}),
    ('SELECT nosuch(1)',
     {'C': '42883', 'M': 'function nosuch(integer) does not exist', 'H': 'No function matches the given name and argument types. You might need to add explicit type casts.', 'P': '8'}),
    ('INSERT INTO item (id, nosuch) VALUES (1, 2)',
     {'C': '42703', 'M': 'column "nosuch" of relation "item" does not exist', 'P': '23'}),
    ('UPDATE item SET nosuch = 1',
     {'C': '42703', 'M': 'column "nosuch" of relation "item" does not exist', 'P': '17'}),
    ("INSERT INTO item VALUES (1, 'a', 1, NULL, 5)",
     {'C': '42601', 'M': 'INSERT has more expressions than target columns', 'P': '43'}),
    ("SELECT '2024-02-30'::date",
     {'C': '22008', 'M': 'date/time field value out of range: "2024-02-30"', 'P': '8'}),
    ('DROP TABLE nosuch',
     {'C': '42P01', 'M': 'table "nosuch" does not exist'}),
    ('DROP TABLE parent',
     {'C': '2BP01', 'M': 'cannot drop table parent because other objects depend on it', 'D': 'constraint child_parent_fkey on table child depends on table parent\nconstraint pair on table child depends on table parent', 'H': 'Use DROP ... CASCADE to drop the dependent objects too.'}),
    ('SELECT id FROM parent, child',
     {'C': '42702', 'M': 'column reference "id" is ambiguous', 'P': '8'}),
    ("SELECT 1 + 'x'::text",
     {'C': '42883', 'M': 'operator does not exist: integer + text', 'H': 'No operator matches the given name and argument types. You might need to add explicit type casts.', 'P': '10'}),
    ('ALTER TABLE item DROP CONSTRAINT nosuch',
     {'C': '42704', 'M': 'constraint "nosuch" of relation "item" does not exist'}),
    ('ALTER TABLE item ADD COLUMN name text',
     {'C': '42701', 'M': 'column "name" of relation "item" already exists'}),
    ('SELECT 9999999999::integer',
     {'C': '22003', 'M': 'integer out of range'}),
    ('ROLLBACK TO SAVEPOINT nosuch',
     {'C': '3B001', 'M': 'savepoint "nosuch" does not exist'}),
    ('FETCH nosuch',
     {'C': '34000', 'M': 'cursor "nosuch" does not exist'}),
    ('EXECUTE nosuch',
     {'C': '26000', 'M': 'prepared statement "nosuch" does not exist'}),
    ('SET nosuch = 1',
     {'C': '42704', 'M': 'unrecognized configuration parameter "nosuch"'}),
    ("SET work_mem = 'x'",
     {'C': '22023', 'M': 'invalid value for parameter "work_mem": "x"'}),
    ('SELECT count(*), id FROM item',
     {'C': '42803', 'M': 'column "item.id" must appear in the GROUP BY clause or be used in an aggregate function', 'P': '18'}),
    ('SELECT (SELECT id FROM item)',
     {'C': '21000', 'M': 'more than one row returned by a subquery used as an expression'}),
    ('SELECT * FROM item LIMIT -1',
     {'C': '2201W', 'M': 'LIMIT must not be negative'}),
    ('CREATE INDEX ON item (nosuch)',
     {'C': '42703', 'M': 'column "nosuch" does not exist'}),
    ('SELECT id FROM item WHERE id',
     {'C': '42804', 'M': 'argument of WHERE must be type boolean, not type integer', 'P': '27'}),
    ('INSERT INTO item (id) VALUES (1, 2)',
     {'C': '42601', 'M': 'INSERT has more expressions than target columns', 'P': '34'}),
    (('COPY item FROM STDIN', '1\ttwo\t1\t\\N\n'),
     {'C': '23505', 'M': 'duplicate key value violates unique constraint "item_pkey"', 'D': 'Key (id)=(1) already exists.', 'W': 'COPY item, line 1', 's': 'public', 't': 'item', 'n': 'item_pkey'}),
    (('COPY item FROM STDIN', '3\tx\t1\t\\N\n4\tx\t1\t\\N\n'),
     {'C': '23505', 'M': 'duplicate key value violates unique constraint "item_name"', 'D': 'Key (name)=(x) already exists.', 'W': 'COPY item, line 2', 's': 'public', 't': 'item', 'n': 'item_name'}),
    (('COPY item FROM STDIN', '3\tx\t1\t\\N\n4\ty\t-1\t\\N\n'),
     {'C': '23514', 'M': 'new row for relation "item" violates check constraint "item_price_check"', 'D': 'Failing row contains (4, y, -1.00, null).', 'W': 'COPY item, line 2: "4\ty\t-1\t\\N"', 's': 'public', 't': 'item', 'n': 'item_price_check'}),
    (('COPY item FROM STDIN', '3\t\\N\t1\t2024-1-5\n'),
     {'C': '23502', 'M': 'null value in column "name" of relation "item" violates not-null constraint', 'D': 'Failing row contains (3, null, 1.00, 2024-01-05).', 'W': 'COPY item, line 1: "3\t\\N\t1\t2024-1-5"', 's': 'public', 't': 'item', 'c': 'name'}),
    (('COPY item FROM STDIN', '3\tx\t1\t\\N\nz\ty\t1\t\\N\n'),
     {'C': '22P02', 'M': 'invalid input syntax for type integer: "z"', 'W': 'COPY item, line 2, column id: "z"'}),
    (('COPY item FROM STDIN', '3\tx\n'),
     {'C': '22P04', 'M': 'missing data for column "price"', 'W': 'COPY item, line 1: "3\tx"'}),
    (('COPY item FROM STDIN', '3\tx\t1\t\\N\t\\N\n'),
     {'C': '22P04', 'M': 'extra data after last expected column', 'W': 'COPY item, line 1: "3\tx\t1\t\\N\t\\N"'}),
    (('COPY item FROM STDIN (FORMAT csv)', '3,x,1,\n4,y,1\n'),
     {'C': '22P04', 'M': 'missing data for column "made"', 'W': 'COPY item, line 2: "4,y,1"'}),
    (('COPY item FROM STDIN (FORMAT csv)', '3,x,999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999,\n'),
     {'C': '22003', 'M': 'numeric field overflow', 'D': 'A field with precision 10, scale 2 must round to an absolute value less than 10^8.', 'W': 'COPY item, line 1, column price: "9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999..."'}),
    (('COPY item FROM STDIN (FORMAT csv)', '3,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n'),
     {'C': '22P04', 'M': 'missing data for column "price"', 'W': 'COPY item, line 1: "3,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."'}),
    (('COPY child FROM STDIN (FORMAT csv)', '3,9,,\n'),
     {'C': '23503', 'M': 'insert or update on table "child" violates foreign key constraint "child_parent_fkey"', 'D': 'Key (parent)=(9) is not present in table "parent".', 's': 'public', 't': 'child', 'n': 'child_parent_fkey'}),
    (('COPY item (id, name) FROM STDIN (FORMAT csv)', '3,\n'),
     {'C': '23502', 'M': 'null value in column "name" of relation "item" violates not-null constraint', 'D': 'Failing row contains (3, null, null, null).', 'W': 'COPY item, line 1: "3,"', 's': 'public', 't': 'item', 'c': 'name'}),
    (('COPY "S h"."T ä" FROM STDIN', '1\tx\n'),
     {'C': '23514', 'M': 'new row for relation "T ä" violates check constraint "no x"', 'D': 'Failing row contains (1, x).', 'W': 'COPY T ä, line 1: "1\tx"', 's': 'S h', 't': 'T ä', 'n': 'no x'}),
    (('COPY nosuch FROM STDIN', ''),
     {'C': '42P01', 'M': 'relation "nosuch" does not exist'}),
]


def error_of(wire, case):
    statement, data = case if isinstance(case, tuple) else (case, None)
    wire.ask("BEGIN")
    wire.send(query(statement))
    if data is not None:
        kind, body = wire.message()
        assert kind in "GE", (statement, kind)
        if kind == "G":
            wire.send(copy_in(data))
            told = None
        else:
            told = fields(body)
    else:
        told = None
    while True:
        kind, body = wire.message()
        if kind == "E" and told is None:
            told = fields(body)
        if kind == "Z":
            break
    wire.ask("ROLLBACK")
    return {name: value for name, value in (told or {}).items() if name in COMPARED}


def ask_all(wire, is_ours):
    told = wire.ask(SETUP)
    assert not any(line.startswith("E") for line in told), told
    wrong = []
    for case, wanted in CASES:
        found = error_of(wire, case)
        if is_ours:
            skipped = {name for name in MORE if name not in wanted} | set(OTHERWISE.get(case, ""))
            found = {name: value for name, value in found.items() if name not in skipped}
            wanted = {name: value for name, value in wanted.items() if name not in skipped}
        if found != wanted:
            wrong.append(f"\n{case}\nfound  {found}\nwanted {wanted}")
    assert not wrong, "".join(wrong)


def here():
    with Server() as server:
        ask_all(server.connect(), True)


def of_postgres():
    from differential import Postgres, postgres_binaries
    if postgres_binaries() is None:
        print("PostgreSQL is not installed: only the answers that were noted are compared")
        return
    folder = tempfile.mkdtemp(prefix="rowan-fields-")
    try:
        postgres = Postgres(None, folder)
        try:
            class Place:
                temp, port = os.path.join(folder, "postgres"), 5432
            wire = Wire(Place, database="postgres", user="postgres", local=True)
            wire.ask("SET client_min_messages = warning")
            ask_all(wire, False)
        finally:
            postgres.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    run(here, of_postgres)
