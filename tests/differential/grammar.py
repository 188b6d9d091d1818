"""Random statements over every row of the support tables in docs/sql.md: types, casts, operators, functions, clauses.

An expression is made for a type; `number` and `string` stand for any type of that family. What depends on the clock, the session or chance
is left out (NOT_COMPARED). Statements are text; a Statement says besides how its answers may differ without being wrong.
"""

import random

INTEGERS = ['smallint', 'integer', 'bigint']
NUMBERS = INTEGERS + ['numeric', 'double precision', 'real']
STRINGS = ['text', 'varchar', 'char']
DATETIMES = ['date', 'time', 'timestamp', 'timestamptz', 'interval']
ARRAYS = ['integer[]', 'text[]', 'numeric[]']
TYPES = NUMBERS + STRINGS + ['boolean', 'bytea', 'uuid', 'json', 'jsonb'] + DATETIMES + ARRAYS
FAMILIES = {'number': NUMBERS, 'string': STRINGS, 'int': INTEGERS, 'float': ['double precision', 'real'], 'stamp': ['timestamp', 'timestamptz'],
            'day': ['date', 'timestamp', 'timestamptz'], 'any': TYPES,
            'ordered': [t for t in TYPES if t != 'json']}

# Their answers depend on the clock, the session or chance.
NOT_COMPARED = {'random', 'gen_random_uuid', 'now', 'current_timestamp', 'transaction_timestamp', 'statement_timestamp', 'clock_timestamp',
                'localtimestamp', 'current_date', 'localtime', 'current_user', 'session_user', 'user', 'current_role', 'current_database',
                'current_catalog', 'current_schema', 'current_branch', 'version', 'rowan.last_commit', 'rowan.write_file',
                'rowan.delete_file'}

SCHEMA = [
    'CREATE TABLE t (id integer PRIMARY KEY, s smallint, a integer, b bigint, n numeric(12,3), m numeric, f double precision, r real, x text, '
    'v varchar(8), c char(5), o boolean, y bytea, d date, w time, ts timestamp, tz timestamptz, u uuid, j json, k jsonb, iv interval)',
    'CREATE TABLE g (p integer, q bigint, z text, e char(3), h numeric, l jsonb, i date)',
    'CREATE TABLE w (id integer, s smallint, a integer, b bigint, n numeric(8,2), f double precision, r real, x text, v varchar(6), c char(4), '
    'o boolean, d date, ts timestamp, k jsonb, t1 time(1), ts0 timestamp(0), tz3 timestamptz(3))',
    "INSERT INTO t VALUES (1, 1, 10, 100, 1.5, 2.25, 0.5, 1.5, 'abc', 'Abc', 'ab', true, '\\x6162', '2024-02-29', '12:34:56.789', "
    "'2024-02-29 12:34:56.789', '2024-02-29 23:59:59', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{\"a\": [1, 2, {\"b\": null}], \"c\": \"x\"}', "
    "'{\"a\": [1, 2, {\"b\": null}], \"c\": \"x\"}')",
    "INSERT INTO t VALUES (2, -1, -10, -100, -2.25, -0.001, -1.5, -2.25, 'äöü ß', 'x y', 'x', false, '\\x00ff', '1999-12-31', '00:00:00', "
    "'1999-12-31 23:59:59.999999', '2000-01-01 00:00:00', '00000000-0000-0000-0000-000000000000', '[1, 2.0, \"two\", null]', '[1, 2.0, \"two\", null]')",
    "INSERT INTO t VALUES (3, 0, 0, 0, 0, 0.00, 0, 0, '', '', '', NULL, '', '2000-01-01', '23:59:59.999999', '2000-01-01 00:00:00', "
    "'1970-01-01 00:00:00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '\"text\"', '\"text\"')",
    'INSERT INTO t (id) VALUES (4)',
    "INSERT INTO t VALUES (5, 32767, 2147483647, 9223372036854775807, 999999999.999, 12345678901234567890.123456789, 1e300, 1e30, "
    "'a%b_c\\d', 'it''s', 'a b c', true, '\\xdeadbeef', '0044-03-15 BC', '01:02:03', '0044-03-15 01:02:03 BC', '2262-04-11 23:47:16', "
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', '1.0', '1.0')",
    "INSERT INTO t VALUES (6, -32768, -2147483648, -9223372036854775808, -999999999.999, 0.000000000000000000001, -1e-300, 1e-30, "
    "'  padded  ', ' v ', ' c', false, '\\x27', '5874897-12-31', '24:00:00', 'infinity', '-infinity', "
    "'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'true', 'true')",
    "INSERT INTO t VALUES (7, 7, 7, 7, 7, 'NaN', 'NaN', 'NaN', 'NaN', 'null', 'NaN', true, '\\x4e', 'infinity', NULL, '2024-12-30 00:00:00', "
    "'2021-01-03 00:00:00', NULL, 'null', 'null')",
    "INSERT INTO t VALUES (8, 2, 3, 5, 2.5, 'Infinity', 'Infinity', '-Infinity', '42', '42', '42', true, '\\x3432', '-infinity', '12:00:00', "
    "'2020-06-15 06:30:00.5', '2020-06-15 06:30:00.5', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{}', '{}')",
    "INSERT INTO t VALUES (9, 3, -3, 25, -0.5, 1.10, 0.1, 0.1, 'ABC', 'abc', 'AB', false, '\\x5c', '2024-12-30', '12:34:56', "
    "'1900-03-01 12:00:00', '1900-03-01 12:00:00', NULL, '[]', '[]')",
    "INSERT INTO t VALUES (10, 4, 100, 1000, 33.333, 1e10, 1234567.891, 3.14159, '2024-02-29', '1.5', '1', NULL, '\\x0a', '1900-01-01', "
    "'06:00:00', '0001-01-01 00:00:00', '2024-02-29 12:34:56.789', NULL, '{\"b\": 1, \"a\": 1.00, \"aa\": [[]]}', '{\"b\": 1, \"a\": 1.00, \"aa\": [[]]}')",
    "INSERT INTO g VALUES (1, 1, 'a', 'a', 1.0, '1', '2024-01-01'), (1, 2, 'b', 'b', 1.00, '1.0', '2024-01-02'), (2, 2, 'b', 'bb', 2, '2', NULL), "
    "(NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, 10, 'abc', 'abc', 2.5, '{\"a\": 1}', '2024-02-29'), (3, 10, 'abc', 'abc', 2.5, '{\"a\": 1}', '2024-02-29'), "
    "(10, 100, 'ABC', 'x', -1, '[]', '1999-12-31'), (7, 7, '', '', 0, '\"text\"', 'infinity')",
    "INSERT INTO w VALUES (1, 1, 1, 1, 1, 1, 1, 'a', 'b', 'c', true, '2024-01-01', '2024-01-01', '1')",
    "UPDATE t SET iv = CASE id WHEN 1 THEN interval '1 day' WHEN 2 THEN '-1 mon 2 days -03:04:05.6' WHEN 3 THEN '0' WHEN 5 THEN '1 year 2 mons 3 days 04:05:06.789' "
    "WHEN 6 THEN '-178956970 years' WHEN 7 THEN '2147483647 days' WHEN 8 THEN '30 days' WHEN 9 THEN '1 mon' ELSE NULL END",
    'CREATE VIEW vw AS SELECT id, a, n, x, c FROM t WHERE a IS NOT NULL',
    'CREATE MATERIALIZED VIEW mw AS SELECT id, b, x, k FROM t WHERE id < 8',
    'CREATE INDEX ON t (a)', 'CREATE INDEX ON t (x, n)',
]

