"""Reads a repository by docs/format.md alone: every line of every table gives its key, and the keys and lines give the ids of all trees
again. Shares no code with src/; what it takes from tests/format is the page's rules in Python."""

import datetime
import decimal
import hashlib
import json
import re
import subprocess
import uuid

from rowan_format import Rules, format_text, is_name, is_passive, key_of


class Wrong(Exception):
    pass


class UnknownFeature(Exception):
    pass


KNOWN_FEATURES = frozenset({"arrays", "interval", "time-digits"})


def features_in(text):
    """The features that rowan.json names, in its one spelling."""
    content = json.loads(text)
    features = content.get("features", [])
    unknown = sorted(set(features) - KNOWN_FEATURES)
    if content["format"] > 2 or unknown:
        raise UnknownFeature(", ".join(unknown) or f"format {content['format']}")
    if format_text(features) != text:
        raise Wrong(f"rowan.json has another spelling: {text!r}")
    return features


# ---- Definitions ----------------------------------------------------------------------------------------------------

NAME = r'(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_]*)'
COLUMN = re.compile(rf"  ({NAME}) (.*?)(?= NOT NULL| GENERATED| DEFAULT| MERGE RULE| SLOT).*? SLOT (\d+) ID [0-9a-f]{{8}}(?: ABSENT .*)?$")


def plain(name):
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


class Definition:
    """What the lines of a table.sql or matview.sql say of rows."""

    def __init__(self, text):
        self.slots, self.key, self.constraints = {}, [], []
        for line in text.split("\n")[1:]:
            line = line.removesuffix(",")
            column = COLUMN.match(line)
            if column:
                self.slots[int(column[3])] = (plain(column[1]), column[2])
            elif line.startswith("  PRIMARY KEY ("):
                self.key = [plain(name) for name in re.findall(NAME, line[len("  PRIMARY KEY ("):])]
            elif re.match(r"  DROPPED SLOT \d+ ID [0-9a-f]{8}$", line):
                self.slots[int(line.split()[2])] = (None, None)
        if sorted(self.slots) != list(range(len(self.slots))):
            raise Wrong("slots are not 0 … n-1: " + text)

    def key_of_line(self, line):
        if not self.key:
            count, _, rest = line[1:-1].partition(",")
            if int(count) < 1:
                raise Wrong("no count: " + line)
            return hashlib.sha256(("[" + rest + "]").encode()).hexdigest()[:32]
        values = json.loads(line, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
        slot_of = {name: slot for slot, (name, _) in self.slots.items()}
        return "".join(key_of(self.slots[slot_of[name]][1], value_of(self.slots[slot_of[name]][1], values[slot_of[name]]))
                       for name in self.key)


def value_of(sql_type, element):
    base = sql_type.split("(")[0]
    if base in ("smallint", "integer", "bigint"):
        return int(element)
    if base == "numeric":
        return decimal.Decimal(element)
    if base in ("real", "double precision"):
        return float(element)
    if base == "uuid":
        return uuid.UUID(element)
    if base == "bytea":
        return bytes.fromhex(element[2:])
    if base == "date":
        return datetime.date.fromisoformat(element)
    if base.startswith("timestamp"):
        return datetime.datetime.fromisoformat(element.removesuffix("+00"))
    return element


# ---- A commit's tree ------------------------------------------------------------------------------------------------

class Repository:
    def __init__(self, folder, rules: Rules):
        self.folder, self.rules = folder, rules

    def git(self, *words):
        return subprocess.run(["git", "--git-dir", self.folder, *words], check=True, stdout=subprocess.PIPE).stdout

    def entries(self, tree):
        """(mode, kind, id, name) of one folder."""
        out = []
        for line in self.git("ls-tree", "-z", tree).decode().split("\0")[:-1]:
            facts, name = line.split("\t")
            out.append((*facts.split(), name))
        return out

    def text(self, id):
        return self.git("cat-file", "blob", id).decode()

    def check(self, revision):
        """Proves the tree of a revision; gives the number of its rows."""
        rows, named = 0, False
        for mode, kind, id, name in self.entries(revision + "^{tree}"):
            if name == "rowan.json":
                features_in(self.text(id))
                named = True
            elif kind == "tree" and is_name(name):
                rows += self.check_schema(name, id)
            elif not is_passive(name + ("/x" if kind == "tree" else "")):
                raise Wrong("a file that belongs nowhere: " + name)
        if not named:
            raise Wrong("no rowan.json")
        return rows

    def check_schema(self, schema, tree):
        rows, has_definition = 0, False
        for mode, kind, id, name in self.entries(tree):
            if kind == "tree":
                rows += self.check_object(f"{schema}/{name}", id)
            elif name == "schema.sql":
                has_definition = self.text(id).startswith("CREATE SCHEMA ")
            elif name != "README.md":
                raise Wrong("a file that belongs nowhere: " + name)
        if not has_definition:
            raise Wrong(schema + " has no schema.sql")
        return rows

    def check_object(self, path, tree):
        parts = {name: id for _, _, id, name in self.entries(tree)}
        parts.pop("README.md", None)
        if set(parts) in ({"view.sql"}, {"sequence.json"}):
            return 0
        definition = Definition(self.text(parts.get("table.sql") or parts["matview.sql"]))
        pairs, large = [], {}
        for line in self.lines(parts["rows"]) if "rows" in parts else []:
            pairs.append((definition.key_of_line(line), line))
            self.add_large(pairs[-1], large)
        if [key for key, _ in pairs] != sorted({key for key, _ in pairs}):
            raise Wrong(path + ": rows are not in the order of their keys, or a key stands twice")
        self.expect(path + "/rows", pairs and self.rules.row_tree(pairs), parts.get("rows"))
        self.expect(path + "/large", large and self.rules.large_tree(large), parts.get("large"))
        return len(pairs)

    def add_large(self, pair, large):
        key, line = pair
        for slot, element in enumerate(json.loads(line)):
            if isinstance(element, dict):
                if len(self.git("cat-file", "blob", element["large"])) != element["bytes"]:
                    raise Wrong("a value out of line has another size than its row says")
                large[hashlib.sha256(key.encode()).hexdigest()[:32] + "-%d" % slot] = element["large"]

    def lines(self, tree):
        for _, kind, id, _ in self.entries(tree):
            if kind == "tree":
                yield from self.lines(id)
            else:
                yield from self.text(id).split("\n")[:-1]

    def expect(self, what, made, found):
        if (made or None) != found:
            raise Wrong(f"{what}: the page gives {made}, found {found}")
