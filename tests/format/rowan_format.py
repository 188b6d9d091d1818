"""The format as docs/format.md describes it, in Python's standard library alone. Shares no code with src/, and takes the table of thresholds from the page."""

import datetime
import decimal
import hashlib
import json
import math
import re
import struct
import uuid

MASK = (1 << 64) - 1
EPOCH = datetime.datetime(2000, 1, 1)


# ---- Git objects ----------------------------------------------------------------------------------------------------

def oid(kind, content):
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest()


def blob(content):
    return oid("blob", content if isinstance(content, bytes) else content.encode())


def tree(entries):
    """Entries are (mode, name, id); Git sorts as if the names of folders ended in a slash."""
    ordered = sorted(entries, key=lambda e: (e[1] + ("/" if e[0] == "40000" else "")).encode())
    return oid("tree", b"".join(f"{mode} {name}".encode() + b"\0" + bytes.fromhex(id) for mode, name, id in ordered))


# ---- Keys -----------------------------------------------------------------------------------------------------------

def escaped(data):
    out = ""
    for byte in data:
        if chr(byte) in "0123456789abcdefghijklmnopqrstuvwxyz":
            out += chr(byte)
        else:
            out += ("-" if byte < 0x30 else "_" if byte < 0x61 else "~") + "%02x" % byte
    return out


def complement(digits):
    return "".join(str(9 - int(d)) for d in digits)


def int_key(value):
    digits = str(abs(value))
    if value >= 0:
        return chr(ord("a") + len(digits) - 1) + digits
    return "1" + chr(ord("z") - len(digits)) + complement(digits)


def numeric_key(value):
    if value.is_nan():
        return "n9"
    if value.is_infinite():
        return "n8" if value > 0 else "n1"
    if value == 0:
        return "n5"
    digits = "".join(map(str, value.as_tuple().digits))
    exponent = len(digits) + value.as_tuple().exponent      # 0.d1d2… * 10^exponent
    digits = digits.rstrip("0")
    if value > 0:
        return "n6" + int_key(exponent) + digits + "+"
    return "n4" + int_key(-exponent) + complement(digits) + "~"


def float_key(value):
    bits = struct.unpack(">Q", struct.pack(">d", 0.0 if value == 0 else value))[0]
    if math.isnan(value):
        bits = 0x7FF8000000000000
    bits = ~bits & MASK if bits >> 63 else bits | 1 << 63
    return "f%016x" % bits


def micros(delta):
    return delta // datetime.timedelta(microseconds=1)


def interval_micros(value):
    months, days, time = value
    return (months * 30 + days) * 86_400_000_000 + time


def key_of(sql_type, value):
    base = re.sub(r"\(.*?\)", "", sql_type)
    if base == "interval":
        return "i" + int_key(interval_micros(value))
    if base in ("smallint", "integer", "bigint"):
        return int_key(value)
    if base in ("text", "character varying", "character"):
        return "t" + escaped((value.rstrip(" ") if base == "character" else value).encode()) + "+"
    if base == "boolean":
        return "b1" if value else "b0"
    if base == "bytea":
        return "x" + value.hex() + "+"
    if base == "uuid":
        return "u" + value.hex
    if base == "date":
        return "d" + int_key((value - EPOCH.date()).days)
    if base == "time without time zone":
        return "h" + int_key(micros(datetime.datetime.combine(EPOCH, value) - EPOCH))
    if base in ("timestamp without time zone", "timestamp with time zone"):
        return "w" + int_key(micros(value - EPOCH))
    if base in ("real", "double precision"):
        return float_key(value)
    if base == "numeric":
        return numeric_key(value)
    raise ValueError("no key of type " + sql_type)


# ---- Lines ----------------------------------------------------------------------------------------------------------

SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def json_string(text):
    return '"' + "".join(SHORT.get(c) or ("\\u%04x" % ord(c) if c < " " else c) for c in text) + '"'