COLUMNS = {
    't': {'id': 'integer', 's': 'smallint', 'a': 'integer', 'b': 'bigint', 'n': 'numeric', 'm': 'numeric', 'f': 'double precision', 'r': 'real',
          'x': 'text', 'v': 'varchar', 'c': 'char', 'o': 'boolean', 'y': 'bytea', 'd': 'date', 'w': 'time', 'ts': 'timestamp',
          'tz': 'timestamptz', 'u': 'uuid', 'j': 'json', 'k': 'jsonb', 'iv': 'interval'},
    'g': {'p': 'integer', 'q': 'bigint', 'z': 'text', 'e': 'char', 'h': 'numeric', 'l': 'jsonb', 'i': 'date'},
    'vw': {'id': 'integer', 'a': 'integer', 'n': 'numeric', 'x': 'text', 'c': 'char'},
    'mw': {'id': 'integer', 'b': 'bigint', 'x': 'text', 'k': 'jsonb'},
}
TARGET = {'id': 'integer', 's': 'smallint', 'a': 'integer', 'b': 'bigint', 'n': 'numeric', 'f': 'double precision', 'r': 'real', 'x': 'text',
          'v': 'varchar', 'c': 'char', 'o': 'boolean', 'd': 'date', 'ts': 'timestamp', 'k': 'jsonb', 't1': 'time', 'ts0': 'timestamp', 'tz3': 'timestamptz'}

LITERALS = {
    'smallint': ["1::smallint", "(-3)::int2", "smallint '7'", "0::smallint", "32767::smallint"],
    'integer': ['0', '1', '2', '-1', '3', '7', '10', '100', '-5', '2147483647', '-2147483648', "'12'::int", '65536'],
    'bigint': ['0::bigint', '1::int8', '9223372036854775807', '-9223372036854775808', '3000000000', "bigint '-7'", '10::bigint'],
    'numeric': ['0.0', '1.5', '-2.25', '2.0', '3.00', '0.001', '100.0', '12345.6789', "'NaN'::numeric", "'Infinity'::numeric", "'-Infinity'::numeric",
                '1e10', '1e-10', '99999999999999999999.5', '0.1', "'1e20'::decimal", '2::numeric', '10::numeric', '1.10::numeric(10,3)', '2.718281828'],
    'double precision': ['0::float8', '1.5::float8', '-2.5::float8', "'NaN'::float8", "'Infinity'::double precision", "'-Infinity'::float8", '1e308::float8',
                         '1e-300::float8', '0.1::float8', '100::float', '2::float8', '0.5::float8', '-0.0::float8'],
    'real': ['0::real', '1.5::float4', '-2.25::real', "'NaN'::real", '0.1::real', "'Infinity'::real", '1e30::real', '3::float4'],
    'text': ["''::text", "'abc'::text", "'ABC'::text", "'a b'::text", "'äöü'::text", "'%'::text", "'a\\b'::text", "'it''s'::text", "text '42'", "'  x  '::text",
             "'b'::text", "'1.5'::text", "E'a\\nb'::text", "'ab%'::text", "'_b_'::text",
             "'İıßŉ'::text", "'ǆǅΣς'::text", "'שé漢a'::text"],
    'varchar': ["'abc'::varchar", "'abcdef'::varchar(3)", "varchar 'x '", "''::varchar(5)", "'ab '::character varying(4)"],
    'char': ["'abc'::char(5)", "'a'::char", "'ab '::char(4)", "''::char(3)", "'abcdef'::character(3)", "'a'::bpchar", "char(6) 'äb'"],
    'boolean': ['true', 'false', 'NULL::boolean', "'t'::bool", "'off'::bool"],
    'bytea': ["'\\x'::bytea", "'\\x6162'::bytea", "'abc'::bytea", "'\\x00ff'::bytea", "E'a\\\\000b'::bytea"],
    'uuid': ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "'{A0EEBC999C0B4EF8BB6D6BB9BD380A11}'::uuid", "uuid '00000000-0000-0000-0000-000000000000'"],
    'json': ["'{\"a\": 1}'::json", "'[1,2 ,3]'::json", "'\"s\"'::json", "'null'::json", "' 1.50 '::json", "'{\"a\":1,\"a\":2}'::json", "json '[]'"],
    'jsonb': ["'{\"a\": 1}'::jsonb", "'[1,2,3]'::jsonb", "'\"s\"'::jsonb", "'null'::jsonb", "'1'::jsonb", "'1.0'::jsonb", "'1.50'::jsonb", "'{\"b\":1,\"a\":[]}'::jsonb",
              "'[]'::jsonb", "'{}'::jsonb", "'true'::jsonb", "'false'::jsonb", "jsonb '[1, \"a\", null]'", "'{\"a\":1,\"a\":2}'::jsonb", "'[[]]'::jsonb", "'\"\"'::jsonb",
              "'{\"aa\":1}'::jsonb", "'{\"a\":1,\"b\":2}'::jsonb", "'-0'::jsonb", "'1e2'::jsonb", "'\"b\"'::jsonb", "'[1]'::jsonb", "'\"10\"'::jsonb"],
    'date': ["date '2024-02-29'", "'1999-12-31'::date", "date 'January 8, 99 BC'", "'infinity'::date", "date '20240229'", "date '2000-01-01'", "'-infinity'::date",
             "date 'Feb 1, 2021'", "date '0001-01-01'"],
    'time': ["time(2) '12:34:56.785'", "time '12:34:56'", "'00:00'::time", "time '23:59:59.999999'", "time '04:05 PM'", "'24:00'::time"],
    'timestamp': ["timestamp(1) '1999-12-31 23:59:59.95'", "timestamp '2024-02-29 12:34:56.789'", "'1999-12-31 23:59:59'::timestamp", "timestamp 'infinity'", "timestamp '2000-01-01'",
                  "timestamp '0044-03-15 BC'", "timestamp '2021-01-03T10:00:00'", "'-infinity'::timestamp"],
    'interval': ["interval '1 day'", "'1 mon'::interval", "interval '-1 mon 2 days -03:04:05.6'", "interval '1 year 2 mons 3 days 04:05:06.789'", "interval '0'",
                 "interval '1-2' year to month", "interval '1.5' day", "interval(2) '1.555'", "'P1Y2M3DT4H5M6.5S'::interval", "interval '30 days'", "interval '2 hours ago'",
                 "interval '100 years'", "interval '1:02' minute to second", "interval '-0.000001'"],
    'integer[]': ["ARRAY[1,2,3]", "'{}'::int[]", "'{1,NULL,3}'::integer[]", "ARRAY[]::int[]", "ARRAY[2]", "'{3,2,1}'::int4[]", "ARRAY[NULL, 1]::int[]"],
    'text[]': ["ARRAY['a','b']", "'{}'::text[]", "'{a,NULL,\"b c\",\"\"}'::text[]", "ARRAY['null', 'x,y', '{z}']", "'{ 1 , \"2\\\"3\" }'::text[]", "ARRAY['b']::text[]"],
    'numeric[]': ["ARRAY[1.5,2]", "'{1.0,NULL}'::numeric[]", "'{1.00}'::numeric[]", "ARRAY[1,2]::numeric[]", "'{NaN,1e5}'::numeric[]", "'{1.005,2}'::numeric(6,2)[]"],
    'timestamptz': ["timestamp(0) with time zone '1999-12-31 23:59:59.5Z'", "timestamptz '2024-02-29 12:34:56+02'", "'1999-12-31 23:59:59Z'::timestamptz", "timestamp with time zone '2000-01-01 00:00:00-08'",
                    "timestamptz 'infinity'", "timestamptz '1970-01-01'"],
}
# Literals without a type, which take it from where they stand.
UNKNOWN = {
    'integer': ["'5'"], 'bigint': ["'5'"], 'smallint': ["'5'"], 'numeric': ["'1.50'"], 'double precision': ["'1.5'"], 'real': ["'1.5'"],
    'text': ["'abc'", "'a'", "''", "'ab '", "'42'"], 'varchar': ["'abc'", "'ab '"], 'char': ["'ab'", "'ab '"], 'boolean': ["'true'", "'no'"], 'date': ["'2024-02-29'"],
    'timestamp': ["'2024-02-29 01:02:03'"], 'timestamptz': ["'2024-02-29 01:02:03+00'"], 'time': ["'01:02:03'"], 'interval': ["'1 day'", "'2 mons'", "'01:02:03'"], 'jsonb': ["'1'", "'{\"a\": 1}'", "'[]'"],
    'uuid': ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"], 'bytea': ["'\\x6162'"], 'json': ["'1'"], 'integer[]': ["'{1,2}'"], 'text[]': ["'{a,b}'"], 'numeric[]': ["'{1.5}'"],
}

