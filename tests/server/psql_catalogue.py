"""psql's commands over the catalogue: the text it prints of a schema that has one of everything."""
import subprocess

from serving import Server, expect, need, run

PSQL = need("psql")
server = Server()

SCHEMA = """
CREATE SCHEMA store;
CREATE SEQUENCE label_no START 100 INCREMENT 10 MINVALUE 50 MAXVALUE 5000 CYCLE;
CREATE TABLE keeper (
  id serial PRIMARY KEY, name varchar(40) NOT NULL, mail text, born date, is_chief boolean NOT NULL DEFAULT false,
  CONSTRAINT keeper_mail_key UNIQUE (mail), CONSTRAINT keeper_born_check CHECK (born > date '1900-01-01'));
CREATE TABLE animal (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  keeper_id integer NOT NULL REFERENCES keeper (id) ON DELETE CASCADE,
  name text NOT NULL, kind char(3), weight numeric(8,2) DEFAULT 0.5);
CREATE INDEX animal_name_idx ON animal (name DESC, id);
CREATE VIEW chief AS SELECT id, name FROM keeper WHERE is_chief;
CREATE MATERIALIZED VIEW heavy AS SELECT name, weight FROM animal WHERE weight > 100;
CREATE TABLE store.shelf (no integer PRIMARY KEY, what text);
"""

# What psql prints, a command each. Owners are the connection's user, who is called o below.
COMMANDS = {
    r"\d": """
               List of relations
 Schema |     Name      |       Type        | Owner 
--------+---------------+-------------------+-------
 public | animal        | table             | o
 public | animal_id_seq | sequence          | o
 public | chief         | view              | o
 public | heavy         | materialized view | o
 public | keeper        | table             | o
 public | keeper_id_seq | sequence          | o
 public | label_no      | sequence          | o
(7 rows)
""",
    r"\d keeper": """
                                    Table "public.keeper"
  Column  |         Type          | Collation | Nullable |              Default               
----------+-----------------------+-----------+----------+------------------------------------
 id       | integer               |           | not null | nextval('keeper_id_seq'::regclass)
 name     | character varying(40) |           | not null | 
 mail     | text                  |           |          | 
 born     | date                  |           |          | 
 is_chief | boolean               |           | not null | false
Indexes:
    "keeper_pkey" PRIMARY KEY, btree (id)
    "keeper_mail_key" UNIQUE CONSTRAINT, btree (mail)
Check constraints:
    "keeper_born_check" CHECK (born > '1900-01-01'::date)
Referenced by:
    TABLE "animal" CONSTRAINT "animal_keeper_id_fkey" FOREIGN KEY (keeper_id) REFERENCES keeper(id) ON DELETE CASCADE

""",
    r"\d+ animal": """
                                                    Table "public.animal"
  Column   |     Type     | Collation | Nullable |           Default            | Storage  | Compression | Stats target | Description 
-----------+--------------+-----------+----------+------------------------------+----------+-------------+--------------+-------------
 id        | bigint       |           | not null | generated always as identity | plain    |             |              | 
 keeper_id | integer      |           | not null |                              | plain    |             |              | 
 name      | text         |           | not null |                              | extended |             |              | 
 kind      | character(3) |           |          |                              | extended |             |              | 
 weight    | numeric(8,2) |           |          | 0.5                          | main     |             |              | 
Indexes:
    "animal_pkey" PRIMARY KEY, btree (id)
    "animal_name_idx" btree (name DESC, id)
Foreign-key constraints:
    "animal_keeper_id_fkey" FOREIGN KEY (keeper_id) REFERENCES keeper(id) ON DELETE CASCADE
Access method: heap

""",
    r"\d chief": """
                      View "public.chief"
 Column |         Type          | Collation | Nullable | Default 
--------+-----------------------+-----------+----------+---------
 id     | integer               |           |          | 
 name   | character varying(40) |           |          | 
""",
    r"\d label_no": """
                       Sequence "public.label_no"
  Type  | Start | Minimum | Maximum | Increment | Cycles? | Cache 
--------+-------+---------+---------+-----------+---------+-------
 bigint |   100 |      50 |    5000 |        10 | yes     |     1
""",
    r"\d animal_name_idx": """
       Index "public.animal_name_idx"
 Column |  Type  | Key? | Definition 
--------+--------+------+------------
 name   | text   | yes  | name
 id     | bigint | yes  | id
btree, for table "public.animal"

""",
    r"\d nothing": """
Did not find any relation named "nothing".
""",
    r"\dt": """
        List of relations
 Schema |  Name  | Type  | Owner 
--------+--------+-------+-------
 public | animal | table | o
 public | keeper | table | o
(2 rows)
""",
    r"\dt store.*": """
        List of relations
 Schema | Name  | Type  | Owner 
--------+-------+-------+-------
 store  | shelf | table | o
(1 row)
""",
    r"\dv": """
       List of relations
 Schema | Name  | Type | Owner 
--------+-------+------+-------
 public | chief | view | o
(1 row)
""",
    r"\di": """
                 List of relations
 Schema |      Name       | Type  | Owner | Table  
--------+-----------------+-------+-------+--------
 public | animal_name_idx | index | o     | animal
 public | animal_pkey     | index | o     | animal
 public | keeper_mail_key | index | o     | keeper
 public | keeper_pkey     | index | o     | keeper
(4 rows)
""",
    r"\ds": """
             List of relations
 Schema |     Name      |   Type   | Owner 
--------+---------------+----------+-------
 public | animal_id_seq | sequence | o
 public | keeper_id_seq | sequence | o
 public | label_no      | sequence | o
(3 rows)
""",
    r"\dm": """
              List of relations
 Schema | Name  |       Type        | Owner 
--------+-------+-------------------+-------
 public | heavy | materialized view | o
(1 row)
""",
}

