# Proves rowan log's graph and filters, rowan diff in every form with its exit code, and rowan blame.
source "$(dirname "$0")/lib.sh"
"$rowan" init d.git >/dev/null
"$rowan" sql d.git -c "CREATE TABLE t (id int PRIMARY KEY, v text, n numeric)" -c "INSERT INTO t VALUES (1, 'the quick fox', 1.50), (2, 'ink', 2)" -c 'CREATE BRANCH old' \
  -c "UPDATE t SET v = 'the slow fox' WHERE id = 1" -c "BEGIN; DELETE FROM t WHERE id = 2; COMMIT MESSAGE 'away with it'" -c "INSERT INTO t VALUES (3, NULL, 7)" >/dev/null

run log d.git --oneline; exits 0; [[ $(wc -l <<<"$out") -eq 6 ]] || fail "log --oneline: $out"
run log d.git old --oneline -n 1; exits 0; shows 'public.t: +2 ~0 -0'
run log d.git --grep away --oneline; exits 0; shows 'away with it'; [[ $(wc -l <<<"$out") -eq 1 ]] || fail "log --grep: $out"
run log d.git --author nobody; exits 0; prints ''
run log d.git --since 2100-01-01; exits 0; prints ''
run log d.git --graph -n 2; exits 0; shows '* commit '; shows '| Author: Tester'
run log d.git --since yesterdayish; exits 12
run log d.git -n x; exits 2

run diff d.git old main; exits 0
prints 't  +1 -1 ~1
  id | v                          | n
~ 1  | the [-quick -]{+slow +}fox | 1.50
- 2  | ink                        | 2
+ 3  | NULL                       | 7'
run diff d.git old..main --exit-code; exits 1
run diff d.git main main --exit-code; exits 0; prints ''
run diff d.git old --stat; exits 0; shows ' t     |     1 |       1 |        1 |'
run diff d.git old --json --table t; exits 0
prints '{"table": "t", "change": "modified", "from": {"id": 1, "v": "the quick fox", "n": 1.50}, "to": {"id": 1, "v": "the slow fox", "n": 1.50}}
{"table": "t", "change": "removed", "from": {"id": 2, "v": "ink", "n": 2}}
{"table": "t", "change": "added", "to": {"id": 3, "v": null, "n": 7}}'
run diff d.git old --sql; exits 0
prints "BEGIN;
DELETE FROM public.t WHERE id = 2;
UPDATE public.t SET v = 'the slow fox' WHERE id = 1;
INSERT INTO public.t (id, v, n) VALUES (3, NULL, 7);
COMMIT;"
run diff d.git old --sql --json; exits 2
run diff d.git nowhere; exits 18
run diff d.git 'old~2' old --schema; exits 0; shows '+ CREATE TABLE public.t ('

# The patch applied to the old branch gives what main has.
"$rowan" diff d.git old main --sql > patch.sql
run sql d.git --branch old -f patch.sql; exits 0
run diff d.git old main --exit-code; exits 0

# Many columns stand one below the other.
"$rowan" sql d.git -c "CREATE TABLE wide (id int PRIMARY KEY, a text, b text)" -c "INSERT INTO wide VALUES (1, repeat('x', 100), repeat('y', 100))" \
  -c "UPDATE wide SET a = 'short'" >/dev/null
run diff d.git HEAD~1; exits 0; shows '+ a: short'; shows '  id: 1'; shows '- a: xxx'

run blame d.git t; exits 0; shows ')  1  public.t: +0 ~1 -0'; shows ')  3  public.t: +1 ~0 -0'
run blame d.git t 1 --cells; exits 0; shows '1  v = the slow fox  public.t: +0 ~1 -0'; shows '1  n = 1.50  public.t: +2 ~0 -0'
run blame d.git t --at 'HEAD~6'; exits 0; shows ')  2  public.t: +2 ~0 -0'
run blame d.git missing; exits 10
run blame d.git t x; exits 12

# Storage words only when they are asked for; the script is one transaction, and gives the very tree.
"$rowan" sql d.git -c 'CREATE BRANCH narrow' \
  -c "CREATE TABLE g (id int GENERATED ALWAYS AS IDENTITY (START WITH 5) PRIMARY KEY, n numeric MERGE RULE sum); INSERT INTO g (n) VALUES (1), (2); CREATE INDEX gv ON g (n)" \
  -c 'ALTER TABLE t ADD COLUMN w int DEFAULT 4' >/dev/null
run diff d.git narrow --sql; exits 0
prints "-- The merge rules of public.g are not PostgreSQL's: the native form writes them.
BEGIN;
CREATE TABLE public.g (
  id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
  n numeric,
  CONSTRAINT g_pkey PRIMARY KEY (id)
);
ALTER TABLE public.t ADD COLUMN w integer DEFAULT 4;
INSERT INTO public.g (id, n) OVERRIDING SYSTEM VALUE VALUES (5, 1), (6, 2);
CREATE INDEX gv ON public.g (n);
ALTER SEQUENCE public.g_id_seq AS integer INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 5 NO CYCLE RESTART;
ALTER SEQUENCE public.g_id_seq RESTART WITH 37;
COMMIT;"
"$rowan" diff d.git narrow main --sql > patch.sql
run sql d.git --branch narrow -f patch.sql; exits 0
run log d.git main..narrow --oneline; [[ $(wc -l <<<"$out") -eq 1 ]] || fail "the patch is one commit: $out"
"$rowan" diff d.git old main --sql --native > native.sql
grep -q 'SLOT 0 ID' native.sql || fail 'the native form has no slots'
"$rowan" sql d.git -c 'CREATE BRANCH exact FROM old' >/dev/null
"$rowan" diff d.git exact main --sql --native > native.sql
run sql d.git --branch exact -f native.sql; exits 0
[[ $(git -C d.git rev-parse 'exact^{tree}') == $(git -C d.git rev-parse 'main^{tree}') ]] || fail 'another tree'
run diff d.git old --native; exits 2; says '--native goes with --sql'

# A column that was retyped keeps the ID of its first type, and the native form says so.
run init id.git
run sql id.git -c 'CREATE TABLE t (k int PRIMARY KEY)' -c 'CREATE TAG a' -c 'ALTER TABLE t ADD COLUMN p text' \
  -c 'ALTER TABLE t ALTER p TYPE integer USING NULL' -c 'CREATE TAG b' -c 'CREATE BRANCH r FROM a'; exits 0
"$rowan" diff id.git a b --sql --native > native.sql
run sql id.git --branch r -f native.sql; exits 0
[[ $(git -C id.git rev-parse 'b^{tree}') == $(git -C id.git rev-parse 'r^{tree}') ]] || fail 'the native form gives another tree'
run diff id.git a b --table nosuch --sql; exits 10; says 'does not exist'

finish