TEXT_FIELDS = ['microseconds', 'milliseconds', 'second', 'minute', 'hour', 'day', 'dow', 'isodow', 'doy', 'week', 'month', 'quarter', 'year', 'isoyear',
               'decade', 'century', 'millennium', 'epoch', 'julian', 'timezone', 'timezone_hour', 'timezone_minute', 'mons', 'qtr', 'us', 'decs']
TRUNC_FIELDS = ['microseconds', 'milliseconds', 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year', 'decade', 'century', 'millennium']


# Pieces of texts for dates and times, to be put together at random.
DATE_PIECES = '''2024-01-31 2024-02-30 1/2/24 1/2/2024 13/1/2024 24.1.2 8-Jan-1999 Jan-08-1999 1999-Jan-08 20240131 240131 2024 24 1 31 12 99 060
366 101112 1011 101112.5 10.5 2024.060 10:11 10:11:12 10:11:12.5 24:00 24:00:01 23:59:60 12:00 13:00 5:06 10:11.5 10: Jan jan feb Sept december Mon
Tuesday thurs am PM AD BC T t Z zulu UTC EST PDT CET gmt dst +02 -08 +2:30 -0330 +15:59 +16 + - , / . allballs epoch infinity -infinity y m d h mm s
j julian J2451187 J2451187.5 y2024 m02 d10 h17 mm32 s01 s01.5 on at foo 0 00 000 0000 12345 1234567 J0 99999 -1 T10:11 T1011 T101112
2024-01-31T10:11:12 2024-01-31T10:11:12Z 2024-01-31T10:11+02 1997-060 101112-08 J2451187-08 Etc/UTC dow doy isoyear 2024--1 +02:-30'''.split()
INTERVAL_PIECES = '''1 2 -3 +4 0 12 1.5 -2.25 .5 1. 007 100000 2147483647 2147483648 9223372036854775807 1e3 year years y yr mon mons month m minute min
mins h hr hours hour d day days w week weeks s sec secs second seconds ms msec us usec microseconds milliseconds decade decades dec c century centuries mil millennia
ago @ 1:02 1:02:03 -1:02:03.4567891 +2:03 1:02.5 100:00 1:60 1:2:60 1-2 -3-4 1-11 1-12 P1Y P1Y2M3DT4H5M6.7S PT1.5H P1W P-1D P0.5Y P1-2-3 P00010203T040506 PT10:11:12 T
quarter timezone foo infinity epoch now today , / - 1day 2mons 3h 1h30m'''.split()
INTERVAL_FIELDS = [''] * 12 + [' year', ' month', ' day', ' hour', ' minute', ' second', ' second(2)', ' year to month', ' day to hour', ' day to minute', ' day to second(3)',
                               ' hour to minute', ' hour to second', ' minute to second']
DATE_GLUE = [' '] * 8 + ['', '  ', ',', '-', '/', '.', ':', 'T', '_']


def rows():
    """(template, argument types, result type). `{}` is an argument; $F, $T are fields of EXTRACT and date_trunc, $N a small integer literal."""
    table = []

    def add(result, template, *arguments):
        table.append((template, list(arguments), result))

    for i in INTEGERS:
        for op in '+-*/%&|#':
            add(i, f'({{}} {op} {{}})', i, i)
        add(i, '({} << $N)', i)
        add(i, '({} >> $N)', i)
        for op in ('-', '+', '~', '@ '):
            add(i, f'({op} {{}})', i)
        add(i, 'abs({})', i)
        add(i, 'mod({}, {})', i, i)
    for i in ('integer', 'bigint'):
        add(i, 'gcd({}, {})', i, i)
        add(i, 'lcm({}, {})', i, i)
        add('text', 'to_hex({})', i)
    for op in '+-*/':
        add('number', f'({{}} {op} {{}})', 'number', 'number')
        add('number', f'({{}} {op} {{}})', 'int', 'int')
        add('number', f'({{}} {op} {{}})', 'float', 'float')
        add('numeric', f'({{}} {op} {{}})', 'numeric', 'numeric')
        add('double precision', f'({{}} {op} {{}})', 'double precision', 'double precision')
        add('real', f'({{}} {op} {{}})', 'real', 'real')
    add('numeric', '({} % {})', 'numeric', 'numeric')
    add('number', '({} ^ {})', 'number', 'number')
    add('numeric', '({} ^ {})', 'numeric', 'numeric')
    add('numeric', '({} ^ $N)', 'numeric')
    for name in ('mod', 'div', 'power', 'pow', 'log'):
        add('numeric', name + '({}, {})', 'numeric', 'numeric')
    for name in ('power', 'pow'):
        add('number', name + '({}, {})', 'number', 'number')
    for name in ('abs', 'ceil', 'ceiling', 'floor', 'round', 'trunc', 'sign', '- ', '@ ', 'sqrt', 'exp', 'ln', 'log', 'log10'):
        for i in ('numeric', 'double precision', 'number'):
            add(i, name + '({})', i)
    for name in ('round', 'trunc'):
        add('numeric', name + '({}, $N)', 'numeric')
        add('numeric', name + '({}, {})', 'numeric', 'integer')
    for name in ('sqrt', 'cbrt', '|/ ', '||/ ', 'exp', 'degrees', 'radians', 'sin', 'cos', 'tan', 'cot', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh'):
        add('double precision', f'{name}({{}})', 'double precision')
        add('number', f'{name}({{}})', 'number')
    add('double precision', 'atan2({}, {})', 'double precision', 'double precision')
    add('double precision', 'pi()')

    for op in ('=', '<>', '!=', '<', '<=', '>', '>='):
        for i in TYPES:
            if i != 'json':
                add('boolean', f'({{}} {op} {{}})', i, i)
        add('boolean', f'({{}} {op} {{}})', 'number', 'number')
        add('boolean', f'({{}} {op} {{}})', 'string', 'string')
        add('boolean', f'({{}} {op} {{}})', 'day', 'day')
    add('boolean', '(({}, {}) = ({}, {}))', 'integer', 'text', 'integer', 'text')
    add('boolean', '(({}, {}) <> ({}, {}))', 'number', 'string', 'number', 'string')
    for i in ('number', 'string', 'jsonb', 'date', 'timestamp', 'boolean', 'uuid', 'bytea'):
        for negated in ('', 'NOT '):
            add('boolean', f'({{}} {negated}BETWEEN {{}} AND {{}})', i, i, i)
            add('boolean', f'({{}} {negated}BETWEEN SYMMETRIC {{}} AND {{}})', i, i, i)
            add('boolean', f'({{}} {negated}IN ({{}}, {{}}))', i, i, i)
            add('boolean', f'({{}} {negated}IN ({{}}, {{}}, {{}}, {{}}, {{}}, {{}}))', i, i, i, i, i, i, i)
            add('boolean', f'({{}} IS {negated}DISTINCT FROM {{}})', i, i)
    for negated in ('', 'NOT '):
        add('boolean', f'({{}} IS {negated}NULL)', 'any')
        for truth in ('TRUE', 'FALSE', 'UNKNOWN'):
            add('boolean', f'({{}} IS {negated}{truth})', 'boolean')
    for op in ('AND', 'OR'):
        add('boolean', f'({{}} {op} {{}})', 'boolean', 'boolean')
    add('boolean', '(NOT {})', 'boolean')
    for i in NUMBERS + STRINGS + DATETIMES + ['boolean', 'jsonb', 'uuid', 'bytea', 'number', 'string', 'day']:
        add(i, 'greatest({}, {})', i, i)
        add(i, 'least({}, {}, {})', i, i, i)
        add(i, 'coalesce({}, {})', i, i)
        add(i, 'nullif({}, {})', i, i)
        add(i, 'CASE WHEN {} THEN {} ELSE {} END', 'boolean', i, i)
        add(i, 'CASE WHEN {} THEN {} WHEN {} THEN {} END', 'boolean', i, 'boolean', i)
        add(i, 'CASE {} WHEN {} THEN {} ELSE {} END', 'integer', 'integer', i, i)
        add(i, 'CASE {} WHEN {} THEN {} WHEN {} THEN {} END', 'string', 'string', i, 'string', i)
        add(i, 'CASE {} WHEN {} THEN {} ELSE {} END', 'number', 'number', i, i)

    add('text', '({} || {})', 'string', 'string')
    add('text', '({} || {})', 'text', 'any')
    add('text', '({} || {})', 'any', 'text')
    add('bytea', '({} || {})', 'bytea', 'bytea')
    add('jsonb', '({} || {})', 'jsonb', 'jsonb')
    for op in ('LIKE', 'ILIKE', 'NOT LIKE', 'NOT ILIKE', '~~', '!~~', '~~*', '!~~*'):
        add('boolean', f'({{}} {op} {{}})', 'string', 'text')
    for op in ('LIKE', 'ILIKE'):
        add('boolean', f"({{}} {op} {{}} ESCAPE '!')", 'string', 'text')
        add('boolean', f"({{}} {op} {{}})", 'string', 'string')
    add('boolean', '({} ^@ {})', 'text', 'text')
    for name in ('length', 'char_length', 'character_length', 'octet_length', 'bit_length', 'ascii'):
        add('integer', name + '({})', 'string')
    for name in ('length', 'octet_length', 'bit_length'):
        add('integer', name + '({})', 'bytea')
    for name in ('lower', 'upper', 'initcap', 'reverse', 'trim', 'btrim', 'ltrim', 'rtrim', 'quote_ident', 'quote_literal', 'quote_nullable'):
        add('text', name + '({})', 'string')
    for name in ('quote_literal', 'quote_nullable'):
        add('text', name + '({})', 'any')
    for side in ('BOTH', 'LEADING', 'TRAILING'):
        add('text', f'trim({side} {{}} FROM {{}})', 'text', 'string')
    for name in ('btrim', 'ltrim', 'rtrim'):
        add('text', name + '({}, {})', 'string', 'text')
    for name in ('left', 'right', 'repeat', 'lpad', 'rpad', 'substr', 'substring'):
        add('text', name + '({}, $N)', 'string')
    add('text', 'substring({} FROM $N)', 'string')
    add('text', 'substring({} FROM $N FOR $N)', 'string')
    add('text', 'substring({} FOR $N)', 'string')
    add('text', 'substr({}, $N, $N)', 'string')
    add('text', 'lpad({}, $N, {})', 'string', 'text')
    add('text', 'rpad({}, $N, {})', 'string', 'text')
    add('integer', 'position({} IN {})', 'string', 'string')
    add('integer', 'position({} IN {})', 'bytea', 'bytea')
    for i, j in (('text', 'string'), ('bytea', 'bytea')):
        add(i, 'overlay({} PLACING {} FROM $N)', j, j)
        add(i, 'overlay({} PLACING {} FROM $N FOR $N)', j, j)
        add(i, 'overlay({}, {}, $N, $N)', j, j)
    for name in ('substr', 'substring'):
        add('bytea', name + '({}, $N)', 'bytea')
        add('bytea', name + '({}, $N, $N)', 'bytea')
    add('bytea', 'substring({} FROM $N FOR $N)', 'bytea')
    add('bytea', 'substring({} FOR $N)', 'bytea')
    add('integer', 'strpos({}, {})', 'string', 'string')
    add('boolean', 'starts_with({}, {})', 'string', 'string')
    add('text', 'replace({}, {}, {})', 'string', 'string', 'string')
    add('text', 'translate({}, {}, {})', 'string', 'string', 'string')
    add('text', 'split_part({}, {}, $N)', 'string', 'string')
    add('text', 'concat({}, {})', 'any', 'any')
    add('text', 'concat({}, {}, {})', 'string', 'number', 'boolean')
    add('text', 'concat_ws({}, {}, {})', 'text', 'any', 'any')
    add('text', 'chr({})', 'integer')

    for i in ('date', 'time', 'timestamp', 'timestamptz'):
        add('numeric', f'extract($F FROM {{}})', i)
        add('double precision', f"date_part('$F', {{}})", i)
    for i in ('timestamp', 'timestamptz', 'date'):
        add('timestamptz' if i == 'date' else i, "date_trunc('$T', {})", i)
        add('boolean', 'isfinite({})', i)
    for array in ARRAYS:
        item = array[:-2]
        add(item, '({})[$N]', array)
        add(array, f'ARRAY[{{}}, {{}}]', item, item)
        for name in ('array_length({}, $N)', 'cardinality({})', 'array_upper({}, 1)', 'array_lower({}, 1)', 'array_ndims({})'):
            add('integer', name, array)
        for template in ('({} || {})', 'array_cat({}, {})'):
            add(array, template, array, array)
        for template in ('({} || {})', 'array_append({}, {})', 'array_remove({}, {})'):
            add(array, template, array, item)
        add(array, '({} || {})', item, array)
        add(array, 'array_prepend({}, {})', item, array)
        add('integer', 'array_position({}, {})', array, item)
        add('text', 'array_to_string({}, {})', array, 'text')
        add('text', 'array_to_string({}, {}, {})', array, 'text', 'text')
        for op in ('=', '<>', '<', '>='):
            for quantifier in ('ANY', 'ALL'):
                add('boolean', f'({{}} {op} {quantifier} ({{}}))', item, array)
    add('boolean', '({} = ANY ({}))', 'number', 'numeric[]')
    add('boolean', '({} <> ALL ({}))', 'integer', 'numeric[]')
    add('boolean', '({} = ANY ({}))', 'numeric', 'integer[]')
    add('boolean', '({} = ANY ({}))', 'string', 'text[]')
    for name in ('justify_hours', 'justify_days', 'justify_interval', '- '):
        add('interval', name + '({})', 'interval')
    for op in '+-':
        add('interval', f'({{}} {op} {{}})', 'interval', 'interval')
        add('timestamp', f'({{}} {op} {{}})', 'date', 'interval')
        for i in ('time', 'timestamp', 'timestamptz'):
            add(i, f'({{}} {op} {{}})', i, 'interval')
    for i in ('time', 'timestamp', 'timestamptz'):
        add(i, '({} + {})', 'interval', i)
        add('interval', '({} - {})', i, i)
    add('timestamp', '({} + {})', 'interval', 'date')
    add('interval', '({} - {})', 'date', 'timestamp')
    add('interval', '({} * {})', 'interval', 'number')
    add('interval', '({} * {})', 'number', 'interval')
    add('interval', '({} / {})', 'interval', 'number')
    add('interval', '({} * {})', 'interval', 'double precision')
    for i in ('timestamp', 'timestamptz', 'day'):
        add('interval', 'age({}, {})', i, i)
    for i in ('timestamp', 'timestamptz'):
        add(i, 'date_bin({}, {}, {})', 'interval', i, i)
    for count in range(8):
        add('interval', 'make_interval(' + ', '.join(['$N'] * count) + ')')
    add('numeric', 'extract($F FROM {})', 'interval')
    add('double precision', "date_part('$F', {})", 'interval')
    add('interval', "date_trunc('$T', {})", 'interval')
    add('boolean', 'isfinite({})', 'interval')
    add('date', '({} + $N)', 'date')
    add('date', '({} - $N)', 'date')
    add('date', '($N + {})', 'date')
    add('integer', '({} - {})', 'date', 'date')
    add('timestamp', '({} + {})', 'date', 'time')
    add('date', 'make_date({}, {}, {})', 'integer', 'integer', 'integer')
    add('timestamptz', 'to_timestamp({})', 'double precision')
    for i in ('json', 'jsonb'):
        for key in ("'a'", "'b'", "'zz'"):
            add(i, f'({{}} -> {key})', i)
            add('text', f'({{}} ->> {key})', i)
        add(i, '({} -> $N)', i)
        add('text', '({} ->> $N)', i)
        add('text', f'{i}_typeof({{}})', i)
        add('integer', f'{i}_array_length({{}})', i)
    add('boolean', '({} ? {})', 'jsonb', 'text')
    return table


# What PostgreSQL casts by name; from and to text goes always.
CASTS = [(a, b) for a in NUMBERS for b in NUMBERS if a != b]
CASTS += [(a, b) for a in STRINGS for b in STRINGS if a != b]
CASTS += [(a, b) for a in TYPES for b in STRINGS if a not in STRINGS]
CASTS += [(a, b) for a in STRINGS for b in TYPES if b not in STRINGS]
CASTS += [('integer', 'boolean'), ('boolean', 'integer'), ('date', 'timestamp'), ('date', 'timestamptz'), ('timestamp', 'date'), ('timestamp', 'time'),
          ('timestamp', 'timestamptz'), ('timestamptz', 'timestamp'), ('timestamptz', 'date'), ('timestamptz', 'time'), ('time', 'interval'), ('interval', 'time'), ('json', 'jsonb'), ('jsonb', 'json')]
CASTS += [(a, b) for a in ARRAYS for b in ARRAYS if a != b]
CASTS += [('jsonb', b) for b in NUMBERS + ['boolean']]
CAST_NAMES = {'numeric': ['numeric', 'numeric(10,2)', 'numeric(7,1)', 'numeric(5)', 'decimal(20,8)'], 'varchar': ['varchar', 'varchar(4)', 'character varying(2)'],
              'char': ['char(5)', 'char', 'character(2)', 'bpchar'], 'time': ['time', 'time(0)', 'time(3) without time zone'],
              'timestamp': ['timestamp', 'timestamp', 'timestamp(0)', 'timestamp(3)', 'timestamp(5) without time zone'], 'integer': ['integer', 'int', 'int4'],
              'double precision': ['double precision', 'float8', 'float'], 'real': ['real', 'float4'], 'bigint': ['bigint', 'int8'],
              'interval': ['interval', 'interval', 'interval(3)', 'interval year to month', 'interval day to second(1)', 'interval hour'],
              'smallint': ['smallint', 'int2'], 'timestamptz': ['timestamptz', 'timestamp with time zone', 'timestamptz(1)', 'timestamp(4) with time zone'], 'boolean': ['boolean', 'bool']}

ROWS = rows()
BY_RESULT = {}
for _row in ROWS:
    BY_RESULT.setdefault(_row[2], []).append(_row)


class Statement:
    """`text` is run as it stands. `ordered`: rows come in this order. `loose`: of equal values any spelling will do, floats to 12 digits.
    `lazy`: which of several rows or operands fails, or whether one is looked at at all, is the planner's business."""

    def __init__(self, text, ordered=False, loose=False, lazy=False, kind='select'):
        self.text, self.ordered, self.loose, self.lazy, self.kind = text, ordered, loose, lazy, kind

    def script(self):
        if self.kind == 'write':
            return f'BEGIN;\n{self.text};\nCOPY (SELECT * FROM w) TO STDOUT;\nROLLBACK;'
        return f'COPY ({self.text}) TO STDOUT;'


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def one(self, options):
        return self.random.choice(options)

    def chance(self, probability):
        return self.random.random() < probability

    # ---- Expressions ----

    def expression(self, wanted, scope, depth):
        if wanted in FAMILIES and (wanted not in BY_RESULT or self.chance(0.7)):
            wanted = self.one(FAMILIES[wanted])
        if depth <= 0 or self.chance(0.15):
            return self.leaf(wanted, scope)
        choice = self.random.random()
        if choice < 0.15 and wanted in TYPES:
            casts = [a for a, b in CASTS if b == wanted]
            if casts:
                return self.cast(self.expression(self.one(casts), scope, depth - 1), wanted)
        candidates = BY_RESULT.get(wanted)
        if not candidates:
            return self.leaf(wanted, scope)
        return self.call(self.one(candidates), scope, depth - 1)

    def call(self, row, scope, depth):
        template, arguments, _ = row
        text = template
        while '$' in text:
            text = text.replace('$N', str(self.one([-3, -1, 0, 1, 1, 2, 2, 3, 5, 8])), 1)
            text = text.replace('$F', self.one(TEXT_FIELDS), 1)
            text = text.replace('$T', self.one(TRUNC_FIELDS), 1)
        # A family is one type for a whole call half of the time, so that pairs of unlike types and of like ones both come.
        settled = {}
        for family in set(arguments) & set(FAMILIES):
            if self.chance(0.5):
                settled[family] = self.one(FAMILIES[family])
        parts = text.split('{}')
        out = parts[0]
        for argument, rest in zip(arguments, parts[1:]):
            kind = settled.get(argument, argument)
            if kind in UNKNOWN and self.chance(0.06):
                inner = self.one(UNKNOWN[kind])
            elif self.chance(0.04):
                inner = 'NULL'
            else:
                inner = self.expression(kind, scope, depth)
            out += inner + rest
        return out

    def cast(self, inner, wanted):
        name = self.one(CAST_NAMES.get(wanted, [wanted]))
        return f'CAST({inner} AS {name})' if self.chance(0.4) else f'({inner})::{name}'

    def leaf(self, wanted, scope):
        if wanted in FAMILIES:
            wanted = self.one(FAMILIES[wanted])
        columns = [name for name, kind in scope if kind == wanted]
        if columns and self.chance(0.65):
            return self.one(columns)
        if self.chance(0.05):
            return f'NULL::{self.one(CAST_NAMES.get(wanted, [wanted]))}'
        literal = self.one(LITERALS[wanted])
        return literal if not literal.startswith('-') else f'({literal})'

    # ---- Queries ----

    def statement(self):
        makers = [(0.24, self.single), (0.26, self.select), (0.10, self.where), (0.12, self.grouped), (0.07, self.joined), (0.05, self.set_operation),
                  (0.05, self.subqueries), (0.04, self.values), (0.04, self.clauses), (0.03, self.write)]
        choice = self.random.random()
        for share, maker in makers:
            if choice < share:
                return maker()
            choice -= share
        return self.single()

    def typed(self, items):
        """Items and, for some, their types."""
        out = []
        for item in items:
            out.append(item)
            if self.chance(0.3):
                out.append(f'pg_typeof({item})')
        return ', '.join(out)

    def single(self):
        """One row of the tables in docs/sql.md, on constants."""
        if self.chance(0.12):
            return Statement(self.digits(), kind='single')
        if self.chance(0.1):
            return Statement(f"SELECT {self.one(DATETIMES)} '{self.date_text()}'", kind='single')
        if self.chance(0.1):
            return Statement(f"SELECT interval '{self.interval_text()}'{self.one(INTERVAL_FIELDS)}", kind='single')
        if self.chance(0.04):
            array = self.expression(self.one(ARRAYS), [], 1)
            return Statement(self.one([f'SELECT x, pg_typeof(x) FROM unnest({array}) AS x', f'SELECT count(x), array_agg(x ORDER BY x DESC) FROM unnest({array}) x']),
                             ordered=True, kind='single')
        row = self.one(ROWS)
        text = self.call(row, [], 0 if self.chance(0.7) else 1)
        if self.chance(0.1):
            text = self.cast(self.expression(self.one(TYPES), [], 0), self.one(TYPES))
        return Statement(f'SELECT {text}, pg_typeof({text})' if self.chance(0.5) else f'SELECT {text}', kind='single')

    # ---- Numbers of many shapes, for the digits and the scales of results ----

    def decimal(self):
        if self.chance(0.05):
            return self.one(["'NaN'", "'Infinity'", "'-Infinity'"])
        digits = lambda count: ''.join(self.one('0123456789') for _ in range(count))
        text = digits(self.one([0, 1, 1, 1, 2, 3, 5, 9, 20, 40])).lstrip('0') or '0'
        fraction = digits(self.one([0, 0, 1, 2, 3, 6, 10, 25, 60]))
        if fraction and self.chance(0.3):
            zeros = self.random.randrange(len(fraction))
            fraction = '0' * zeros + fraction[zeros:]
        if self.chance(0.12):  # Near 1 and near 0.
            text, fraction = self.one('01'), self.one('09') * self.random.randrange(1, 12) + self.one(['', '1', '37'])
        return ('-' if self.chance(0.15) else '') + text + ('.' + fraction if fraction else '')

    def digits(self):
        number = lambda text: text + '::numeric' if text.startswith("'") else f"'{text}'::numeric"
        a, b = self.decimal(), self.decimal()
        name = self.one(['sqrt', 'exp', 'exp', 'ln', 'log', 'power', 'power', 'power', 'gcd', 'lcm', '+', '-', '*', '/', '/', '%', 'div', 'round', 'trunc'])
        if name == 'exp' and self.chance(0.7):
            a = f'{self.one(["", "-"])}{self.random.randrange(60)}.{self.random.randrange(10 ** 6)}'
        if name == 'power':
            b = self.one([b, str(self.random.randrange(-60, 60)), f'{self.one(["", "-"])}{self.random.randrange(9)}.{self.random.randrange(10 ** 6)}',
                          str(self.random.randrange(-3000, 3000))])
        if name in ('sqrt', 'exp', 'ln'):
            return f'SELECT {name}({number(a)})'
        if name in ('round', 'trunc'):
            return f'SELECT {name}({number(a)}, {self.random.randrange(-6, 12)})'
        if len(name) == 1:
            return f'SELECT {number(a)} {name} {number(b)}'
        return f'SELECT {name}({number(a)}, {number(b)})'

    def date_text(self):
        text = self.one(DATE_PIECES)
        for _ in range(self.one([0, 1, 1, 2, 2, 2, 3, 4])):
            text += self.one(DATE_GLUE) + self.one(DATE_PIECES)
        return text

    def interval_text(self):
        text = self.one(INTERVAL_PIECES)
        for _ in range(self.one([0, 1, 1, 1, 2, 3, 3, 4, 5])):
            text += self.one([' '] * 12 + ['', '  ', ',', '-', '/']) + self.one(INTERVAL_PIECES)
        return text

    def scope(self, table, alias=None):
        prefix = f'{alias}.' if alias else ''
        return [(prefix + name, kind) for name, kind in COLUMNS[table].items()]

    def select(self):
        scope = self.scope('t')
        count = self.random.randint(1, 2)
        depth = self.one([1, 1, 2, 2, 3])
        items = [self.expression(self.one(TYPES + ['number', 'string']), scope, depth) for _ in range(count)]
        return Statement(f'SELECT id, {self.typed(items)} FROM t ORDER BY id', ordered=True, kind='select')

    def where(self):
        scope = self.scope('t')
        condition = self.expression('boolean', scope, self.one([1, 2, 2, 3]))
        if self.chance(0.3):
            return Statement(f'SELECT id FROM t WHERE {condition} ORDER BY id', ordered=True, lazy=any(part in condition for part in (' AND ', ' NOT IN ', ') = (', ') <> (')), kind='where')
        column, kind = self.one(scope)
        if kind == 'json':
            column, kind = 'k', 'jsonb'
        key = self.expression(kind, scope, 1) if self.chance(0.5) else column
        direction = self.one(['', ' DESC', ' ASC NULLS FIRST', ' DESC NULLS LAST'])
        tail = self.one(['', '', ' LIMIT 3', ' LIMIT 2 OFFSET 1', ' OFFSET 4', ' FETCH FIRST 2 ROWS ONLY'])
        return Statement(f'SELECT id, {column} FROM t WHERE {condition} ORDER BY {key}{direction}, id{tail}', ordered=True, lazy=True, kind='where')

    def aggregate(self, scope, depth):
        makers = [
            lambda: 'count(*)',
            lambda: f'count({self.expression("any", scope, depth)})',
            lambda: f'count(DISTINCT {self.expression("ordered", scope, depth)})',
            lambda: f'{self.one(["sum", "avg"])}({self.distinct()}{self.expression(self.one([*NUMBERS, "interval"]), scope, depth)})',
            lambda: f'{self.one(["min", "max"])}({self.distinct()}{self.expression(self.one(NUMBERS + STRINGS + DATETIMES), scope, depth)})',
            lambda: f'{self.one(["bool_and", "bool_or", "every"])}({self.expression("boolean", scope, depth)})',
            lambda: f'length(string_agg({self.expression("text", scope, depth)}, {self.expression("text", [], 0)}))',
            lambda: self.ordered_text(scope, depth),
        ]
        text = self.one(makers)()
        if self.chance(0.2) and not text.startswith('length('):
            text += f' FILTER (WHERE {self.expression("boolean", scope, 1)})'
        return text

    def ordered_text(self, scope, depth):
        """string_agg in an order that leaves nothing open."""
        text, order = self.expression('text', scope, depth), self.one(['', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST'])
        if self.chance(0.4):
            return f"string_agg(DISTINCT {text}, '-')"
        if self.chance(0.5):
            return f"string_agg({self.distinct()}{text}, '-' ORDER BY {text}{order})"
        key = self.expression(self.one(['number', 'text', 'json', 'date', 'boolean']), scope, depth)
        return f"string_agg({self.distinct()}{text}, '-' ORDER BY {key}{order}, {text})"

    def distinct(self):
        return 'DISTINCT ' if self.chance(0.2) else ''

    def grouped(self):
        table = self.one(['t', 'g', 'g', 'mw', 'vw'])
        scope = self.scope(table)
        if self.chance(0.15):
            return Statement(f'SELECT count(*) FROM {table}', kind='grouped')
        kind = self.one(['integer', 'number', 'string', 'boolean', 'jsonb', 'date'])
        key = self.expression(kind, scope, self.one([0, 1, 1, 2]))
        aggregates = ', '.join(self.aggregate(scope, self.one([0, 0, 1])) for _ in range(self.random.randint(1, 2)))
        where = f' WHERE {self.expression("boolean", scope, 1)}' if self.chance(0.2) else ''
        if self.chance(0.3):
            return Statement(f'SELECT {aggregates} FROM {table}{where}', loose=True, lazy=True, kind='grouped')
        if self.chance(0.12):
            return self.grouped_star()
        having = f' HAVING {self.one(["count(*) > 1", "min(1) = 1", "count(*) < 3"])}' if self.chance(0.2) else ''
        form = self.random.random()
        if form < 0.15:
            return Statement(f'SELECT DISTINCT {key} FROM {table}{where}', loose=True, lazy=True, kind='grouped')
        if form < 0.3:
            return Statement(f'SELECT (SELECT {self.one(["max(p)", "count(*)", "min(z)"])} FROM g), {aggregates} FROM {table}{where} GROUP BY 1{having}',
                             loose=True, lazy=True, kind='grouped')
        by = self.one(['1', key]) if not key.lstrip('(').lstrip('-')[:1].isdigit() and not key.startswith(("'", 'NULL')) else '1'
        return Statement(f'SELECT {key} AS grp, {aggregates} FROM {table}{where} GROUP BY {by}{having}', loose=True, lazy=True, kind='grouped')

    def grouped_star(self):
        """Positions in GROUP BY count the columns of a `*`."""
        table = self.one(['g', 'mw', 'vw'])
        names = list(COLUMNS[table])
        star = self.one(['*', f'{table}.*'])
        items = self.one([[star], ['1', star], [star, f'{table}.{names[0]}'], [names[0], star, names[1]]])
        width = len(items) - 1 + len(names)
        positions = [str(i) for i in range(1, width + 1)]
        if self.chance(0.3):
            positions = self.random.sample(positions, self.random.randint(1, len(positions)))  # Maybe a column is left out.
        if self.chance(0.1):
            positions[0] = self.one(['0', str(width + 1), '99', '-1'])
        return Statement(f'SELECT {", ".join(items)}, {self.aggregate(self.scope(table), 1)} FROM {table} GROUP BY {", ".join(positions)}', loose=True, lazy=True, kind='grouped')

    def joined(self):
        left, right = self.scope('t', 'l'), self.scope('g', 'r')
        kind = self.one(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN', 'INNER JOIN', 'LEFT OUTER JOIN'])
        pair = self.one([('l.a', 'r.p'), ('l.id', 'r.q'), ('l.x', 'r.z'), ('l.c', 'r.e'), ('l.n', 'r.h'), ('l.k', 'r.l'), ('l.d', 'r.i'), ('l.m', 'r.h'),
                         ('l.id', 'r.p'), ('l.f', 'r.h'), ('l.b', 'r.p'), ('l.s', 'r.h'), ('l.v', 'r.z'), ('l.c', 'r.z'), ('l.x', 'r.e')])
        op = '=' if self.chance(0.8) else self.one(['<', '>=', '<>'])
        condition = f'{pair[0]} {op} {pair[1]}'
        if self.chance(0.2):
            condition += f' AND {self.expression("boolean", left + right, 1)}'
        if self.chance(0.1):
            condition = self.expression('boolean', left + right, 1)
        tables = f't l {kind} g r ON {condition}'
        if self.chance(0.1):
            tables = 't l CROSS JOIN g r'
        if self.chance(0.1):
            tables = f't l, g r'
            return Statement(f'SELECT l.id, r.p, r.z, r.h FROM {tables} WHERE {condition}', lazy=True, kind='joined')
        item = self.expression(self.one(TYPES), left + right, 1)
        return Statement(f'SELECT l.id, r.p, r.z, r.h, {item} FROM {tables}', lazy=True, kind='joined')

    def set_operation(self):
        op = self.one(['UNION', 'UNION ALL', 'INTERSECT', 'EXCEPT', 'INTERSECT ALL', 'EXCEPT ALL'])
        kind = self.one(['integer', 'number', 'string', 'jsonb', 'day', 'boolean'])
        left = self.expression(kind, self.scope('t'), 1)
        right = self.expression(kind, self.scope('g'), 1)
        if self.chance(0.15):
            right = self.one(UNKNOWN.get(kind, ["'5'", 'NULL']) + ['NULL'])
        text = f'SELECT {left} FROM t {op} SELECT {right} FROM g'
        if self.chance(0.4):
            text = f'SELECT u.c1, pg_typeof(u.c1) FROM ({text}) u (c1)'
        return Statement(text, loose=True, lazy=True, kind='set')

    def subqueries(self):
        scope, inner = self.scope('t'), self.scope('g')
        inner_named = [(f'g.{name}', kind) for name, kind in inner] + [(f't.{name}', kind) for name, kind in scope]
        kind = self.one(['integer', 'numeric', 'text', 'jsonb', 'date', 'char'])
        condition = self.expression('boolean', inner_named, 1)
        forms = [
            lambda: f'EXISTS (SELECT 1 FROM g WHERE {condition})',
            lambda: f'{self.expression(kind, scope, 1)} {self.one(["IN", "NOT IN"])} (SELECT {self.expression(kind, inner, 1)} FROM g)',
            lambda: f'{self.expression(kind, scope, 1)} = ANY (SELECT {self.expression(kind, inner, 0)} FROM g WHERE {condition})',
            lambda: f'{self.expression(kind, scope, 1)} <> ALL (SELECT {self.expression(kind, inner, 0)} FROM g)',
            lambda: f'(SELECT {self.one(["max", "min", "count"])}({self.one(["g.p", "g.h", "g.z", "g.i"])}) FROM g WHERE {condition})',
        ]
        item = self.one(forms)()
        if self.chance(0.5) or item.startswith('(SELECT'):
            return Statement(f'SELECT id, {item} FROM t ORDER BY id', ordered=True, lazy=True, loose=True, kind='subquery')
        return Statement(f'SELECT id FROM t WHERE {item} ORDER BY id', ordered=True, lazy=True, kind='subquery')

    def values(self):
        kind = self.one(['integer', 'number', 'number', 'string', 'day', 'jsonb', 'boolean'])
        parts = []
        for _ in range(self.random.randint(2, 3)):
            known = kind if kind not in FAMILIES else self.one(FAMILIES[kind])
            parts.append(self.one(UNKNOWN[known]) if known in UNKNOWN and self.chance(0.2) else self.expression(kind, [], self.one([0, 1])))
        text = ', '.join(f'({part})' for part in parts)
        if self.chance(0.5):
            return Statement(f'SELECT c1, pg_typeof(c1) FROM (VALUES {text}) q (c1)', kind='values')
        return Statement(f'VALUES {text}', kind='values')

    def clauses(self):
        scope = self.scope('t')
        e = self.expression(self.one(['integer', 'text', 'numeric']), scope, 1)
        condition = self.expression('boolean', scope, 1)
        forms = [
            lambda: (f'WITH q AS (SELECT id, {e} AS e FROM t) SELECT q.id, q.e FROM q JOIN t USING (id) ORDER BY 1', True),
            lambda: (f'SELECT DISTINCT ON (o) o, id, {e} FROM t ORDER BY o, id', True),
            lambda: (f'SELECT q.id, q.e FROM (SELECT id, {e} AS e FROM t) AS q (id, e) ORDER BY q.id DESC LIMIT 4', True),
            lambda: (f'SELECT i, {self.expression("integer", [("i", "integer")], 1)} FROM generate_series({self.one([1, -2, 3])}, 6, {self.one([1, 2, 3])}) i', False),
            lambda: ('TABLE g', False),
            lambda: (f'SELECT * FROM t NATURAL JOIN vw WHERE {condition}', False),
            lambda: (f'SELECT id AS {self.one(["year", "month", "day", "hour", "value", "name", "type", "text", "key"])}, 1 {self.one(["year_", "value", "name", "type", "key", "text", "zone", "action", "first"])} FROM t', False),
            lambda: (f'SELECT count(*) FROM vw WHERE {self.expression("boolean", self.scope("vw"), 1)}', False),
            lambda: (f'SELECT id FROM mw WHERE {self.expression("boolean", self.scope("mw"), 1)}', False),
            lambda: (f'SELECT id, {e} AS e FROM t ORDER BY e DESC NULLS LAST, id', True),
            lambda: (f'SELECT max(e), min(e) FROM (SELECT {e} AS e FROM t WHERE {condition}) q', False),
        ]
        text, ordered = self.one(forms)()
        return Statement(text, ordered=ordered, lazy=True, loose=True, kind='clauses')

    def write(self):
        """A write, what it left, and back again. Assignment casts apply."""
        columns = self.random.sample(list(TARGET), self.random.randint(1, 3))
        scope = self.scope('t')

        def value(column):  # Over `scope` when there is a `source`.
            kind = TARGET[column]
            if kind in NUMBERS:
                kind = 'number'
            elif kind in STRINGS:
                kind = self.one(['string', 'any'])
            return self.expression(kind, scope if source else [], 1)

        form = self.random.random()
        source = form < 0.4
        names = ', '.join(columns)
        values = ', '.join(value(column) for column in columns)
        if source:
            text = f'INSERT INTO w ({names}) SELECT {values} FROM t'
        elif form < 0.7:
            text = f'INSERT INTO w ({names}) VALUES ({values})'
        elif form < 0.85:
            source, scope = True, self.scope('t', 't')
            text = f'UPDATE w SET {columns[0]} = {value(columns[0])} FROM t WHERE t.id = {self.random.randint(1, 10)}'
        else:
            text = f'UPDATE w SET {columns[0]} = {value(columns[0])}'
        return Statement(text, lazy=True, kind='write')


# ---- The matrix ----

UNARY = ['-', '+', '~', '@', '|/', '||/', 'NOT']
BINARY = ['+', '-', '*', '/', '%', '^', '&', '|', '#', '<<', '>>', '=', '<>', '<', '<=', '>', '>=', '||', '~~', '~~*', '^@', '->', '->>', '?',
          'IS DISTINCT FROM', 'AND', 'OR']
# One value of each type that almost everything takes, and literals of no type.
SAMPLES = {'smallint': '2::smallint', 'integer': '2', 'bigint': '2::bigint', 'numeric': '2.0', 'double precision': '2::float8', 'real': '2::real', 'text': "'2'::text",
           'varchar': "'2'::varchar", 'char': "'2'::char(3)", 'boolean': 'true', 'bytea': "'\\x32'::bytea", 'uuid': "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
           'json': "'[2]'::json", 'jsonb': "'[2]'::jsonb", 'date': "date '2024-02-29'", 'time': "time '12:34:56'", 'timestamp': "timestamp '2024-02-29 12:34:56'",
           'timestamptz': "timestamptz '2024-02-29 12:34:56+00'", 'interval': "interval '2 days'", 'unknown': "'2'", 'null': 'NULL'}
FUNCTIONS = {
    0: ['pi'],
    1: ['abs', 'ceil', 'ceiling', 'floor', 'round', 'trunc', 'sign', 'sqrt', 'cbrt', 'exp', 'ln', 'log', 'log10', 'degrees', 'radians', 'sin', 'cos', 'tan', 'cot', 'asin',
        'acos', 'atan', 'sinh', 'cosh', 'tanh', 'length', 'char_length', 'character_length', 'octet_length', 'bit_length', 'lower', 'upper', 'initcap', 'reverse', 'trim',
        'btrim', 'ltrim', 'rtrim', 'ascii', 'chr', 'to_hex', 'quote_ident', 'quote_literal', 'quote_nullable', 'concat', 'isfinite', 'to_timestamp', 'json_typeof',
        'jsonb_typeof', 'json_array_length', 'jsonb_array_length', 'coalesce', 'greatest', 'least', 'count', 'sum', 'avg', 'min', 'max', 'bool_and', 'bool_or',
        'every', 'justify_days', 'justify_hours', 'justify_interval', 'make_interval', 'age'],
    2: ['power', 'pow', 'log', 'round', 'trunc', 'atan2', 'gcd', 'lcm', 'div', 'mod', 'left', 'right', 'substr', 'substring', 'strpos', 'starts_with', 'btrim', 'ltrim', 'rtrim',
        'lpad', 'rpad', 'repeat', 'concat', 'concat_ws', 'date_part', 'date_trunc', 'coalesce', 'greatest', 'least', 'nullif', 'string_agg', 'position', 'extract', 'age', 'make_interval'],
}


# Words that PostgreSQL takes as labels without AS and Rowan does not: refused, not misread.
LABELS_REFUSED = set('do in is or and not full join left like cross ilike inner outer right binary freeze between collate natural similar verbose operator '
                     'variadic collation symmetric asymmetric deferrable tablesample concurrently authorization current_schema'.split())


def needs_missing_type(name, a, b):
    """What PostgreSQL answers by operators on jsonb and bytea that docs/sql.md does not list."""
    untyped = ('unknown', 'null')
    if name == '-':
        return a == 'jsonb' or (a in untyped and b in STRINGS)
    return name in ('~~', 'btrim', 'ltrim', 'rtrim') and 'bytea' in (a, b)


def matrix():
    """Every function and operator on every combination of types; every word as a label."""
    kinds = list(SAMPLES)

    def one(text):
        return Statement(f'SELECT {text}, pg_typeof({text})', kind='matrix')

    for op in UNARY:
        for a in kinds:
            yield one(f'({op} {SAMPLES[a]})')
    for op in BINARY:
        for a in kinds:
            for b in kinds:
                if not needs_missing_type(op, a, b):
                    yield one(f'({SAMPLES[a]} {op} {SAMPLES[b]})')
    for name in FUNCTIONS[1]:
        for a in kinds:
            if name != 'age':  # Of today.
                yield one(f'{name}({SAMPLES[a]})')
    for name in FUNCTIONS[2]:
        for a in kinds:
            for b in kinds:
                if needs_missing_type(name, a, b):
                    continue
                if name == 'position':
                    yield one(f'position({SAMPLES[a]} IN {SAMPLES[b]})')
                elif name == 'extract':
                    if a == 'text':
                        for field in TEXT_FIELDS:
                            yield one(f'extract({field} FROM {SAMPLES[b]})')
                elif name in ('date_part', 'date_trunc'):
                    if a in ('text', 'unknown'):
                        for field in TEXT_FIELDS:
                            yield one(f"{name}('{field}'{'::text' if a == 'text' else ''}, {SAMPLES[b]})")
                else:
                    yield one(f'{name}({SAMPLES[a]}, {SAMPLES[b]})')
    for a in kinds:
        for b in kinds:
            yield one(f'CASE WHEN true THEN {SAMPLES[a]} ELSE {SAMPLES[b]} END')
            yield one(f'({SAMPLES[a]} IN ({SAMPLES[b]}, {SAMPLES[a]}))')
            yield one(f'({SAMPLES[a]} IN (SELECT {SAMPLES[b]}))')
            yield one(f'({SAMPLES[a]} BETWEEN {SAMPLES[b]} AND {SAMPLES[a]})')
            yield Statement(f'SELECT c1, pg_typeof(c1) FROM (SELECT {SAMPLES[a]} UNION ALL SELECT {SAMPLES[b]}) q (c1)', kind='matrix')
            yield Statement(f'SELECT c1, pg_typeof(c1) FROM (VALUES ({SAMPLES[a]}), ({SAMPLES[b]})) q (c1)', kind='matrix')
    for a in kinds:
        for text in (f'SELECT DISTINCT {SAMPLES[a]} AS c', f'SELECT c FROM (SELECT {SAMPLES[a]} AS c) q GROUP BY c', f'SELECT {SAMPLES[a]} AS c ORDER BY c',
                     f'SELECT DISTINCT ON (c) c FROM (SELECT {SAMPLES[a]} AS c) q', f'SELECT {SAMPLES[a]} UNION SELECT {SAMPLES[a]}',
                     f'SELECT {SAMPLES[a]} EXCEPT ALL SELECT {SAMPLES[a]}', f'SELECT count(DISTINCT {SAMPLES[a]})',
                     f"SELECT string_agg('x', ',' ORDER BY {SAMPLES[a]})"):
            yield Statement(text, kind='matrix')
        for b in TYPES:
            yield one(f'({SAMPLES[a]})::{b}')
        for column in TARGET:
            yield Statement(f'INSERT INTO w ({column}) VALUES ({SAMPLES[a]})', kind='write')
    for word in KEYWORDS:
        if word not in LABELS_REFUSED:
            yield Statement(f'SELECT 1 {word}', kind='matrix')
        yield Statement(f'SELECT 1 AS {word}', kind='matrix')


KEYWORDS = '''
abort absolute access action add admin after aggregate all also alter always analyse analyze and any array as asc asensitive assertion
assignment asymmetric at atomic attach attribute authorization backward before begin between bigint binary bit boolean both breadth by cache
call called cascade cascaded case cast catalog chain char character characteristics check checkpoint class close cluster coalesce collate
collation column columns comment comments commit committed compression concurrently configuration conflict connection constraint constraints
content continue conversion copy cost create cross csv cube current current_catalog current_date current_role current_schema current_time
current_timestamp current_user cursor cycle data database day deallocate dec decimal declare default defaults deferrable deferred definer
delete delimiter delimiters depends depth desc detach dictionary disable discard distinct do document domain double drop each else enable
encoding encrypted end enum escape event except exclude excluding exclusive execute exists explain expression extension external extract
false family fetch filter finalize first float following for force foreign forward freeze from full function functions generated global
grant granted greatest group grouping groups handler having header hold hour identity if ilike immediate immutable implicit import in
include including increment index indexes inherit inherits initially inline inner inout input insensitive insert instead int integer
intersect interval into invoker is isnull isolation join key label language large last lateral leading leakproof least left level like limit
listen load local localtime localtimestamp location lock locked logged mapping match matched materialized maxvalue merge method minute
minvalue mode month move name names national natural nchar new next nfc nfd nfkc nfkd no none normalize normalized not nothing notify
notnull nowait null nullif nulls numeric object of off offset oids old on only operator option options or order ordinality others out outer
over overlaps overlay overriding owned owner parallel parameter parser partial partition passing password placing plans policy position
preceding precision prepare prepared preserve primary prior privileges procedural procedure procedures program publication quote range read
real reassign recheck recursive ref references referencing refresh reindex relative release rename repeatable replace replica reset restart
restrict return returning returns revoke right role rollback rollup routine routines row rows rule savepoint schema schemas scroll search
second security select sequence sequences serializable server session session_user set setof sets share show similar simple skip smallint
snapshot some sql stable standalone start statement statistics stdin stdout storage stored strict strip subscription substring support
symmetric sysid system table tables tablesample tablespace temp template temporary text then ties time timestamp to trailing transaction
transform treat trigger trim true truncate trusted type types uescape unbounded uncommitted unencrypted union unique unknown unlisten
unlogged until update user using vacuum valid validate validator value values varchar variadic varying verbose version view views volatile
when where whitespace window with within without work wrapper write xml xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces
xmlparse xmlpi xmlroot xmlserialize xmltable year yes zone
'''.split()