def float_text(value, single):
    """The shortest digits that read back; scientific outside 10^-4 … 10^15 (10^6 for real)."""
    for precision in range(1, 18):
        text = "%.*e" % (precision - 1, value)
        again = struct.unpack(">f", struct.pack(">f", float(text)))[0] if single else float(text)
        if again == value:
            break
    mantissa, exponent = text.split("e")
    exponent = int(exponent)
    if value != 0 and not -4 <= exponent < (6 if single else 15):
        return mantissa + "e%+03d" % exponent
    return format(decimal.Decimal(text), "f")


def fraction(time):
    return (".%06d" % time.microsecond).rstrip("0") if time.microsecond else ""


def jsonb_text(value, blank=""):
    if isinstance(value, dict):
        keys = sorted(value, key=lambda k: (len(k.encode()), k.encode()))
        return "{" + ("," + blank).join(json_string(k) + ":" + blank + jsonb_text(value[k], blank) for k in keys) + "}"
    if isinstance(value, list):
        return "[" + ("," + blank).join(jsonb_text(item, blank) for item in value) + "]"
    return json_string(value) if isinstance(value, str) else json.dumps(value)


def toward_zero(value, unit):
    """Quotient and remainder, both with the value's sign."""
    sign = -1 if value < 0 else 1
    return sign * (abs(value) // unit), sign * (abs(value) % unit)


def interval_text(value):
    """ISO 8601 of (months, days, microseconds)."""
    months, days, time = value
    years, months = toward_zero(months, 12)
    text = "".join(f"{n}{unit}" for n, unit in ((years, "Y"), (months, "M"), (days, "D")) if n)
    if time:
        hours, rest = toward_zero(time, 3_600_000_000)
        minutes, rest = toward_zero(rest, 60_000_000)
        text += "T" + "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M")) if n)
        if rest:
            text += ("-" if rest < 0 else "") + str(abs(rest) // 1_000_000)
            text += (".%06d" % (abs(rest) % 1_000_000)).rstrip("0").rstrip(".") + "S"
    return "P" + (text or "T0S")


def element(sql_type, value):
    if value is None:
        return "null"
    if sql_type.split("(")[0] == "interval":
        return json_string(interval_text(value))
    if isinstance(value, Large):
        return '{"large":"%s","bytes":%d}' % (blob(value.content), len(value.content))
    base = re.sub(r"\(.*?\)", "", sql_type)
    if base == "boolean":
        return "true" if value else "false"
    if base in ("real", "double precision"):
        if not math.isfinite(value):
            return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'
        return float_text(value, base == "real")
    if base == "numeric":
        return format(value, "f") if value.is_finite() else json_string(str(value))
    if base == "bytea":
        return json_string("\\x" + value.hex())
    if base == "jsonb":
        return "[" + jsonb_text(value) + "]"
    if base == "timestamp with time zone":
        return json_string(value.strftime("%Y-%m-%d %H:%M:%S") + fraction(value) + "+00")
    if base == "timestamp without time zone":
        return json_string(value.strftime("%Y-%m-%d %H:%M:%S") + fraction(value))
    if base == "time without time zone":
        return json_string(value.strftime("%H:%M:%S") + fraction(value))
    if base in ("smallint", "integer", "bigint"):
        return str(value)
    return json_string(value.rstrip(" ") if base == "character" else str(value))


class Large:
    def __init__(self, content):
        self.content = content


def large_content(value):
    """What a blob holds: bytea raw, jsonb with a blank behind each colon and comma, all else the text itself."""
    if isinstance(value, bytes):
        return value
    return (jsonb_text(value, " ") if isinstance(value, dict) else value).encode()


# ---- Tables ---------------------------------------------------------------------------------------------------------

class Table:
    """Columns are (name, type); slots are their positions."""

    def __init__(self, name, columns, key):
        self.name, self.columns, self.key = name, columns, key

    def features(self):
        """The features of the format that its columns need."""
        types = [sql_type for _, sql_type in self.columns]
        named = {"arrays": lambda t: t.endswith("[]"), "interval": lambda t: t.startswith("interval"),
                 "time-digits": lambda t: re.match(r"time(stamp)?\(", t)}
        return {name for name, needs in named.items() if any(map(needs, types))}

    def sql(self):
        lines = []
        for slot, (name, sql_type) in enumerate(self.columns):
            id = hashlib.sha256(f"{slot}\0{name}\0{sql_type}".encode()).hexdigest()[:8]
            not_null = " NOT NULL" if name in self.key else ""
            lines.append(f"  {name} {sql_type}{not_null} SLOT {slot} ID {id}")
        if self.key:
            lines.append("  PRIMARY KEY (" + ", ".join(self.key) + ")")
        return f"CREATE TABLE public.{self.name} (\n" + ",\n".join(lines) + "\n);\n"

    def line(self, row):
        last = max((i + 1 for i, value in enumerate(row) if value is not None), default=0)
        return "[" + ",".join(element(t, v) for (_, t), v in zip(self.columns[:last], row)) + "]"

    def row_key(self, row):
        names = [name for name, _ in self.columns]
        return "".join(key_of(self.columns[names.index(k)][1], row[names.index(k)]) for k in self.key)

    def out_of_line(self, row):
        """The row with what must leave the line as Large, and the slots that did."""
        row, names = list(row), [name for name, _ in self.columns]
        free = [i for i, v in enumerate(row) if isinstance(v, (str, bytes, dict)) and names[i] not in self.key]
        slots = [i for i in free if len(large_content(row[i])) > 8192]
        for i in slots:
            row[i] = Large(large_content(row[i]))
        while len(self.line(row).encode()) > 16384:
            left = [(len(element(self.columns[i][1], row[i]).encode()), -i) for i in free if not isinstance(row[i], Large)]
            longest, slot = max(left, default=(0, 0))
            if longest <= 80:
                break
            row[-slot] = Large(large_content(row[-slot]))
            slots.append(-slot)
        return row, slots

    def lines(self, rows):
        """Sorted (key, line) pairs and the entries of the large tree."""
        pairs, large = [], {}
        if not self.key:
            counts = {}
            for row in rows:
                plain = self.line(row)
                counts[plain] = counts.get(plain, 0) + 1
            for plain, count in counts.items():
                key = hashlib.sha256(plain.encode()).hexdigest()[:32]
                pairs.append((key, "[%d" % count + ("" if plain == "[]" else ",") + plain[1:]))
        else:
            for row in rows:
                key = self.row_key(row)
                stored, slots = self.out_of_line(row)
                pairs.append((key, self.line(stored)))
                for slot in slots:
                    name = hashlib.sha256(key.encode()).hexdigest()[:32] + "-%d" % slot
                    large[name] = blob(stored[slot].content)
        return sorted(pairs), large

    def entry(self, rules, rows, files={}):
        """The table's folder as an entry of its schema's tree; `files` stand beside its definition."""
        pairs, large = self.lines(rows)
        entries = [("100644", "table.sql", blob(self.sql()))] + file_entries(files)
        if pairs:
            entries.append(("40000", "rows", rules.row_tree(pairs)))
        if large:
            entries.append(("40000", "large", rules.large_tree(large)))
        return ("40000", escaped(self.name.encode()), tree(entries))


def format_text(features=()):
    """rowan.json in its one spelling."""
    names = sorted(set(features), key=str.encode)
    return '{"format":2,"features":[' + ",".join(map(json_string, names)) + "]}\n" if names else '{"format":1}\n'


def root_tree(table_entries, files={}, schema_files={}, features=()):
    public = tree([("100644", "schema.sql", blob("CREATE SCHEMA public;\n"))] + table_entries + file_entries(schema_files))
    attributes = {".gitattributes": ("100644", "* -text\n*.jsonl diff=rowan merge=rowan\n")}
    return tree([("100644", "rowan.json", blob(format_text(features))), ("40000", "public", public)]
                + file_entries({**attributes, **files}))


# ---- Passive files --------------------------------------------------------------------------------------------------

def file_entries(files):
    """Entries of a folder that holds `files`: path to (mode, content)."""
    entries, folders = [], {}
    for path, (mode, content) in files.items():
        first, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(first, {})[rest] = (mode, content)
        else:
            entries.append((mode, first, blob(content)))
    return entries + [("40000", name, tree(file_entries(below))) for name, below in folders.items()]


def is_name(part):
    """Whether a folder's name is the one spelling of an SQL name."""
    plain, at = b"", 0
    while at < len(part):
        if part[at] in "-_~" and re.fullmatch("[0-9a-f]{2}", part[at + 1:at + 3]):
            plain += bytes.fromhex(part[at + 1:at + 3])
            at += 3
        else:
            plain += part[at].encode()
            at += 1
    return plain != b"" and escaped(plain) == part


def is_passive(path):
    """Whether a file at the path is people's, by the page: a root name that no schema can have, or README.md in the folder
    of a schema or an object."""
    parts = path.split("/")
    if not is_name(parts[0]):
        return parts[0].lower() != "rowan.json"
    return parts[-1] == "README.md" and (len(parts) == 2 or len(parts) == 3 and is_name(parts[1]))


# ---- The tree of rows -----------------------------------------------------------------------------------------------

def hash64(key, salt):
    h = 0xCBF29CE484222325 ^ (salt * 0x9E3779B97F4A7C15 & MASK)
    for byte in key.encode():
        h = (h ^ byte) * 0x100000001B3 & MASK
    h = (h ^ h >> 32) * 0xFF51AFD7ED558CCD & MASK
    h = (h ^ h >> 29) * 0xC4CEB9FE1A85EC53 & MASK
    return h ^ h >> 32


class Rules:
    """The boundary rule with the two tables of thresholds, read from the page itself."""

    def __init__(self, page):
        columns = re.findall(r"^\| (\d+) \| (\d+) \| (\d+) \|$", page, re.M)
        assert [int(s) for s, _, _ in columns] == list(range(16)), "docs/format.md: the table of thresholds"
        self.row_thresholds = [int(rows) for _, rows, _ in columns]
        self.entry_thresholds = [int(entries) for _, _, entries in columns]

    def chunks(self, items, thresholds, step, salt):
        """Items are (key, bytes); gives lists of (key, bytes)."""
        node, held, previous = [], 0, ""
        for key, data in items:
            cut = held > 0 and hash64(key, salt) >> 32 < thresholds[min(15, held // step)] * len(data)
            if cut and not (salt == 0 and previous[:200] == key[:200] and len(key) >= 200):
                yield node
                node, held = [], 0
            node.append((key, data))
            held += len(data)
            previous = key
        yield node

    def levels(self, entries, level, salt_base):
        """Entries are (key, suffix, mode, id) of the nodes of `level`, from left to right."""
        items = [(key, f"{mode} {key}{suffix}".encode() + b"\0" + bytes.fromhex(id)) for key, suffix, mode, id in entries]
        nodes = list(self.chunks(items, self.entry_thresholds, 280, salt_base + level))
        made = [(node[0][0], oid("tree", b"".join(data for _, data in node))) for node in nodes]
        if len(made) == 1:
            return made[0][1]
        named = [("0" if i == 0 else key, "", "40000", id) for i, (key, id) in enumerate(made)]
        return self.levels(named, level + 1, salt_base)

    def leaves(self, pairs):
        """Leaves as (name, content)."""
        items = [(key, line.encode() + b"\n") for key, line in pairs]
        nodes = self.chunks(items, self.row_thresholds, 512, 0)
        return [("0" if i == 0 else node[0][0][:200], b"".join(data for _, data in node)) for i, node in enumerate(nodes)]

    def row_tree(self, pairs):
        return self.levels([(name, ".jsonl", "100644", blob(content)) for name, content in self.leaves(pairs)], 1, 0)

    def large_tree(self, entries):
        return self.levels([(name, "", "100644", id) for name, id in sorted(entries.items())], 1, 64)
