"""Random input for COPY FROM: csv and text, with the bytes that decide where fields and records end."""

import os
import random

TEXT_PIECES = ['a', 'b', ' ', '\\t', '\t', '\\\\', '\\N', '\\n', '\\x41', '\\x4', '\\x', '\\xg', '\\101', '\\7', '\\0101', '\\a', '\\v', '1', 'ä', '"', ',', '\r', '\\b', '.', '\\.', '\\.\n', '\\\n', '\\xff', '\\xc3\\xa4']
CSV_PIECES = ['a', 'b', ' ', ',', ',', '"', '"', '""', '\t', '\\', '\\N', 'ä', '1', '\r', '\n', '.', "'", '\\.', '\\.\n']


class Copy:
    """The data lies in a file, since what reads statements may not hand every byte on."""
    kind = 'copy'
    ordered = False
    loose = False
    lazy = False

    def __init__(self, options, data, path):
        self.options, self.path = options, path
        self.text = f'COPY cp FROM … {options}: {data!r}'
        with open(path, 'wb') as file:
            file.write(data.encode())
        os.chmod(path, 0o644)

    def script(self):
        return ('BEGIN;\nCREATE TABLE cp (a text, b text);\n'
                f"COPY cp FROM '{self.path}' {self.options};\n"
                "COPY (SELECT a, a IS NULL, b, b IS NULL FROM cp) TO STDOUT;\nROLLBACK;")


class Generator:
    def __init__(self, seed, folder):
        self.random = random.Random(seed)
        self.folder = folder
        self.files = 0

    def statement(self):
        csv = self.random.random() < 0.5
        options = '(FORMAT csv)' if csv else '(FORMAT text)'
        if csv and self.random.random() < 0.3:
            options = self.random.choice(["(FORMAT csv, NULL 'b')", "(FORMAT csv, QUOTE '''')", "(FORMAT csv, ESCAPE '\\')", "(FORMAT csv, DELIMITER '\t')",
                                          '(FORMAT csv, HEADER)'])
        elif not csv and self.random.random() < 0.3:
            options = self.random.choice(["(DELIMITER ',')", "(NULL 'a')", "(NULL '')"])
        pieces = CSV_PIECES if csv else TEXT_PIECES
        between = ',' if csv or "DELIMITER ','" in options else '\t'
        if "DELIMITER '\t'" in options:
            between = '\t'
        lines = []
        for _ in range(self.random.randint(1, 3)):
            lines.append(between.join(''.join(self.random.choice(pieces) for _ in range(self.random.randint(0, 3))) for _ in range(2)))
        end = self.random.choice(['\n', '\n', '\n', '\r\n', '\r'])
        data = end.join(lines) + (end if self.random.random() < 0.8 else '')
        self.files += 1
        return Copy(options, data, os.path.join(self.folder, f'data{self.files}'))