# They say nothing of this schema, and must not fail.
QUIET = [r"\l", r"\l+", r"\dn", r"\dn+", r"\du", r"\df", r"\df+", r"\dT", r"\dT+", r"\dD", r"\dD+", r"\dp", r"\ddp", r"\dx", r"\dy", r"\dF",
         r"\dO", r"\dc", r"\dC", r"\db", r"\da", r"\do", r"\dd", r"\dL", r"\des", r"\dew", r"\det", r"\deu", r"\dP", r"\dRp", r"\dRs", r"\dA",
         r"\dconfig", r"\drds", r"\dl", r"\d+", r"\dt+", r"\conninfo", r"\sv chief", r"\d store.*"]


def psql(command):
    """The text of one command, with the owner's column as wide as the name o makes it."""
    done = subprocess.run([PSQL, "-X", "-U", "o"], input=command + "\n", capture_output=True, text=True, env=server.env("shop"), timeout=60)
    return done.stdout + done.stderr


def trimmed(text):
    return [line.rstrip() for line in text.strip("\n").split("\n")]


def what_commands_print():
    for command, expected in COMMANDS.items():
        got, wanted = trimmed(psql(command)), trimmed(expected)
        got[0], wanted[0] = got[0].strip(), wanted[0].strip()
        assert got == wanted, command + "\n" + "\n".join(got)


def commands_that_must_not_fail():
    for command in QUIET:
        assert "ERROR" not in (said := psql(command)), f"{command}: {said}"


def tab_completion():
    for query in [
            "SELECT pg_catalog.quote_ident(c.relname) FROM pg_catalog.pg_class c WHERE c.relkind IN ('r') "
            "AND substring(pg_catalog.quote_ident(c.relname),1,4)='anim' AND pg_catalog.pg_table_is_visible(c.oid)",
            "SELECT pg_catalog.quote_ident(attname) FROM pg_catalog.pg_attribute a, pg_catalog.pg_class c WHERE c.oid = a.attrelid "
            "AND a.attnum > 0 AND NOT a.attisdropped AND substring(pg_catalog.quote_ident(attname),1,4)='weig' "
            "AND (pg_catalog.quote_ident(relname)='animal' OR '\"' || relname || '\"'='animal') AND pg_catalog.pg_table_is_visible(c.oid)"]:
        done = subprocess.run([PSQL, "-X", "-U", "o", "-At", "-c", query], capture_output=True, text=True, env=server.env("shop"), timeout=60)
        expect((done.stdout, done.stderr), ("animal\n" if "relkind" in query else "weight\n", ""))


def what_programs_ask():
    def asked(query):
        done = subprocess.run([PSQL, "-X", "-U", "o", "-At", "-c", query], capture_output=True, text=True, env=server.env("shop"), timeout=60)
        return done.stdout + done.stderr
    expect(asked("SELECT set_config('search_path', '', false); SHOW search_path; SELECT 1 FROM keeper").splitlines()[:2], ["", '""'])
    expect(asked("SELECT DISTINCT tableoid::regclass FROM pg_class"), "pg_class\n")
    expect(asked("SELECT count(*) FROM pg_attribute WHERE attrelid = 'pg_class'::regclass AND attname = 'tableoid'"), "0\n")
    expect(asked("SELECT count(*) > 0 FROM pg_class c WHERE c.relkind OPERATOR(pg_catalog.=) ANY (array['r', 'm'])"), "t\n")


with server:
    done = subprocess.run([PSQL, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "o"], input=SCHEMA, capture_output=True, text=True,
                          env=server.env("shop"), timeout=60)
    expect(done.stderr, "")
    run(what_commands_print, commands_that_must_not_fail, tab_completion, what_programs_ask)
    assert server.stop() == 0
    server.check()
